use hamiltone_tests::host::Layout;
use hamiltone_tests::state::{State, with_length};
use serde_json::{Value, json};

use super::open;

/// Blobs that are no state at all.
fn blobs() -> Vec<(&'static str, Vec<u8>)> {
    let noise = |length: usize| -> Vec<u8> {
        let mut state = 99u32;
        let mut byte = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        (0..length).map(|_| byte()).collect()
    };
    let mut huge = u64::MAX.to_le_bytes().to_vec();
    huge.extend_from_slice(b"{}");
    let mut large = (1u64 << 40).to_le_bytes().to_vec();
    large.extend_from_slice(b"{}");
    vec![
        ("nothing", Vec::new()),
        ("half a length", vec![3, 0, 0]),
        ("a length and nothing", with_length(b"")),
        ("noise", noise(4096)),
        ("noise behind a length", with_length(&noise(4096))),
        ("a huge length", huge),
        ("a large length", large),
        ("JSON of another kind", with_length(b"[1, 2, 3]")),
        ("JSON without its fields", with_length(b"{}")),
        (
            "wrong types",
            with_length(br#"{"version":1,"params":[],"fields":7}"#),
        ),
        ("deep nesting", with_length("[".repeat(100_000).as_bytes())),
    ]
}

#[test]
fn a_blob_that_is_no_state_is_refused_and_the_old_state_kept() {
    let mut plugin = open();
    let mut state = State::parse(&plugin.save().unwrap()).unwrap();
    state.set_field("panel", &json!({ "width": 777, "height": 555 }));
    plugin.load(&state.to_bytes()).unwrap();
    let before = plugin.save().unwrap();
    let mut stream = plugin.start(Layout::Stereo, 48_000, 512).unwrap();
    for (what, blob) in blobs() {
        assert!(plugin.load(&blob).is_err(), "{what} was accepted");
        stream.process(512).unwrap();
        assert_eq!(plugin.save().unwrap(), before, "{what} changed the state");
    }
    // A state cut off anywhere is refused too.
    for length in (0..before.len()).step_by(7) {
        assert!(
            plugin.load(&before[..length]).is_err(),
            "{length} bytes were accepted"
        );
    }
    plugin.stop(stream);
    assert_eq!(plugin.save().unwrap(), before);
}

#[test]
fn fields_of_wrong_types_leave_the_old_ones() {
    let mut plugin = open();
    let mut good = State::parse(&plugin.save().unwrap()).unwrap();
    good.set_setting(
        "model",
        json!({ "name": "owls", "hash": null, "path": null }),
    )
    .unwrap();
    good.set_field("panel", &json!({ "width": 777, "height": 555 }));
    plugin.load(&good.to_bytes()).unwrap();
    let garbage = [
        Value::Null,
        json!(7),
        json!("text"),
        json!(["text"]),
        json!({ "version": "one", "model": 7, "width": -1, "height": "tall" }),
        json!({ "version": 1, "model": { "name": ["owls"] }, "width": 1e99, "height": 5 }),
        json!({ "report_folder": 4, "width": 800 }),
    ];
    for value in garbage {
        let mut state = good.clone();
        state.set_field("settings", &value);
        state.set_field("panel", &value);
        // Each field stands alone: a bad one may be passed over, a bad state refused whole.
        let _ = plugin.load(&state.to_bytes());
        let after = State::parse(&plugin.save().unwrap()).unwrap();
        assert_eq!(
            after.field("settings").unwrap()["model"]["name"],
            "owls",
            "{value}"
        );
        assert_eq!(after.field("panel").unwrap()["width"], 777, "{value}");
    }
}

#[test]
fn numbers_out_of_range_are_brought_back() {
    for seconds in ["1e30", "-5.0", "0.0"] {
        let mut plugin = open();
        let saved = plugin.save().unwrap();
        let text = String::from_utf8(saved[8..].to_vec()).unwrap();
        let changed = text.replace("2.0", seconds);
        assert_ne!(
            changed, text,
            "the window is not where this test looks: {text}"
        );
        let _ = plugin.load(&with_length(changed.as_bytes()));
        let state = State::parse(&plugin.save().unwrap()).unwrap();
        let window = state.parameter("window").as_f64().unwrap();
        assert!(
            (0.5..=10.0).contains(&window),
            "a window of {seconds} became {window}"
        );
    }
}
