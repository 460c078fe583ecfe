//! What a page of the panel reads and what it says: a [`View`] goes in, [`Action`]s come out.
//!
//! This module knows no page, no widget and no host. Pages know it and the widgets.

use std::path::PathBuf;
use std::time::Duration;

use hamiltone_engine::model::ModelChoice;

use crate::agreements::Item;
use crate::history::History;
use crate::listen::Listen;
use crate::params::Values;
use crate::params::table::{Continuous, Switch};
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
    /// Why a file dialog failed, for a while after it was tried.
    pub problem: Option<&'a Trouble>,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// A model file.
    Model,
    /// The folder for the timelines of renders and captures.
    BounceFolder,
}

impl Question {
    /// The change that `path` means as the answer.
    pub fn answered_with(self, path: PathBuf) -> Edit {
        match self {
            Self::Model => Edit::ChooseModel(ModelChoice {
                path: Some(path),
                ..ModelChoice::default()
            }),
            Self::BounceFolder => Edit::BounceFolder(path),
        }
    }
}

/// How soon a page wants to be drawn again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Redraw {
    /// Something is moving.
    Animation,
    /// New tags arrive.
    Tags,
    /// Only states and figures change.
    Idle,
}

impl Redraw {
    /// Time until the next frame.
    pub(crate) fn interval(self) -> Duration {
        Duration::from_millis(match self {
            Self::Animation => 33,
            Self::Tags => 70,
            Self::Idle => 250,
        })
    }
}
