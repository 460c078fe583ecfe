use serde::{Deserialize, Serialize};

use super::calibration::Calibration;
use super::choice_rule::ChoiceRule;
use super::class_statistics::ClassStatistics;
use super::cost::Cost;
use super::probe::Probe;
use crate::features::{FeatureSettings, FrontEnd};
use crate::network::Architecture;

/// The version of the file format that this engine writes and reads.
pub const FORMAT_VERSION: u32 = 1;

/// How logits become probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaskKind {
    /// One label at a time: softmax, probabilities sum to 1.
    SingleLabel,
    /// Any number of labels: a sigmoid each.
    MultiLabel,
}

/// A measured figure and how it was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Accuracy {
    /// The measure, e.g. "accuracy" or "mAP".
    pub measure: String,
    /// Its value, 0 to 1; over several folds or seeds the mean.
    pub value: f64,
    /// Standard deviation over folds or seeds, where there are several.
    pub spread: Option<f64>,
    /// The data, its split and size.
    pub protocol: String,
    /// Results for the same labels on other corpora; empty: not measured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_corpora: Vec<OtherCorpus>,
}

impl Accuracy {
    /// A text about results on other corpora: `other corpora: not measured`, or each with its recall and clips.
    pub fn on_other_corpora(&self) -> String {
        let told = |other: &OtherCorpus| {
            let OtherCorpus {
                corpus,
                clips,
                recall,
                ..
            } = other;
            format!("{corpus}: recall {:.1} %, n {clips}", 100.0 * recall)
        };
        match &self.other_corpora[..] {
            [] => "other corpora: not measured".to_owned(),
            corpora => {
                let corpora: Vec<String> = corpora.iter().map(told).collect();
                format!("other corpora: {}", corpora.join("; "))
            }
        }
    }
}

/// A model's recall on a corpus that it was not trained on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OtherCorpus {
    /// Its name.
    pub corpus: String,
    /// Number of clips.
    pub clips: u64,
    /// Share of them whose label came first, 0 to 1.
    pub recall: f64,
    /// The mapping of classes to labels, and the command that measured it.
    pub protocol: String,
}

/// SHA-256 of the contents of a model file, as 64 lower-case hexadecimal digits.
///
/// The probe compares logits with a tolerance, since kernels add in different orders. So it accepts most
/// changes of a single weight, and everything in the card that it does not use.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checksums {
    /// Of all tensors as little-endian `f32`, in the order of
    /// [`Architecture::parameters`](crate::network::Architecture::parameters).
    pub weights_sha256: String,
    /// Of the card's JSON text as it stands in the file, with zeros for the digits of this field.
    pub card_sha256: String,
}

/// The description of a model, stored in its file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// Version of the file format, [`FORMAT_VERSION`].
    pub format_version: u32,
    /// Short name, also the file's usual name without its ending.
    pub name: String,
    /// A sentence or two for people.
    pub description: String,
    /// How logits become probabilities.
    pub task: TaskKind,
    /// Name of each output.
    pub labels: Vec<String>,
    /// The group of each label, one of [`LABEL_GROUPS`](super::LABEL_GROUPS); or none at all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// The labels of which each label is a kind (a guitar is a plucked string instrument), as indices; one list a
    /// label, empty for a label without parents. No lists at all: the labels have no hierarchy. Decides which label
    /// leads ([`Lineup`](crate::tagging::Lineup)).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parents: Vec<Vec<usize>>,
    /// The network's logits over training audio, for choosing among some of the labels
    /// ([`Card::choose_among`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class_statistics: Option<ClassStatistics>,
    /// The calibration of its probabilities, and the level from which each label is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
    /// How labels of one set are compared when only they compete, a rule a set ([`Card::choice_rule`]).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<ChoiceRule>,
    /// The settings of the front end.
    pub features: FeatureSettings,
    /// The network's shape.
    pub architecture: Architecture,
    /// The window to begin with, in seconds (0.5 to 10).
    pub default_window_s: f32,
    /// The data it was trained on.
    pub training_data: String,
    /// The licence of the model, which follows from the data behind it.
    pub licence: String,
    /// Measured figures.
    pub accuracy: Vec<Accuracy>,
    /// Number of parameters, without running statistics. This and the two costs are computed from the architecture
    /// when a file is read; what the file states is for other readers.
    pub parameters: u64,
    /// Real multiply-adds for a second of audio, as the expanded network has them.
    pub multiply_adds_per_second: u64,
    /// Bytes of memory that it takes to load and run ([`Cost::of`](super::Cost::of)).
    #[serde(default)]
    pub memory_bytes: u64,
    /// The model this one was made from, if any: its name, or the SHA-256 of its weights
    /// ([`Checksums::weights_sha256`](super::Checksums::weights_sha256); of its file where it was made before 2026-12).
    pub parent: Option<String>,
    /// How it was pruned, if it was.
    pub pruning: Option<String>,
    /// A test signal and the network's logits for it.
    pub probe: Probe,
    /// Checksums of the weights and of this card; none in files that were written before there were any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksums: Option<Checksums>,
}

impl Card {
    /// Fills in what follows from the architecture.
    pub(super) fn fill_in_counts(&mut self) {
        let Cost {
            multiply_adds_per_second,
            memory_bytes,
        } = Cost::of(&self.architecture, &self.features);
        self.parameters = self.architecture.parameter_count(self.features.mel_bands);
        (self.multiply_adds_per_second, self.memory_bytes) =
            (multiply_adds_per_second, memory_bytes);
    }
}

impl Card {
    /// Seconds from the first sample of a stream to the newest one that a column of tags depends on; columns count
    /// from 0. The first one, [`first_tags_s`](Self::first_tags_s), is the first that lies wholly in the stream:
    /// before it nothing is said, since what comes before the stream counts as silence.
    pub fn column_end_s(&self, column: usize) -> f64 {
        let frames = (column + 1) * self.architecture.frames_per_column();
        let samples = FrontEnd::samples_for(&self.features, frames);
        samples as f64 / f64::from(self.features.sample_rate)
    }

    /// Seconds of audio after which the first tags come: .242 with four poolings and hops of 10 ms.
    pub fn first_tags_s(&self) -> f64 {
        self.column_end_s(0)
    }
}
