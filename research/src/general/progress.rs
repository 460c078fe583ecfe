//! The state of a distillation, as it is on disk.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::agreement::Agreement;

/// The newest average of the weights, as a model file.
pub(super) const MODEL: &str = "model.safetensors";
/// Advice for messages where a file of the run is damaged.
pub(super) const ADVICE: &str = "choose another --out, or remove progress.json to begin anew there";

/// Settings by option, in words.
pub(super) type Settings = BTreeMap<String, String>;

/// A measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) step: usize,
    /// Hours of training so far.
    pub(super) hours: f64,
    /// Mean loss since the last measurement.
    pub(super) loss: f64,
    pub(super) agreement: Agreement,
}

impl std::fmt::Display for Record {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Agreement { all, covered, .. } = &self.agreement;
        write!(
            to,
            "loss {:.3} mAP {:.3} top-1 {:.1} %",
            self.loss,
            all.mean_average_precision,
            100.0 * all.top_1
        )?;
        covered.map_or(Ok(()), |covered| {
            write!(to, ", of covered labels {:.1} %", 100.0 * covered.top_1)
        })
    }
}

/// How far the run has come.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Progress {
    pub(super) steps: usize,
    /// Its settings; none in runs of early programs, which are refused.
    #[serde(default)]
    pub(super) settings: Settings,
    pub(super) seconds: f64,
    /// Mean and deviation of each of the teacher's logits over mixtures.
    pub(super) logit_means: Vec<f32>,
    pub(super) logit_deviations: Vec<f32>,
    /// Mean and deviation of each unit of the teacher's hidden layer, before a student's ReLU; none
    /// if the student has another size there or was begun before this was taught.
    #[serde(default)]
    pub(super) hidden_means: Vec<f32>,
    #[serde(default)]
    pub(super) hidden_deviations: Vec<f32>,
    pub(super) records: Vec<Record>,
    /// Share of crops with the marks of lossy coding; a run that was begun before there was such a
    /// thing goes on without it.
    #[serde(default)]
    pub(super) coded: f64,
}
