//! The lines of the journal.

use std::path::Path;

use hamiltone_analysis::Means;
use hamiltone_engine::timeline::{Answer, Event, Tag, Timeline, Warning};
use hamiltone_exports::{LabelOn, SUMMARY_TOP, SummaryRow};
use serde::{Deserialize, Serialize};

/// The version of the journal. It rises when a field changes its meaning or is removed.
pub(crate) const JOURNAL_VERSION: u32 = 1;

/// What a result depends on besides the audio.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) model_hash: String,
    pub(crate) window_s: f32,
    /// Indices of the labels that competed; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) among: Vec<usize>,
    /// The threshold of events.
    #[serde(default = "first_threshold")]
    pub(crate) threshold: f32,
    /// Index of the label and its threshold, for labels with thresholds of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) thresholds: Vec<(usize, f32)>,
    /// Names of formats.
    pub(crate) formats: Vec<String>,
}

/// The threshold of entries from before it was an option.
fn first_threshold() -> f32 {
    0.5
}

impl Settings {
    /// Whether both give the same results. Formats are not compared.
    pub(crate) fn give_the_same_as(&self, other: &Self) -> bool {
        let Self {
            model_hash,
            window_s,
            among,
            threshold,
            thresholds,
            formats: _,
        } = self;
        *model_hash == other.model_hash
            && *window_s == other.window_s
            && *among == other.among
            && *threshold == other.threshold
            && *thresholds == other.thresholds
    }
}

/// The result of one file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) format_version: u32,
    /// The path of the results below the folder, without the endings. Inputs of the same name have different ones.
    #[serde(rename = "place")]
    pub(crate) stem: String,
    /// Of the contents of the input; empty while the results are being written.
    pub(crate) sha256: String,
    #[serde(flatten)]
    pub(crate) settings: Settings,
    pub(crate) duration_s: f64,
    pub(crate) events: usize,
    /// The labels with the highest mean probabilities.
    pub(crate) top: Vec<Tag>,
    /// The label that leads by these means. Older entries have none.
    #[serde(default)]
    pub(crate) leading: Option<Answer>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) warnings: Vec<Warning>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) recorded_at: Option<String>,
    /// The events, for the table of all events. Older entries have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) event_list: Option<Vec<EventEntry>>,
}

/// Start and end in seconds, index of the label in the model, mean and peak probability.
pub(crate) type EventEntry = (f64, f64, usize, f32, f32);

impl Entry {
    pub(crate) fn new(
        stem: &Path,
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
            sha256,
            duration_s: timeline.duration_s,
            events: timeline.events.len(),
            top: means.top(SUMMARY_TOP).into_iter().map(tag).collect(),
            leading,
            warnings: timeline.warnings.clone(),
            recorded_at: timeline.recorded_at.clone(),
            event_list: Some(event_list(timeline)),
            ..Self::started(stem, settings)
        }
    }

    /// Marks results as being written. If the run ends before they are complete, older entries are no longer valid.
    pub(crate) fn started(stem: &Path, settings: Settings) -> Self {
        Self {
            format_version: JOURNAL_VERSION,
            stem: stem.to_string_lossy().into_owned(),
            sha256: String::new(),
            settings,
            duration_s: 0.0,
            events: 0,
            top: Vec::new(),
            leading: None,
            warnings: Vec::new(),
            recorded_at: None,
            event_list: None,
        }
    }

    /// The events, with the labels of the model.
    pub(crate) fn events<'a>(&'a self, labels: &'a [String]) -> impl Iterator<Item = Event> + 'a {
        let list = self.event_list.iter().flatten();
        list.filter_map(
            |&(start_s, end_s, label, mean_probability, peak_probability)| {
                Some(Event {
                    start_s,
                    end_s,
                    label: labels.get(label)?.clone(),
                    mean_probability,
                    peak_probability,
                })
            },
        )
    }

    /// The row of the summary.
    pub(crate) fn row<'a>(
        &'a self,
        file: &'a str,
        channel: Option<u32>,
        labels_on: &'a [LabelOn],
    ) -> SummaryRow<'a> {
        SummaryRow {
            file,
            sha256: Some(&self.sha256),
            duration_s: Some(self.duration_s),
            events: Some(self.events),
            top: &self.top,
            error: None,
            leading: self.leading.as_ref(),
            warnings: &self.warnings,
            channel,
            recorded_at: self.recorded_at.as_deref(),
            labels_on,
        }
    }
}

fn event_list(timeline: &Timeline) -> Vec<EventEntry> {
    let index = |name: &String| timeline.labels.iter().position(|label| label == name);
    let entry = |event: &Event| {
        let label = index(&event.label)?;
        let (mean, peak) = (event.mean_probability, event.peak_probability);
        Some((event.start_s, event.end_s, label, mean, peak))
    };
    timeline.events.iter().filter_map(entry).collect()
}

/// The first line of a run.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RunLine {
    pub(crate) format_version: u32,
    /// Part of the names of its unfinished files.
    pub(crate) run: String,
}
