//! Presets: model, labels, window and thresholds for a task, at once.

use hamiltone_engine::model::{ModelChoice, USUAL_THRESHOLD};
use hamiltone_exports::Thresholds;

use super::Settings;

/// A preset. It sets a model made for the task or the built-in one, the labels that compete, the groups that show, the window and the threshold,
/// and removes the thresholds of single labels. Outputs, pinned and hidden labels stay.
#[derive(Debug, PartialEq)]
pub struct Preset {
    /// The name in the menu.
    pub name: &'static str,
    /// What it is for, in a sentence.
    pub about: &'static str,
    /// The analysis window in seconds.
    pub window_s: f32,
    /// The common threshold, 0 to 1.
    pub threshold: f32,
    /// Models made for the task, the best first, by their names. The first one that is installed is used, with all its labels;
    /// without any the built-in model is, with the labels of `among`.
    pub models: &'static [&'static str],
    /// The labels that compete: names of label sets; empty for all.
    pub among: &'static [&'static str],
    /// The groups of labels that do not show.
    pub groups_hidden: &'static [&'static str],
}

/// All presets, in the order of the menu.
pub const PRESETS: [Preset; 4] = [
    Preset {
        name: "Everything",
        about: "All labels of the built-in model, two seconds of audio: the settings of a new instance.",
        window_s: 2.0,
        threshold: USUAL_THRESHOLD,
        models: &[],
        among: &[],
        groups_hidden: &[],
    },
    Preset {
        name: "Live genres",
        about: "One genre at a time, over ten seconds of audio.",
        window_s: 10.0,
        threshold: USUAL_THRESHOLD,
        models: &["gtzan-transfer"],
        among: &["genres"],
        groups_hidden: &[],
    },
    Preset {
        name: "Instruments",
        about: "One instrument at a time, over two seconds of audio: for single tracks.",
        window_s: 2.0,
        threshold: USUAL_THRESHOLD,
        models: &[],
        among: &["instruments"],
        groups_hidden: &[],
    },
    Preset {
        name: "Voice or music",
        about: "Labels of voices and of music, over one second of audio; sounds of nature and things are left out.",
        window_s: 1.0,
        threshold: USUAL_THRESHOLD,
        models: &[],
        among: &["music", "voice"],
        groups_hidden: &[],
    },
];

impl Preset {
    /// Changes the settings. `special` is the installed model of [`Self::models`] to use, if there is one. Window and threshold are
    /// parameters: the caller sets them.
    pub(super) fn apply(&self, special: Option<ModelChoice>, settings: &mut Settings) {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        settings.among = match special {
            Some(_) => Vec::new(), // all labels of a model for the task compete
            None => names(self.among),
        };
        settings.model = special.unwrap_or_default().into();
        settings.groups_hidden = names(self.groups_hidden);
        settings.thresholds = Thresholds::default();
    }

    /// Whether the settings are as [`Edit::Preset`](super::Edit::Preset) makes them.
    pub fn holds(&self, settings: &Settings) -> bool {
        let same = |set: &[String], own: &[&str]| set.iter().eq(own.iter());
        let name = settings.model.name.as_deref();
        let special = name.is_some_and(|name| self.models.contains(&name));
        let model = match special {
            true => settings.among.is_empty(),
            false => *settings.model == ModelChoice::default() && same(&settings.among, self.among),
        };
        model && same(&settings.groups_hidden, self.groups_hidden) && settings.thresholds.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use hamiltone_engine::model::{Among, Library};

    use super::*;
    use crate::params::table::Continuous;

    #[test]
    fn every_preset_fits_the_built_in_model_and_the_parameters() {
        let model = Library::with_folders(vec![]).default_model();
        for preset in &PRESETS {
            let mut settings = Settings::default();
            settings.pinned.push("Dog".to_owned());
            settings.thresholds.set("Dog", Some(0.9));
            settings.hidden.push("Cat".to_owned());
            preset.apply(None, &mut settings);
            let among = Among::new(model.card(), &settings.among);
            assert_eq!(among.is_all(), preset.among.is_empty(), "{}", preset.name);
            for set in preset.among {
                assert!(!model.card().labels_meant(set).is_empty(), "{set}");
            }
            assert!(settings.thresholds.is_empty());
            assert_eq!(settings.pinned, ["Dog"]);
            assert_eq!(settings.hidden, ["Cat"]);
            for (of, value) in [
                (Continuous::Window, preset.window_s),
                (Continuous::Threshold, preset.threshold),
            ] {
                assert_eq!(of.row().clamp(value), value, "{}", preset.name);
            }
        }
        let mut settings = Settings::default();
        PRESETS[0].apply(None, &mut settings);
        assert_eq!(settings, Settings::default(), "the first is a new instance");
    }

    #[test]
    fn a_model_for_the_task_replaces_the_built_in_one_where_it_is_installed() {
        let genres = ModelChoice {
            name: Some("gtzan-transfer".to_owned()),
            hash: Some("0".repeat(64)),
            ..ModelChoice::default()
        };
        let mut settings = Settings::default();
        PRESETS[1].apply(Some(genres.clone()), &mut settings);
        assert_eq!((&*settings.model, settings.among.len()), (&genres, 0));
        assert!(PRESETS[1].holds(&settings) && !PRESETS[0].holds(&settings));
        PRESETS[1].apply(None, &mut settings);
        assert_eq!(settings.among, ["genres"]);
        assert!(PRESETS[1].holds(&settings));
    }

    #[test]
    fn voice_or_music_is_no_choice_of_one() {
        let model = Library::with_folders(vec![]).default_model();
        let among = |preset: &Preset| Among::new(model.card(), preset.among);
        assert!(!among(&PRESETS[3]).is_choice());
        assert!(among(&PRESETS[1]).is_choice() && among(&PRESETS[2]).is_choice());
    }
}
