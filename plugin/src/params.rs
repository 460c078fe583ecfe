//! What a session saves: the parameters, the settings and the size of the panel.

use std::sync::Arc;

use hamiltone_engine::model::USUAL_THRESHOLD;
use hamiltone_engine::tagging::{MAX_WINDOW_S, MIN_WINDOW_S};
use nice_plug::formatters;
use nice_plug::plugin::{ParamValue, PluginState};
use nice_plug::prelude::*;
use parking_lot::RwLock;

use crate::listen::Listen;
use crate::settings::{PanelSize, Settings};

/// The window after construction, in seconds: long enough to be sure, short enough to follow.
pub const DEFAULT_WINDOW_S: f32 = 2.0;

/// The threshold after construction: labels with levels of their own are on from these, others from .3, since a
/// label among many that can be heard at once seldom has more.
pub const DEFAULT_THRESHOLD: f32 = USUAL_THRESHOLD;

/// The lowest threshold.
pub const MIN_THRESHOLD: f32 = 0.01;

const DEFAULT_ATTACK_S: f32 = 0.0;
const DEFAULT_RELEASE_S: f32 = 0.2;
const DEFAULT_HOLD_S: f32 = 1.5;

/// The longest attack and release, in seconds.
pub const MAX_SMOOTHING_S: f32 = 5.0;

/// The longest hold, in seconds.
pub const MAX_HOLD_S: f32 = 10.0;

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
    /// How fast a rising probability is followed, in seconds to two thirds of the way. Read by the
    /// worker; 0 follows at once.
    #[id = "attack"]
    pub attack: FloatParam,
    /// How fast a falling one is.
    #[id = "release"]
    pub release: FloatParam,
    /// A label is on from this smoothed probability (0 to 1) until it falls below seven tenths of
    /// it: for notes, and for the panel. Where labels have levels of their own, this moves them all
    /// ([`OnLevels`](hamiltone_engine::model::OnLevels)); the default leaves them as they are.
    #[id = "threshold"]
    pub threshold: FloatParam,
    /// How long the panel marks a label's highest value, in seconds.
    #[id = "hold"]
    pub hold: FloatParam,
    /// What of the input is listened to. Read by the audio thread.
    #[id = "listen"]
    pub listen: EnumParam<Listen>,
    /// Every frame is analysed and a timeline is written at the end, also in real time.
    #[id = "capture"]
    pub capture: BoolParam,
    /// Sends a note for each label that comes on.
    #[id = "notes"]
    pub notes: BoolParam,
    /// Sends probabilities to other programs as OSC messages.
    #[id = "osc"]
    pub osc: BoolParam,
    /// The models, what shows, and where things go. Followed by the worker, which looks a few times a second:
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
            attack: seconds("Attack", DEFAULT_ATTACK_S, MAX_SMOOTHING_S),
            release: seconds("Release", DEFAULT_RELEASE_S, MAX_SMOOTHING_S),
            threshold: FloatParam::new(
                "Threshold",
                DEFAULT_THRESHOLD,
                FloatRange::Linear {
                    min: MIN_THRESHOLD,
                    max: 1.0,
                },
            )
            .with_unit(" %")
            .with_value_to_string(formatters::v2s_f32_percentage(0))
            .with_string_to_value(formatters::s2v_f32_percentage()),
            hold: seconds("Hold", DEFAULT_HOLD_S, MAX_HOLD_S),
            listen: EnumParam::new("Listen to", Listen::Mix),
            capture: BoolParam::new("Capture", false),
            notes: BoolParam::new("Send notes", false),
            osc: BoolParam::new("Send OSC", false),
            settings: Arc::default(),
            panel: Arc::default(),
        }
    }
}

fn seconds(name: &str, default: f32, max: f32) -> FloatParam {
    // Short times need the finer steps.
    let range = FloatRange::Skewed {
        min: 0.0,
        max,
        factor: FloatRange::skew_factor(-1.0),
    };
    FloatParam::new(name, default, range)
        .with_step_size(0.01)
        .with_unit(" s")
}

impl HamiltoneParams {
    /// The window in seconds, always inside its range, whatever a state or a host has put there.
    pub fn window_s(&self) -> f32 {
        window_in_range(self.window.value())
    }

    /// Whether labels are to sound as notes now: what is bypassed says nothing new.
    pub fn wants_notes(&self) -> bool {
        self.notes.value() && !self.bypass.value()
    }
}

/// The largest state that is read, in bytes. What this program writes has some kilobytes.
pub const LARGEST_STATE: u64 = 4 << 20;

/// The largest persisted field that is read, in bytes: some sixty times settings that name all of AudioSet's
/// labels twice.
const LARGEST_FIELD: usize = 1 << 20;

/// Brings a state that is about to be loaded into order. nice-plug stores the values that it reads without checking
/// them: a host would show a window of a million seconds, and a choice that does not exist panics when the
/// state is next saved. Values out of range become the nearest one. A field that is too large or cannot be
/// understood is removed, so that the present one stays.
pub fn sanitize(state: &mut PluginState) {
    let ranges = [
        ("window", MIN_WINDOW_S, MAX_WINDOW_S, DEFAULT_WINDOW_S),
        ("attack", 0.0, MAX_SMOOTHING_S, DEFAULT_ATTACK_S),
        ("release", 0.0, MAX_SMOOTHING_S, DEFAULT_RELEASE_S),
        ("threshold", MIN_THRESHOLD, 1.0, DEFAULT_THRESHOLD),
        ("hold", 0.0, MAX_HOLD_S, DEFAULT_HOLD_S),
    ];
    for (id, least, most, usual) in ranges {
        if let Some(ParamValue::F32(value)) = state.params.get_mut(id) {
            *value = in_range(*value, least, most, usual);
        }
    }
    if let Some(ParamValue::I32(index)) = state.params.get_mut("listen") {
        *index = (*index).clamp(0, Listen::ALL.len() as i32 - 1);
    }
    state.fields.retain(|field, value| {
        value.len() <= LARGEST_FIELD
            && match field.as_str() {
                "settings" => serde_json::from_str::<Settings>(value).is_ok(),
                "panel" => serde_json::from_str::<PanelSize>(value).is_ok(),
                _ => true, // nice-plug ignores what it does not know
            }
    });
}

/// What a window of the parameter's value is, in seconds.
pub(crate) fn window_in_range(seconds: f32) -> f32 {
    in_range(seconds, MIN_WINDOW_S, MAX_WINDOW_S, DEFAULT_WINDOW_S)
}

fn in_range(value: f32, least: f32, most: f32, usual: f32) -> f32 {
    if value.is_nan() {
        usual
    } else {
        value.clamp(least, most)
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use hamiltone_engine::model::OnLevels;

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
    fn values_out_of_range_are_brought_back() {
        let mut state = state(&[], 2.0);
        let saved = [
            ("attack", f32::INFINITY, MAX_SMOOTHING_S),
            ("release", f32::NAN, DEFAULT_RELEASE_S),
            ("threshold", -1.0, MIN_THRESHOLD),
            ("hold", 1e30, MAX_HOLD_S),
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
}
