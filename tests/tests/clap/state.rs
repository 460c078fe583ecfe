use hamiltone_tests::host::{Layout, Plugin, set_parameter};
use hamiltone_tests::state::State;
use serde_json::json;

use super::open;

fn saved(plugin: &mut Plugin) -> State {
    State::parse(&plugin.save().unwrap()).unwrap()
}

/// A state in which nothing is as it is at first.
fn unusual(plugin: &mut Plugin) -> State {
    let mut state = saved(plugin);
    state.0["params"] = json!({ "bypass": { "bool": true }, "window": { "f32": 7.5 } });
    state
        .set_setting(
            "model",
            json!({ "name": "owls", "hash": null, "path": null }),
        )
        .unwrap();
    state.set_field("panel", &json!({ "width": 801, "height": 602 }));
    state
}

#[test]
fn everything_that_is_saved_comes_back_in_another_instance() {
    let mut first = open();
    let before = saved(&mut first);
    let mut wanted = unusual(&mut first);
    // The form of a parameter is nice-plug's; keep what it writes and change the value only.
    wanted.0["params"] = before.0["params"].clone();
    let window = &mut wanted.0["params"]["window"];
    *window = serde_json::from_str(&window.to_string().replace("2.0", "7.5")).unwrap();
    let bypass = &mut wanted.0["params"]["bypass"];
    *bypass = serde_json::from_str(&bypass.to_string().replace("false", "true")).unwrap();
    assert_ne!(wanted, before);

    first.load(&wanted.to_bytes()).unwrap();
    let saved_once = saved(&mut first);
    let mut second = open();
    second.load(&saved_once.to_bytes()).unwrap();
    let saved_twice = saved(&mut second);

    for state in [&saved_once, &saved_twice] {
        assert_eq!(state.parameter("window").as_f64(), Some(7.5));
        assert_eq!(state.parameter("bypass").as_bool(), Some(true));
        assert_eq!(state.field("settings").unwrap()["model"]["name"], "owls");
        assert_eq!(state.field("settings").unwrap()["version"], 1);
        assert_eq!(
            state.field("panel").unwrap(),
            json!({ "width": 801, "height": 602 })
        );
    }
    assert_eq!(saved_once, saved_twice);
}

#[test]
fn a_parameter_that_the_host_moved_is_saved() {
    let mut plugin = open();
    let parameters = plugin.parameters().unwrap();
    let window = parameters
        .iter()
        .find(|p| p.name.contains("Window"))
        .expect("a window");
    let mut stream = plugin.start(Layout::Stereo, 48_000, 64).unwrap();
    let events = set_parameter(window.id, 1.0);
    stream.process_with(64, &events.as_input()).unwrap();
    plugin.stop(stream);
    assert_eq!(saved(&mut plugin).parameter("window").as_f64(), Some(10.0));
}

#[test]
fn a_state_loads_while_the_sound_goes_on() {
    let mut plugin = open();
    let state = unusual(&mut plugin);
    let mut stream = plugin.start(Layout::Stereo, 48_000, 512).unwrap();
    for _ in 0..20 {
        stream.process(512).unwrap();
        plugin.load(&state.to_bytes()).unwrap();
    }
    plugin.stop(stream);
    let settings = saved(&mut plugin).field("settings").unwrap();
    assert_eq!(settings["model"]["name"], "owls");
}
