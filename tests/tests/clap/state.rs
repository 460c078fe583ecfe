use std::fs;

use hamiltone_tests::host::{Layout, Plugin, set_parameter};
use hamiltone_tests::places;
use hamiltone_tests::state::{State, with_length};
use serde_json::{Value, json};

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

/// What the host sees: the normalised value of each parameter, by name.
fn seen_by_the_host(plugin: &mut Plugin) -> Value {
    let parameters = plugin.parameters().unwrap().into_iter();
    parameters
        .map(|parameter| (parameter.name, json!(parameter.value)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// Sessions of version 0.1.0 open with the values they were saved with, and the host sees the same normalised values:
/// automation is saved in these. `vst3.py` tests the same state in the VST3.
///
/// `HAMILTONE_WRITE_GOLDEN=1` writes both golden files with the bundle under test: for a new version, under its name.
#[test]
fn a_state_that_version_0_1_0_saved_loads_with_the_same_values() {
    let folder = places::root().join("tests/tests/golden");
    let (state_file, host_file) = (
        folder.join("state-0.1.0.json"),
        folder.join("host-values-0.1.0.json"),
    );
    let mut plugin = open();
    if std::env::var_os("HAMILTONE_WRITE_GOLDEN").is_some() {
        let mut state = saved(&mut plugin);
        let float = |value: f32| json!({ "f32": value });
        for (id, value) in [
            ("bypass", json!({ "bool": true })),
            ("window", float(7.3)),
            ("attack", float(0.35)),
            ("release", float(1.25)),
            ("threshold", float(0.42)),
            ("hold", float(3.7)),
            ("listen", json!({ "string": "surround-left" })),
            ("capture", json!({ "bool": true })),
            ("notes", json!({ "bool": true })),
        ] {
            state.0["params"][id] = value;
        }
        for (name, value) in [
            (
                "model",
                json!({ "name": "owls", "hash": null, "path": null }),
            ),
            ("bounce_folder", json!("/music/timelines")),
            ("bounce_formats", json!(["csv", "midi"])),
            ("pinned", json!(["Music", "Speech"])),
            ("hidden", json!(["Dog"])),
            ("groups_hidden", json!(["nature"])),
            ("among", json!(["genres"])),
            ("notes", json!({ "first_note": 48, "channel": 10 })),
            (
                "osc",
                json!({ "host": "192.168.1.20", "port": 57120, "updates_per_second": 25 }),
            ),
        ] {
            state.set_setting(name, value).unwrap();
        }
        state.set_field("panel", &json!({ "width": 801, "height": 602 }));
        plugin.load(&state.to_bytes()).unwrap();
        let state = serde_json::to_string_pretty(&saved(&mut plugin).0).unwrap();
        let host = serde_json::to_string_pretty(&seen_by_the_host(&mut plugin)).unwrap();
        fs::create_dir_all(&folder).unwrap();
        fs::write(&state_file, state + "\n").unwrap();
        fs::write(&host_file, host + "\n").unwrap();
    }
    let golden = fs::read(&state_file).unwrap();
    let mut plugin = open();
    plugin.load(&with_length(&golden)).unwrap();
    let (golden, saved) = (
        State(serde_json::from_slice(&golden).unwrap()),
        saved(&mut plugin),
    );
    assert_eq!(saved.0["params"], golden.0["params"]);
    for field in ["settings", "panel"] {
        let saved = saved.field(field).unwrap();
        for (name, value) in golden.field(field).unwrap().as_object().unwrap() {
            assert_eq!(saved[name], *value, "{name}");
        }
    }
    let host: Value = serde_json::from_slice(&fs::read(&host_file).unwrap()).unwrap();
    assert_eq!(seen_by_the_host(&mut plugin), host);
}

/// A session of a newer program that is opened and saved in this one loses nothing.
#[test]
fn settings_that_a_newer_program_saved_are_kept() {
    let mut plugin = open();
    let mut state = saved(&mut plugin);
    let mut settings = state.field("settings").unwrap();
    settings["colours"] = json!({ "accent": "#73C4FF" });
    settings["notes"]["velocity"] = json!("fixed");
    settings["model"]["gain_db"] = json!(3);
    state.set_field("settings", &settings);
    plugin.load(&state.to_bytes()).unwrap();
    assert_eq!(saved(&mut plugin).field("settings").unwrap(), settings);
}
