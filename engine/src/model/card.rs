use serde::{Deserialize, Serialize};

use super::{Calibration, ChoiceRule, ClassStatistics, Probe};
use crate::features::FeatureSettings;
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

/// A measured figure, with how it was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Accuracy {
    /// What was measured, e.g. "accuracy" or "mAP".
    pub measure: String,
    /// Its value, 0 to 1; over several folds or seeds the mean.
    pub value: f64,
    /// Standard deviation over folds or seeds, where there are several.
    pub spread: Option<f64>,
    /// On what, how split, how many.
    pub protocol: String,
}

/// What a model file says of itself.
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
    /// The group of each label, one of [`GROUPS`](super::GROUPS); or none at all.
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
    /// How its logits are made probabilities that hold, and from where labels are on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
    /// How labels of one set are compared when only they compete, a rule a set ([`Card::choice_rule`]).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<ChoiceRule>,
    /// What the network hears.
    pub features: FeatureSettings,
    /// The network's shape.
    pub architecture: Architecture,
    /// The window to begin with, in seconds (0.5 to 10).
    pub default_window_s: f32,
    /// What it learned from.
    pub training_data: String,
    /// The licence of the model, which follows from the data behind it.
    pub licence: String,
    /// Measured figures.
    pub accuracy: Vec<Accuracy>,
    /// Numbers in it, running statistics aside.
    pub parameters: u64,
    /// Real multiply-adds for a second of audio, as the expanded network has them.
    pub multiply_adds_per_second: u64,
    /// The model this one was made from, if any: SHA-256 of its file, or its name.
    pub parent: Option<String>,
    /// How it was pruned, if it was.
    pub pruning: Option<String>,
    /// A sound and what the network says to it.
    pub probe: Probe,
}
