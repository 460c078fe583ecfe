//! What the worker publishes for the panel, whole and wait-free.

mod menu;

use std::path::PathBuf;
use std::sync::Arc;

use hamiltone_engine::model::{Card, Model, TaskKind};
use hamiltone_engine::tagging;

use crate::agreements::Item;
use crate::settings::Purpose;

pub use menu::MenuEntry;

/// Everything the panel shows that is not a parameter.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The model that runs now. `None` until one is needed.
    pub model: Option<Arc<ModelFacts>>,
    /// The models to choose from.
    pub menu: Arc<[MenuEntry]>,
    /// The state of the analysis.
    pub activity: Activity,
    /// Name of the model that is being loaded; the previous one keeps running.
    pub loading: Option<String>,
    /// Problems, the most important first.
    pub troubles: Vec<Trouble>,
    /// What the session asks for and this machine has not agreed to.
    pub requests: Vec<Request>,
    /// Whether the analysis ended by an error of ours; it can be started again.
    pub stopped: bool,
    /// Probability of each label, 0 to 1; empty before the first tags.
    pub probabilities: Vec<f32>,
    /// The same after attack and release, for bars, notes and OSC.
    pub smoothed: Vec<f32>,
    /// Whether each label is on: above its threshold, with hysteresis.
    pub on: Vec<bool>,
    /// Threshold of each label before the parameter scales it
    /// ([`OnLevels`](hamiltone_engine::model::OnLevels)); empty if all labels use the parameter.
    pub on_levels: Vec<f32>,
    /// Indices of the labels that compete, if the user chose some; empty for all.
    pub among: Vec<usize>,
    /// Whether the first and the second model choose one of several labels: thresholds of single labels then do not apply.
    pub choosing: [bool; 2],
    /// What was last sent to the host and to other programs.
    pub sent: Sent,
    /// The text to show while no label is on: "no clear genre" among chosen labels, "no answer yet" at the beginning of a
    /// stream. `None`: show the leading label.
    pub unclear: Option<String>,
    /// The label set that the user chose, with its measured accuracy.
    pub worth: Option<String>,
    /// The second model, while one is compared.
    pub compared: Option<Compared>,
    /// Time of the latest tags in seconds since processing began.
    pub time_s: f64,
    /// The host's position at the latest tags in seconds; `None` if not reported.
    pub host_s: Option<f64>,
    /// Whether the host reports that its transport runs.
    pub playing: bool,
    /// Seconds between tags.
    pub refresh_s: f64,
    /// Longest delay in seconds from the audio to the first tags that include it, not counting the window.
    pub latency_s: f64,
    /// Share of real time that the worker is busy: 0.05 is 5 %.
    pub load: f32,
    /// Frames dropped since the instance was created.
    pub dropped_frames: u64,
    /// Sample rate in Hz and number of channels; `None` while the host does not process.
    pub stream: Option<(f64, u32)>,
    /// The folder to which reports are written, if any.
    pub report_folder: Option<PathBuf>,
    /// The state of captures and renders.
    pub bounce: Bounce,
}

/// What was last sent to the host and to other programs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sent {
    /// The last note-on of this stream.
    pub note: Option<SentNote>,
    /// Seconds since the last OSC message.
    pub osc_s_ago: Option<f64>,
    /// OSC messages since the instance was created.
    pub messages: u64,
}

/// A note-on that was sent to the host.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SentNote {
    /// Index of its label.
    pub label: usize,
    /// Channel (0 to 15) and key (0 to 127).
    pub note: (u8, u8),
    /// Seconds since then.
    pub s_ago: f64,
}

/// A second model on the same audio.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// The second model.
    pub model: Arc<ModelFacts>,
    /// Smoothed probability of each of its labels.
    pub smoothed: Vec<f32>,
    /// Threshold of each before the parameter scales it; empty if all use the parameter.
    pub on_levels: Vec<f32>,
    /// Indices of its labels that compete, if the user chose some; empty for all.
    pub among: Vec<usize>,
    /// Share of real time that it keeps the worker busy.
    pub load: f32,
    /// Seconds between its tags.
    pub refresh_s: f64,
}

/// The state of captures and renders.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bounce {
    /// Seconds captured so far, while one is running.
    pub capturing_s: Option<f64>,
    /// Whether the host renders: reported, or detected by its pace.
    pub rendering: bool,
    /// Files of the last timeline that was written.
    pub written: Vec<PathBuf>,
    /// Timelines that wait in memory, because there is no folder or writing failed.
    pub waiting: usize,
    /// Why the last one could not be written.
    pub problem: Option<String>,
}

impl Snapshot {
    /// Index and probability of the `count` most probable labels, in descending order.
    pub fn top(&self, count: usize) -> Vec<(usize, f32)> {
        tagging::top(&self.probabilities, count)
            .into_iter()
            .filter_map(|index| Some((index, *self.probabilities.get(index)?)))
            .collect()
    }

