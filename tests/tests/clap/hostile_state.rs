use std::time::{Duration, Instant};

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
        // Fields are independent: a bad one may be skipped, or the whole state refused.
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

/// What each parameter can be, as the user guide says.
const RANGES: [(&str, f32, f32); 5] = [
    ("window", 0.5, 10.0),
    ("attack", 0.0, 5.0),
    ("release", 0.0, 5.0),
    ("threshold", 0.01, 1.0),
    ("hold", 0.0, 10.0),
];

/// Repeatable numbers.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % count
    }

    fn of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

/// Values that no state is expected to have.
fn odd_value(numbers: &mut Numbers) -> Value {
    let list = [
        json!({ "i32": 10 }),
        json!({ "i32": -1 }),
        json!({ "i32": i32::MAX }),
        json!({ "i32": i32::MIN }),
        json!({ "f32": 1e39 }),
        json!({ "f32": -1e39 }),
        json!({ "f32": 1e-45 }),
        json!({ "f32": 7 }),
        json!({ "bool": true }),
        json!({ "string": "nowhere" }),
        json!({ "string": "side" }),
        json!({ "string": "" }),
        json!(-1),
        json!(99),
        json!(1e300),
        json!(null),
        json!("x".repeat(3_000)),
        json!(["Music", "Speech", "\u{0}", "🎺"]),
        json!({}),
    ];
    numbers.of(&list).clone()
}

/// A state with a few values replaced, or a few bytes.
fn mutant(base: &State, numbers: &mut Numbers) -> Vec<u8> {
    let mut state = base.clone();
    for _ in 0..=numbers.below(3) {
        match numbers.below(3) {
            0 | 1 => {
                let ids: Vec<String> = state.0["params"]
                    .as_object()
                    .unwrap()
                    .keys()
                    .cloned()
                    .collect();
                let id = numbers.of(&ids);
                // A session of a test sends nothing anywhere.
                if id != "osc" {
                    state.0["params"][id] = odd_value(numbers);
                }
            }
            _ => {
                let mut settings = state.field("settings").unwrap();
                let keys: Vec<String> = settings.as_object().unwrap().keys().cloned().collect();
                let key = numbers.of(&keys);
                // And it writes nothing anywhere.
                if !key.ends_with("_folder") {
                    settings[key] = odd_value(numbers);
                }
                state.set_field("settings", &settings);
            }
        }
    }
    let mut json = state.0.to_string().into_bytes();
    if numbers.below(3) == 0 {
        for _ in 0..=numbers.below(3) {
            let place = numbers.below(json.len());
            json[place] ^= 1 << numbers.below(7);
        }
    }
    with_length(&json)
}

#[test]
fn a_state_with_any_change_can_be_loaded_played_and_saved() {
    let mut plugin = open();
    let base = State::parse(&plugin.save().unwrap()).unwrap();
    let mut stream = plugin.start(Layout::Stereo, 48_000, 64).unwrap();
    let mut accepted = 0;
    for seed in 0..3_000 {
        let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15 ^ seed);
        let state = mutant(&base, &mut numbers);
        accepted += usize::from(plugin.load(&state).is_ok());
        stream.process(64).unwrap();
        // What cannot be saved, or cannot be read again, is a lost session.
        let saved = plugin.save().unwrap();
        let values = State::parse(&saved).unwrap();
        for (id, least, most) in RANGES {
            let value = values.parameter(id).as_f64().unwrap() as f32;
            assert!(
                (least..=most).contains(&value),
                "seed {seed}: {id} is {value}"
            );
        }
        plugin.load(&saved).unwrap();
        let again = plugin.save().unwrap();
        assert_eq!(
            State::parse(&again).unwrap().0["params"],
            State::parse(&saved).unwrap().0["params"],
            "seed {seed}"
        );
    }
    plugin.stop(stream);
    assert!(accepted > 1_000, "too few to prove anything: {accepted}");
}

/// A choice by its index, as a host or a person that writes states by hand might store it.
#[test]
fn a_choice_that_does_not_exist_becomes_the_nearest() {
    for (index, name) in [
        (10, "surround"),
        (i32::MAX, "surround"),
        (-1, "mix"),
        (3, "mid"),
    ] {
        let mut plugin = open();
        let mut state = State::parse(&plugin.save().unwrap()).unwrap();
        state.0["params"]["listen"] = json!({ "i32": index });
        plugin.load(&state.to_bytes()).unwrap();
        let state = State::parse(&plugin.save().unwrap()).unwrap();
        assert_eq!(state.parameter("listen"), name, "{index}");
    }
}

/// Refused by its length: nothing of it is read into memory.
#[test]
fn a_state_of_many_megabytes_is_refused_at_once() {
    let mut plugin = open();
    let before = plugin.save().unwrap();
    let mut state = State::parse(&before).unwrap();
    state.0["fields"]["notes"] = json!("a".repeat(150_000_000));
    let large = state.to_bytes();
    let start = Instant::now();
    assert!(plugin.load(&large).is_err());
    assert!(
        start.elapsed() < Duration::from_millis(50),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(plugin.save().unwrap(), before);
}

#[test]
fn a_field_of_megabytes_is_not_taken() {
    let mut plugin = open();
    let mut state = State::parse(&plugin.save().unwrap()).unwrap();
    let pinned = vec!["a label that is pinned"; 100_000];
    state.set_setting("pinned", json!(pinned)).unwrap();
    state.set_setting("hidden", json!(["Music"])).unwrap();
    let _ = plugin.load(&state.to_bytes());
    let after = State::parse(&plugin.save().unwrap()).unwrap();
    assert_eq!(after.field("settings").unwrap()["hidden"], json!([]));
    assert!(plugin.save().unwrap().len() < 10_000);
}
