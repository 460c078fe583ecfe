//! The state of a long training, on disk.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use anyhow::Context;
use candle_core::{Device, Tensor};
use hamiltone_engine::model::ModelFile;
use serde::{Deserialize, Serialize};

use super::Agreement;
use super::folder::Settings;
use hamiltone_training::files;

const PROGRESS: &str = "progress.json";
const CHECKPOINT: &str = "checkpoint";
pub(super) const MODEL: &str = "model.safetensors";
const ANEW: &str = "choose another --out, or remove progress.json to begin anew there";

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
    /// What it was told; nothing in runs from before this was kept.
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

impl Progress {
    /// That of the run in a folder; none, if there is no run.
    pub(super) fn read(folder: &Path) -> anyhow::Result<Option<Self>> {
        let path = folder.join(PROGRESS);
        match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None), // a new run
            Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
            Ok(text) => serde_json::from_str(&text)
                .map(Some)
                .with_context(|| format!("{} is damaged: {ANEW}", path.display())),
        }
    }

    /// The tensors first, under the name of their step: a stop at any point leaves the progress and
    /// the tensors of one step.
    pub(super) fn save(
        &self,
        folder: &Path,
        model: &ModelFile,
        tensors: BTreeMap<String, Tensor>,
    ) -> anyhow::Result<()> {
        self.save_tensors(folder, tensors)?;
        model.write(&folder.join(MODEL))?;
        files::replace(&folder.join(PROGRESS), &serde_json::to_string_pretty(self)?)?;
        self.remove_other_checkpoints(folder);
        Ok(())
    }

    fn save_tensors(&self, folder: &Path, tensors: BTreeMap<String, Tensor>) -> anyhow::Result<()> {
        let file = folder.join(self.checkpoint());
        let part = files::part(&file);
        let tensors: HashMap<String, Tensor> = tensors.into_iter().collect();
        candle_core::safetensors::save(&tensors, &part)
            .map_err(anyhow::Error::from)
            .and_then(|()| Ok(std::fs::rename(&part, &file)?))
            .with_context(|| format!("saving {}", file.display()))
    }

    /// The tensors that belong to it.
    pub(super) fn tensors(
        &self,
        folder: &Path,
        device: &Device,
    ) -> anyhow::Result<BTreeMap<String, Tensor>> {
        let path = folder.join(self.checkpoint());
        let problem = || format!("{} is missing or damaged: {ANEW}", path.display());
        let bytes = std::fs::read(&path).with_context(problem)?;
        let tensors = candle_core::safetensors::load_buffer(&bytes, device);
        Ok(tensors.with_context(problem)?.into_iter().collect())
    }

    fn checkpoint(&self) -> String {
        match self.settings.is_empty() {
            true => format!("{CHECKPOINT}.safetensors"), // a run from before steps were named
            false => format!("{CHECKPOINT}-{}.safetensors", self.steps),
        }
    }

    fn remove_other_checkpoints(&self, folder: &Path) {
        let own = self.checkpoint();
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with(CHECKPOINT) && name != own {
                let _ = std::fs::remove_file(entry.path()); // an old one does no harm
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensors(value: f32) -> BTreeMap<String, Tensor> {
        let tensor = Tensor::from_slice(&[value], 1, &Device::Cpu).unwrap();
        BTreeMap::from([("now.weight".to_owned(), tensor)])
    }

    fn value(folder: &Path) -> f32 {
        let progress = Progress::read(folder).unwrap().unwrap();
        let tensors = progress.tensors(folder, &Device::Cpu).unwrap();
        tensors["now.weight"].to_vec1::<f32>().unwrap()[0]
    }

    #[test]
    fn tensors_that_were_saved_before_a_kill_are_not_those_of_the_step_before() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let at = |steps: usize| Progress {
            steps,
            settings: Settings::from([("--seed".into(), "1".into())]),
            ..Progress::default()
        };
        let finish = |progress: &Progress| {
            let text = serde_json::to_string(progress).unwrap();
            std::fs::write(folder.join(PROGRESS), text).unwrap();
            progress.remove_other_checkpoints(folder);
        };
        at(1).save_tensors(folder, tensors(1.0)).unwrap();
        finish(&at(1));
        at(2).save_tensors(folder, tensors(2.0)).unwrap(); // killed here
        assert_eq!(value(folder), 1.0);
        finish(&at(2));
        assert_eq!(value(folder), 2.0);
        let files = std::fs::read_dir(folder).unwrap();
        assert_eq!(files.count(), 2, "only the newest checkpoint stays");
        std::fs::write(folder.join("checkpoint-2.safetensors"), "").unwrap();
        let error = at(2).tensors(folder, &Device::Cpu).unwrap_err();
        assert!(format!("{error:#}").contains("--out"), "{error:#}");
    }

    #[test]
    fn a_run_from_before_there_were_codecs_and_settings_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Progress::read(folder.path()).unwrap(), None);
        let old = r#"{"steps": 5, "seconds": 2.5, "logit_means": [-4.0], "logit_deviations": [1.5],
                      "records": []}"#;
        std::fs::write(folder.path().join(PROGRESS), old).unwrap();
        let progress = Progress::read(folder.path()).unwrap().unwrap();
        assert_eq!((progress.steps, progress.coded), (5, 0.0));
        let file = folder.path().join("checkpoint.safetensors");
        let saved: HashMap<String, Tensor> = tensors(5.0).into_iter().collect();
        candle_core::safetensors::save(&saved, &file).unwrap();
        assert_eq!(value(folder.path()), 5.0);
        std::fs::write(folder.path().join(PROGRESS), "{").unwrap();
        assert!(Progress::read(folder.path()).is_err());
    }
}
