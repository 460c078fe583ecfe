//! Outcomes of a training, for results and pictures.

use serde::{Deserialize, Serialize};

use crate::evaluation::Evaluation;

/// One epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// From 1.
    pub epoch: usize,
    /// Mean training loss (on mixed, smoothed labels: higher than the validation's).
    pub training_loss: f64,
    /// Cross-entropy of the averaged weights on the validation clips; 0 without any. A linear head's is
    /// that of clips held out inside the training folds.
    pub validation_loss: f64,
    /// Accuracy there (mAP where a clip has any number of labels).
    pub validation_accuracy: f64,
    /// Mean recall of the labels there. None without validation clips, and in runs from before this
    /// was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_mean_recall: Option<f64>,
    /// Seconds it took.
    pub seconds: f64,
    /// Seconds of all cores together; 0 in runs from before this was measured.
    #[serde(default)]
    pub cpu_seconds: f64,
}

/// The outcome of a fold.
#[derive(Debug, Clone, Serialize)]
pub struct FoldOutcome {
    /// The fold that was tested.
    pub fold: usize,
    /// Clips it learned from.
    pub training_clips: usize,
    /// Clips that chose the epoch.
    pub validation_clips: usize,
    /// Clips it was tested on.
    pub test_clips: usize,
    /// The epoch of the weights that were tested.
    pub best_epoch: usize,
    /// Adjustable numbers of the network.
    pub parameters: u64,
    /// Its multiply-adds for a second of audio, as the real network of its channels has them.
    pub multiply_adds_per_second: u64,
    /// The test.
    pub test: Evaluation,
    /// Seconds of training.
    pub seconds: f64,
    /// Seconds of all cores together.
    #[serde(default)]
    pub cpu_seconds: f64,
    /// Whether a GPU computed any of it: then these seconds are not those of a training on cores.
    #[serde(default)]
    pub gpu: bool,
    /// Every epoch, as the curves show it.
    pub epochs: Vec<EpochRecord>,
}

/// The heading of a fold's pictures.
pub fn fold_title(name: &str, fold: usize) -> String {
    format!("{name}, fold {fold}")
}
