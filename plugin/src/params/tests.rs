use std::path::PathBuf;

use hamiltone_engine::model::OnLevels;
use nice_plug::plugin::{ParamValue, PluginState};

use super::*;

/// The derive of [`HamiltoneParams`] and the saved state's check find the same parameters.
#[test]
fn ids_and_names_are_those_of_the_table_in_a_stable_order() {
    let params = HamiltoneParams::default();
    let ids: Vec<_> = params.param_map().into_iter().map(|(id, ..)| id).collect();
    assert_eq!(
        ids,
        [
            "bypass",
            "window",
            "attack",
            "release",
            "threshold",
            "hold",
            "listen",
            "capture",
            "notes",
            "osc"
        ]
    );
    let with_pointer = |id: &str, pointer: ParamPtr| {
        let found = params
            .param_map()
            .into_iter()
            .find(|(known, ..)| known == id);
        assert_eq!(found.map(|(_, found, _)| found), Some(pointer), "{id}");
    };
    for of in Continuous::ALL {
        let param = params.continuous(of);
        with_pointer(of.row().id, param.as_ptr());
        assert_eq!(param.name(), of.row().name);
    }
    for of in Switch::ALL {
        with_pointer(of.id(), params.switch(of).as_ptr());
        assert_eq!(params.switch(of).name(), of.name());
    }
    with_pointer(table::LISTEN_ID, params.listen.as_ptr());
}

#[test]
fn settings_and_size_survive_a_round_trip() {
    let saved = HamiltoneParams::default();
    saved.settings.write().model.name = Some("birds".to_owned());
    saved.settings.write().report_folder = Some(PathBuf::from("/tmp/reports"));
    **saved.panel.write() = PanelSize {
        width: 800,
        height: 600,
    };
    let restored = HamiltoneParams::default();
    restored.deserialize_fields(&saved.serialize_fields());
    assert_eq!(*restored.settings.read(), *saved.settings.read());
    assert_eq!(*restored.panel.read(), *saved.panel.read());
}

#[test]
fn settings_of_a_newer_program_are_read_as_far_as_they_are_known() {
    let params = HamiltoneParams::default();
    let newer = r#"{"version":9,"model":{"name":"birds"},"colour":"green"}"#;
    params.deserialize_fields(&[("settings".to_owned(), newer.to_owned())].into());
    assert_eq!(params.settings.read().model.name.as_deref(), Some("birds"));
    assert_eq!(params.settings.read().version, 9);
}

#[test]
fn a_threshold_that_was_saved_before_labels_had_levels_means_what_it_says() {
    // As version 0.1.0 wrote it.
    let saved = r#"{"version":"0.1.0","params":{"threshold":{"f32":0.42}},"fields":{}}"#;
    let mut state: PluginState = serde_json::from_str(saved).unwrap();
    sanitize(&mut state);
    assert!(matches!(state.params["threshold"], ParamValue::F32(v) if v == 0.42));
    // Automation is saved as a share of the range.
    let params = HamiltoneParams::default();
    for (plain, share) in [
        (0.01, 0.0),
        (0.3, 0.29 / 0.99),
        (0.42, 0.41 / 0.99),
        (1.0, 1.0),
    ] {
        assert!((params.threshold.preview_normalized(plain) - share).abs() < 1e-6);
    }
    assert_eq!(params.threshold.default_plain_value(), 0.3);
    let without_levels = OnLevels::COMMON;
    assert_eq!(
        without_levels.level(0, 0.42),
        0.42,
        "other models are as before"
    );
    let own = OnLevels::of(&[0.3]);
    assert!(
        (own.level(0, 0.42) - 0.42).abs() < 1e-6,
        "a level of .3 as well"
    );
}

/// What the host knows of each parameter: name, default, steps, and plain value and text at normalised values.
/// Hosts save automation as normalised values, so a difference here changes saved sessions.
/// `UPDATE_SNAPSHOTS=1` writes the golden file.
#[test]
#[expect(unsafe_code, reason = "as nice-plug's wrappers read parameters")]
fn normalised_values_mean_what_they_meant_in_version_0_1_0() {
    use std::fmt::Write;
    let params = HamiltoneParams::default();
    let mut table = String::new();
    for (id, pointer, _) in params.param_map() {
        // SAFETY: `params` lives, and no other thread has it.
        unsafe {
            let (name, unit) = (pointer.name(), pointer.unit());
            let (steps, default) = (pointer.step_count(), pointer.default_normalized_value());
            writeln!(
                table,
                "{id}: {name:?}, unit {unit:?}, steps {steps:?}, default {default}"
            )
            .unwrap();
            for twentieth in 0..=20 {
                let normalized = twentieth as f32 / 20.0;
                let plain = pointer.preview_plain(normalized);
                let text = pointer.normalized_value_to_string(normalized, true);
                writeln!(table, "    {normalized:.2}  {plain}  {text}").unwrap();
            }
        }
    }
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src/params/host-view-0.1.0.txt"
    );
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::create_dir_all(std::path::Path::new(path).parent().unwrap()).unwrap();
        std::fs::write(path, &table).unwrap();
    }
    assert_eq!(table, std::fs::read_to_string(path).unwrap_or_default());
}
