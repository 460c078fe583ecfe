//! A line of the journal.

use std::path::Path;

use hamiltone_engine::timeline::{Answer, Tag, Timeline};
use serde::{Deserialize, Serialize};

use crate::means::Means;

/// The version of the journal and the summary. It rises when a field changes its meaning or goes.
pub(crate) const JOURNAL_VERSION: u32 = 1;

/// Labels that an entry names.
pub(crate) const TOP: usize = 3;

/// What a result depends on, beside the sound.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) model_hash: String,
    pub(crate) window_s: f32,
    /// Places of the labels that competed; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) among: Vec<usize>,
    /// Probability from which a label is an event.
    #[serde(default = "usual_threshold")]
    pub(crate) threshold: f32,
    pub(crate) formats: Vec<String>,
}

/// What it was before it could be chosen.
fn usual_threshold() -> f32 {
    0.5
}

impl Settings {
    /// Whether both give the same results, formats aside.
    pub(crate) fn give_the_same_as(&self, other: &Self) -> bool {
        let Self {
            model_hash,
            window_s,
            among,
            threshold,
            formats: _,
        } = self;
        *model_hash == other.model_hash
            && *window_s == other.window_s
            && *among == other.among
            && *threshold == other.threshold
    }
}

/// A file that was analysed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) format_version: u32,
    /// Where its results are, below the folder, without their endings: two inputs of one name have
    /// results of different names.
    pub(crate) place: String,
    /// Of the file's contents; empty where its results are only being written.
    pub(crate) sha256: String,
    #[serde(flatten)]
    pub(crate) settings: Settings,
    pub(crate) duration_s: f64,
    pub(crate) events: usize,
    /// The labels with the highest mean probabilities.
    pub(crate) top: Vec<Tag>,
    /// The label that leads by these means. Entries of older programs have none.
    #[serde(default)]
    pub(crate) leading: Option<Answer>,
}

impl Entry {
    pub(crate) fn new(
        place: &Path,
        sha256: String,
        settings: Settings,
        timeline: &Timeline,
        means: &Means,
        leading: Option<Answer>,
    ) -> Self {
        let tag = |(label, probability): (usize, f32)| Tag {
            label: timeline.labels[label].clone(),
            probability,
        };
        Self {
            format_version: JOURNAL_VERSION,
            place: place.to_string_lossy().into_owned(),
            sha256,
            settings,
            duration_s: timeline.duration_s,
            events: timeline.events.len(),
            top: means.top(TOP).into_iter().map(tag).collect(),
            leading,
        }
    }

    /// Says that what lies at this place is about to be written over. If the run ends before it says
    /// what with, no older entry is true any more.
    pub(crate) fn beginning(place: &Path, settings: Settings) -> Self {
        Self {
            format_version: JOURNAL_VERSION,
            place: place.to_string_lossy().into_owned(),
            sha256: String::new(),
            settings,
            duration_s: 0.0,
            events: 0,
            top: Vec::new(),
            leading: None,
        }
    }
}

/// The first line of a run: the name that its unfinished files have in theirs.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RunLine {
    pub(crate) format_version: u32,
    pub(crate) run: String,
}