    /// Whether the session wants to write timelines to a folder that this machine has not agreed to.
    pub fn asks_for_folder(&self) -> bool {
        let is_folder = |request: &Request| request.purpose == Purpose::Timelines;
        self.requests.iter().any(is_folder)
    }

    /// The name of a label; `None` for an index out of range.
    pub fn label(&self, index: usize) -> Option<&str> {
        self.model.as_ref()?.labels.get(index).map(String::as_str)
    }
}

/// The state of the analysis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Activity {
    /// The host sends no audio: stopped, or not started yet.
    #[default]
    Waiting,
    /// Audio arrives and is tagged.
    Listening,
    /// The host sends silence.
    NoSignal,
    /// The user bypassed the analysis.
    Bypassed,
    /// The stream cannot be analysed, for example at this sample rate; a [`Trouble`] says why.
    Refused,
}

/// A problem, for a notice in the panel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What is wrong, in a few words.
    pub title: String,
    /// Why, and what to do about it.
    pub advice: String,
}

/// Something that the session asks for and that is not done before the user agrees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The setting that asks for it.
    pub purpose: Purpose,
    /// What is agreed to.
    pub item: Item,
    /// The hash of a model, if the session has it.
    pub hash: Option<String>,
}

/// The facts about a model that the panel needs.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelFacts {
    /// The card's name.
    pub name: String,
    /// SHA-256 of the file, lower-case hex.
    pub hash: String,
    /// One name for each output.
    pub labels: Vec<String>,
    /// Whether exactly one label applies at a time.
    pub one_of: bool,
    /// The group of each label (`music`, `voice`, `nature`, `things`); empty if the model has none.
    pub groups: Vec<String>,
    /// Indices of the parents of each label; empty if the model has no hierarchy.
    pub parents: Vec<Vec<usize>>,
    /// Indices of the labels, those with the most recorded examples in the card's calibration first; of equal ones in the
    /// order of the card, which is the whole order for models without a calibration.
    pub likely: Vec<usize>,
    /// Names of its label sets, to which the choice can be restricted.
    pub label_sets: Vec<String>,
    /// Number of weights.
    pub parameters: u64,
    /// Multiply-adds per second of audio.
    pub multiply_adds_per_second: u64,
    /// Size of the file in bytes.
    pub size_bytes: usize,
}

impl ModelFacts {
    /// From a loaded model.
    pub fn of(model: &Model) -> Self {
        let card = model.card();
        Self {
            name: card.name.clone(),
            hash: model.hash().to_owned(),
            labels: card.labels.clone(),
            one_of: matches!(card.task, TaskKind::SingleLabel),
            groups: card.groups.clone(),
            parents: card.parents.clone(),
            likely: likely(card),
            label_sets: card.label_sets().into_iter().map(str::to_owned).collect(),
            parameters: card.parameters,
            multiply_adds_per_second: card.multiply_adds_per_second,
            size_bytes: model.size_bytes(),
        }
    }
}

/// Indices of the labels by falling number of examples.
fn likely(card: &Card) -> Vec<usize> {
    let calibration = card.calibration.as_ref();
    let examples = calibration.map_or(&[][..], |calibration| &calibration.examples);
    let mut likely: Vec<usize> = (0..card.labels.len()).collect();
    likely.sort_by_key(|&label| std::cmp::Reverse(examples.get(label).copied().unwrap_or(0)));
    likely
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(labels: &[&str]) -> Arc<ModelFacts> {
        let labels = labels.iter().map(|label| label.to_string()).collect();
        let (name, hash) = ("test".to_owned(), "00".to_owned());
        Arc::new(ModelFacts {
            name,
            hash,
            labels,
            one_of: true,
            groups: Vec::new(),
            parents: Vec::new(),
            likely: Vec::new(),
            label_sets: Vec::new(),
            parameters: 1,
            multiply_adds_per_second: 1,
            size_bytes: 4,
        })
    }

    #[test]
    fn the_top_is_sorted_and_no_longer_than_the_labels() {
        let snapshot = Snapshot {
            probabilities: vec![0.1, 0.7, 0.2],
            ..Snapshot::default()
        };
        assert_eq!(snapshot.top(2), [(1, 0.7), (2, 0.2)]);
        assert_eq!(snapshot.top(9).len(), 3);
        assert!(Snapshot::default().top(3).is_empty());
    }

    #[test]
    fn an_index_out_of_range_has_no_label() {
        let snapshot = Snapshot {
            model: Some(facts(&["dog", "rain"])),
            ..Snapshot::default()
        };
        assert_eq!(snapshot.label(1), Some("rain"));
        assert_eq!(snapshot.label(2), None);
        assert_eq!(Snapshot::default().label(0), None);
    }
}
