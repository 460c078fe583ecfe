//! The state of a long training, on disk.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use candle_core::Tensor;
use hamiltone_engine::model::ModelFile;
use serde::{Deserialize, Serialize};

use super::Agreement;
use crate::files;

const PROGRESS: &str = "progress.json";
pub(super) const CHECKPOINT: &str = "checkpoint.safetensors";
pub(super) const MODEL: &str = "model.safetensors";

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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Progress {
    pub(super) steps: usize,
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

impl Progress {
    /// That of the run in a folder; none, if there is no run.
    pub(super) fn read(folder: &Path) -> anyhow::Result<Option<Self>> {
        let path = folder.join(PROGRESS);
        match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None), // a new run
            Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
            Ok(text) => serde_json::from_str(&text)
                .map(Some)
                .with_context(|| format!("{} is damaged", path.display())),
        }
    }

    /// The tensors first: progress without them would be a lie.
    pub(super) fn save(
        &self,
        folder: &Path,
        model: &ModelFile,
        tensors: BTreeMap<String, Tensor>,
    ) -> anyhow::Result<()> {
        let file = folder.join(CHECKPOINT);
        let part = files::part(&file);
        let tensors: std::collections::HashMap<String, Tensor> = tensors.into_iter().collect();
        candle_core::safetensors::save(&tensors, &part).context("saving the checkpoint")?;
        model.write(&folder.join(MODEL))?;
        std::fs::rename(&part, &file).context("saving the checkpoint")?;
        files::replace(&folder.join(PROGRESS), &serde_json::to_string_pretty(self)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_from_before_there_were_codecs_goes_on_without() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Progress::read(folder.path()).unwrap(), None);
        let old = r#"{"steps": 5, "seconds": 2.5, "logit_means": [-4.0], "logit_deviations": [1.5],
                      "records": []}"#;
        std::fs::write(folder.path().join(PROGRESS), old).unwrap();
        let progress = Progress::read(folder.path()).unwrap().unwrap();
        assert_eq!((progress.steps, progress.coded), (5, 0.0));
        std::fs::write(folder.path().join(PROGRESS), "{").unwrap();
        assert!(Progress::read(folder.path()).is_err());
    }
}
