//! What a session saves: two parameters, the settings and the size of the panel.

use std::path::PathBuf;
use std::sync::Arc;

use hamiltone_engine::model::ModelChoice;
use hamiltone_engine::tagging::{MAX_WINDOW_S, MIN_WINDOW_S};
use nice_plug::formatters;
use nice_plug::plugin::{ParamValue, PluginState};
use nice_plug::prelude::*;
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};

/// The window after construction, in seconds: long enough to be sure, short enough to follow.
pub const DEFAULT_WINDOW_S: f32 = 2.0;

/// The newest layout of [`Settings`] that this program knows.
pub const SETTINGS_VERSION: u32 = 1;

/// Everything that the host saves with the session.
///
/// Shared by all sides of an instance. The audio thread reads parameters only (atomics); the locks
/// belong to the host's main thread, the panel and the worker.
#[derive(Params)]
pub struct HamiltoneParams {
    /// Stops the analysis. The sound passes either way.
    #[id = "bypass"]
    pub bypass: BoolParam,
    /// How much of the past a tag speaks about, in seconds. Read by the worker.
    #[id = "window"]
    pub window: FloatParam,
    /// The model and the report folder. Followed by the worker, which looks a few times a second:
    /// a host that loads a state tells nobody.
    #[persist = "settings"]
    pub settings: Arc<RwLock<Settings>>,
    /// The size of the panel when it was last open.
    #[persist = "panel"]
    pub panel: Arc<RwLock<PanelSize>>,
}

impl Default for HamiltoneParams {
    fn default() -> Self {
        Self {
            bypass: BoolParam::new("Bypass", false)
                .with_value_to_string(formatters::v2s_bool_bypass())
                .with_string_to_value(formatters::s2v_bool_bypass())
                .make_bypass(),
            window: FloatParam::new(
                "Window",
                DEFAULT_WINDOW_S,
                FloatRange::Linear {
                    min: MIN_WINDOW_S,
                    max: MAX_WINDOW_S,
                },
            )
            .with_step_size(0.1)
            .with_unit(" s"),
            settings: Arc::default(),
            panel: Arc::default(),
        }
    }
}

impl HamiltoneParams {
    /// The window in seconds, always inside its range, whatever a state or a host has put there.
    pub fn window_s(&self) -> f32 {
        window_in_range(self.window.value())
    }
}

/// What the user chose that is not a parameter. Unknown fields are ignored and missing ones take
/// their defaults, so that newer and older sessions open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Layout of these fields: [`SETTINGS_VERSION`].
    pub version: u32,
    /// Which model to run; all `None` is the built-in one.
    pub model: ModelChoice,
    /// While set, tags and timelines are written here.
    pub report_folder: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            version: SETTINGS_VERSION,
            model: ModelChoice::default(),
            report_folder: None,
        }
    }
}

/// Size of the panel in logical points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PanelSize {
    /// Width in logical points.
    pub width: u32,
    /// Height in logical points.
    pub height: u32,
}

impl PanelSize {
    /// The size of a new instance's panel.
    pub const DEFAULT: Self = Self {
        width: 620,
        height: 460,
    };
    /// Nothing overlaps down to this size.
    pub const MIN: Self = Self {
        width: 460,
        height: 360,
    };
    /// Larger than any screen; a session that asks for more is damaged.
    pub const MAX: Self = Self {
        width: 4096,
        height: 4096,
    };

    /// The nearest size that the panel can have.
    pub fn clamped(self) -> Self {
        Self {
            width: self.width.clamp(Self::MIN.width, Self::MAX.width),
            height: self.height.clamp(Self::MIN.height, Self::MAX.height),
        }
    }
}

impl Default for PanelSize {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Brings a state that is about to be loaded into order: nice-plug stores what it reads, and a host
/// would then show a window of a million seconds. A field that cannot be understood is taken out,
/// so that the present one stays.
pub fn sanitize(state: &mut PluginState) {
    if let Some(ParamValue::F32(window)) = state.params.get_mut("window") {
        *window = window_in_range(*window);
    }
    state.fields.retain(|field, value| match field.as_str() {
        "settings" => serde_json::from_str::<Settings>(value).is_ok(),
        "panel" => serde_json::from_str::<PanelSize>(value).is_ok(),
        _ => true,
    });
}

fn window_in_range(seconds: f32) -> f32 {
    if seconds.is_nan() {
        DEFAULT_WINDOW_S
    } else {
        seconds.clamp(MIN_WINDOW_S, MAX_WINDOW_S)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn ids_are_stable() {
        let ids: Vec<_> = HamiltoneParams::default()
            .param_map()
            .into_iter()
            .map(|(id, _, _)| id)
            .collect();
        assert_eq!(ids, ["bypass", "window"]);
    }

    #[test]
    fn settings_and_size_survive_a_round_trip() {
        let saved = HamiltoneParams::default();
        saved.settings.write().model.name = Some("birds".to_owned());
        saved.settings.write().report_folder = Some(PathBuf::from("/tmp/reports"));
        *saved.panel.write() = PanelSize {
            width: 800,
            height: 600,
        };
        let restored = HamiltoneParams::default();
        restored.deserialize_fields(&saved.serialize_fields());
        assert_eq!(*restored.settings.read(), *saved.settings.read());
        assert_eq!(*restored.panel.read(), *saved.panel.read());
    }

    #[test]
    fn the_saved_form_is_the_documented_one() {
        let fields = HamiltoneParams::default().serialize_fields();
        assert_eq!(
            fields["settings"],
            r#"{"version":1,"model":{"name":null,"hash":null,"path":null},"report_folder":null}"#
        );
        assert_eq!(fields["panel"], r#"{"width":620,"height":460}"#);
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
            assert_eq!(*params.panel.read(), PanelSize::DEFAULT);
            assert_eq!(
                params.settings.read().model.name.as_deref(),
                Some("birds"),
                "{garbage:?}"
            );
        }
    }

    #[test]
    fn settings_of_a_newer_program_are_read_as_far_as_they_are_known() {
        let params = HamiltoneParams::default();
        let newer = r#"{"version":9,"model":{"name":"birds"},"colour":"green"}"#;
        params.deserialize_fields(&state(&[("settings", newer)], 1.0).fields);
        assert_eq!(params.settings.read().model.name.as_deref(), Some("birds"));
        assert_eq!(params.settings.read().version, 9);
    }

    #[test]
    fn a_window_out_of_range_is_brought_back() {
        for (saved, expected) in [
            (1e9, MAX_WINDOW_S),
            (-3.0, MIN_WINDOW_S),
            (f32::NAN, DEFAULT_WINDOW_S),
            (f32::INFINITY, MAX_WINDOW_S),
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
    fn a_panel_of_any_size_fits() {
        let tiny = PanelSize {
            width: 0,
            height: 1,
        }
        .clamped();
        assert_eq!(tiny, PanelSize::MIN);
        let huge = PanelSize {
            width: u32::MAX,
            height: 500,
        }
        .clamped();
        assert_eq!(
            huge,
            PanelSize {
                width: PanelSize::MAX.width,
                height: 500
            }
        );
    }
}
