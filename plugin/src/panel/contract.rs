//! What a page of the panel reads and what it says: a [`View`] goes in, [`Action`]s come out.
//!
//! This module knows no page, no widget and no host. Pages know it and the widgets.

use std::path::PathBuf;
use std::time::Duration;

use hamiltone_engine::model::ModelChoice;
use hamiltone_engine::timeline::Timeline;

use crate::agreements::Item;
use crate::history::History;
use crate::listen::Listen;
use crate::machine::Machine;
use crate::params::Values;
use crate::params::table::{Continuous, Switch};
use crate::settings::presets::Preset;
use crate::settings::{Edit, Settings};
use crate::snapshot::{Snapshot, Trouble};

/// What the panel shows.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// What the worker published last.
    pub snapshot: &'a Snapshot,
    /// The last minute.
    pub history: &'a History,
    /// What the user chose that is not a parameter.
    pub settings: &'a Settings,
    /// The parameters.
    pub values: Values,
    /// Why a file dialog, or reading or writing a file, failed; for a while after it was tried.
    pub problem: Option<&'a Trouble>,
    /// What this machine remembers.
    pub machine: &'a Machine,
    /// What was done last with a file, for a while after it.
    pub done: Option<&'a Done>,
}

/// A small file that was saved or loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// What was done: "Saved notes.csv".
    pub text: String,
    /// The file, if it was written; else empty.
    pub written: Vec<PathBuf>,
}

/// What the user did.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// A parameter is about to be changed (one gesture for the host).
    Begin(Continuous),
    /// Set a parameter, in its own unit.
    Set(Continuous, f32),
    /// The gesture is over.
    End(Continuous),
    /// Turn a parameter on or off.
    Switch(Switch, bool),
    /// Analyse these input channels.
    Listen(Listen),
    /// Change a setting.
    Edit(Edit),
    /// Look for models again.
    ListModels,
    /// Ask for a path with a dialog of the desktop.
    Ask(Question),
    /// Set model, labels, window and thresholds at once; the model is one made for the task, where one is installed.
    Preset(&'static Preset, Option<ModelChoice>),
    /// Read or write this file, for the purpose of the question.
    File(Question, PathBuf),
    /// Write a picture of the roll.
    SavePicture(Box<Timeline>),
    /// Show this file or folder in the file manager of the desktop.
    Reveal(PathBuf),
    /// The introduction was read.
    CloseIntroduction,
    /// Try again to write the timelines that wait.
    SaveAgain,
    /// Allow this on this machine, for all sessions.
    Allow(Item),
    /// Start the analysis again after it ended by an error.
    Restart,
    /// Make the panel this large, in points.
    Resize(egui::Vec2),
}

/// A path that the user is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Question {
    /// A model file.
    Model,
    /// The folder for the timelines of renders and captures.
    BounceFolder,
    /// A set of notes to load.
    LoadNotes,
    /// A file for the present notes.
    SaveNotes,
    /// Thresholds of labels to load.
    LoadThresholds,
    /// A file for the present thresholds of labels.
    SaveThresholds,
}

impl Question {
    /// What the answer is, for screen readers.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Model => "Path of a model",
            Self::BounceFolder => "Folder for timelines",
            Self::LoadNotes => "Path of notes to load",
            Self::SaveNotes => "Path to save notes",
            Self::LoadThresholds => "Path of thresholds to load",
            Self::SaveThresholds => "Path to save thresholds",
        }
    }

    /// What to do with `path` as the answer.
    pub fn answered_with(self, path: PathBuf) -> Action {
        match self {
            Self::Model => Action::Edit(Edit::ChooseModel(ModelChoice {
                path: Some(path),
                ..ModelChoice::default()
            })),
            Self::BounceFolder => Action::Edit(Edit::BounceFolder(path)),
            _ => Action::File(self, path),
        }
    }
}

/// How soon a page wants to be drawn again, the soonest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Redraw {
    /// Something is moving.
    Animation,
    /// The spectrogram moves on.
    Spectrum,
    /// New tags arrive.
    Tags,
    /// Only states and figures change.
    Idle,
}

impl Redraw {
    /// Time until the next frame. `refresh_s` is the time between two tags in seconds; 0 where none come.
    pub(crate) fn interval(self, refresh_s: f64) -> Duration {
        const SPECTRUM_S: f64 = 0.07;
        const IDLE_S: f64 = 0.25;
        let seconds = match self {
            Self::Animation => 0.033,
            Self::Spectrum => SPECTRUM_S,
            Self::Tags if refresh_s > 0.0 => refresh_s.clamp(SPECTRUM_S, IDLE_S),
            Self::Tags | Self::Idle => IDLE_S,
        };
        Duration::from_secs_f64(seconds)
    }
}
