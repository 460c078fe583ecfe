use nice_plug::prelude::*;

use super::*;
use crate::params::HamiltoneParams;

fn state(fields: &[(&str, &str)], window: f32) -> PluginState {
    PluginState {
        version: String::new(),
        params: [("window".to_owned(), ParamValue::F32(window))].into(),
        fields: fields
            .iter()
            .map(|(k, v)| (k.to_string(), v.to_string()))
            .collect(),
    }
}

#[test]
fn garbage_leaves_the_old_settings() {
    let params = HamiltoneParams::default();
    params.settings.write().model.name = Some("birds".to_owned());
    for garbage in [
        "",
        "null",
        "[true]",
        "{\"model\":7}",
        "\u{0}\u{1}",
        "{\"version\":-1}",
    ] {
        let mut state = state(&[("settings", garbage), ("panel", garbage)], 1.0);
        sanitize(&mut state);
        params.deserialize_fields(&state.fields);
        assert_eq!(**params.panel.read(), PanelSize::DEFAULT);
        assert_eq!(
            params.settings.read().model.name.as_deref(),
            Some("birds"),
            "{garbage:?}"
        );
    }
}

#[test]
fn values_out_of_range_are_brought_back() {
    let mut state = state(&[], 2.0);
    let saved = [
        ("attack", f32::INFINITY, 5.0),
        ("release", f32::NAN, 0.2),
        ("threshold", -1.0, 0.01),
        ("hold", 1e30, 10.0),
    ];
    for (id, value, _) in saved {
        state.params.insert(id.to_owned(), ParamValue::F32(value));
    }
    sanitize(&mut state);
    for (id, _, expected) in saved {
        assert!(
            matches!(state.params[id], ParamValue::F32(v) if v == expected),
            "{id}"
        );
    }
}

#[test]
fn a_window_out_of_range_is_brought_back() {
    for (saved, expected) in [
        (1e9, 10.0),
        (-3.0, 0.5),
        (f32::NAN, 2.0),
        (f32::INFINITY, 10.0),
        (3.3, 3.3),
    ] {
        let mut state = state(&[], saved);
        sanitize(&mut state);
        assert!(
            matches!(state.params["window"], ParamValue::F32(w) if w == expected),
            "{saved}"
        );
    }
}

#[test]
fn a_choice_that_does_not_exist_becomes_the_nearest() {
    for (saved, expected) in [(10, 9), (i32::MAX, 9), (-1, 0), (4, 4)] {
        let mut state = state(&[], 1.0);
        let params = &mut state.params;
        params.insert("listen".to_owned(), ParamValue::I32(saved));
        sanitize(&mut state);
        let index = &state.params["listen"];
        assert!(
            matches!(index, ParamValue::I32(i) if *i == expected),
            "{saved}"
        );
    }
}

/// Whatever is stored for a parameter, of whatever type: what nice-plug takes of it is within the range, so that
/// a new parameter is not forgotten in `sanitize`.
#[test]
#[expect(unsafe_code, reason = "as nice-plug's wrappers set parameters")]
fn no_parameter_of_a_state_leaves_its_range() {
    let floats = [
        f32::NAN,
        f32::INFINITY,
        f32::NEG_INFINITY,
        1e30,
        -1e30,
        1e-45,
        0.5,
    ];
    let integers = [i32::MIN, -1, 0, 1, 10, i32::MAX];
    let floats = floats.map(ParamValue::F32).into_iter();
    for value in floats.chain(integers.map(ParamValue::I32)) {
        let params = HamiltoneParams::default();
        let ids = params.param_map();
        let mut state = state(&[], 1.0);
        for (id, ..) in &ids {
            state.params.insert(id.clone(), value.clone());
        }
        sanitize(&mut state);
        for (id, pointer, _) in &ids {
            // SAFETY: `params` lives, and no other thread has it.
            unsafe {
                match (pointer, &state.params[id]) {
                    (ParamPtr::FloatParam(p), ParamValue::F32(value)) => {
                        let normalized = (**p).preview_normalized(*value);
                        let kept = (**p).preview_plain(normalized);
                        let off = (kept - value).abs();
                        assert!(off <= 0.051, "{id}: {value}"); // a step
                    }
                    (ParamPtr::IntParam(_), _) => unreachable!("{id}: not in `sanitize`"),
                    (ParamPtr::EnumParam(p), ParamValue::I32(index)) => {
                        let last = (**p).step_count().unwrap() as i32;
                        assert!((0..=last).contains(index), "{id}: {index}");
                    }
                    _ => {} // nice-plug leaves the parameter as it is
                }
            }
        }
    }
}

#[test]
fn a_field_that_is_too_large_leaves_the_old_settings() {
    let labels = vec!["a label"; 1 << 17];
    let large = serde_json::json!({ "pinned": labels }).to_string();
    let mut state = state(&[("settings", &large)], 1.0);
    sanitize(&mut state);
    assert!(state.fields.is_empty());
}
