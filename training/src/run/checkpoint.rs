//! A run on disk, so that it can stop at any time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::evaluation::Evaluation;
use crate::files;

const PROGRESS: &str = "progress.json";
/// The best weights so far, as a model file.
pub(super) const MODEL: &str = "model.safetensors";
pub(super) const CURVES: &str = "curves.svg";
pub(super) const CONFUSION: &str = "confusion.svg";
/// Hashes of the files that the fold began with.
const ORIGIN: &str = "origin.sha256";

/// What one epoch showed.
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

/// How far a fold has come.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// Every epoch so far.
    pub(super) epochs: Vec<EpochRecord>,
    /// Optimiser steps done.
    pub(super) steps: usize,
    /// The epoch with the lowest validation loss (from 1; 0: none yet).
    pub(super) best_epoch: usize,
    /// Adjustable numbers of the network that was tested.
    #[serde(default)]
    pub(super) parameters: u64,
    /// Its multiply-adds for a second of audio.
    #[serde(default)]
    pub(super) multiply_adds_per_second: u64,
    /// Whether a GPU computed any of it.
    #[serde(default)]
    pub(super) gpu: bool,
    /// The outcome on the test fold, once it is finished.
    pub(super) test: Option<Evaluation>,
}

impl Progress {
    /// The lowest validation loss so far.
    pub(super) fn best_loss(&self) -> f64 {
        self.epochs
            .iter()
            .map(|epoch| epoch.validation_loss)
            .fold(f64::INFINITY, f64::min)
    }
}

/// The files of one fold.
pub(super) struct FoldFolder {
    folder: PathBuf,
}

impl FoldFolder {
    pub(super) fn new(out: &Path, fold: usize) -> anyhow::Result<Self> {
        let folder = folder_of(out, fold);
        std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        Ok(Self { folder })
    }

    /// The fold's folder, if there is one.
    pub(super) fn existing(out: &Path, fold: usize) -> Option<Self> {
        let folder = folder_of(out, fold);
        folder.is_dir().then_some(Self { folder })
    }

    /// Removes what a run wrote into a fold's folder, and nothing else.
    pub(super) fn forget(out: &Path, fold: usize) -> anyhow::Result<()> {
        let Some(this) = Self::existing(out, fold) else {
            return Ok(());
        };
        // The progress first: what a stop leaves without it does no harm.
        for name in [PROGRESS, MODEL, CURVES, CONFUSION, ORIGIN] {
            files::remove(&this.path(name))?;
        }
        this.remove_checkpoints_but(None);
        Ok(())
    }

    /// Keeps the hashes of the files that the fold begins with; where it has begun, they must be the same.
    pub(super) fn keep_origin(&self, origin: &str, begun: bool) -> anyhow::Result<()> {
        let path = self.path(ORIGIN);
        match std::fs::read_to_string(&path) {
            Ok(before) if begun => ensure!(
                before == origin,
                "{} began with other files than are there now under these names: put the old ones back, or begin \
                 anew with --restart.\nThen:\n{before}Now:\n{origin}",
                self.folder.display()
            ),
            // A run from before this was kept.
            Err(_) if begun => {}
            _ if origin.is_empty() => {}
            _ => files::replace(&path, origin)?,
        }
        Ok(())
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Saves tensors, then the progress that goes with them. Each is whole or not there; a stop
    /// between the two is noticed by the step counts.
    pub(super) fn save(
        &self,
        progress: &Progress,
        tensors: &BTreeMap<String, Tensor>,
    ) -> anyhow::Result<()> {
        let file = self.path(&tensor_file(progress.steps));
        let beside = file.with_extension("part");
        let tensors: std::collections::HashMap<String, Tensor> = tensors
            .iter()
            .map(|(name, tensor)| (name.clone(), tensor.clone()))
            .collect();
        candle_core::safetensors::save(&tensors, &beside).context("saving the checkpoint")?;
        std::fs::rename(&beside, &file).context("saving the checkpoint")?;
        self.save_progress(progress)?;
        self.remove_checkpoints_but(Some(&tensor_file(progress.steps)));
        Ok(())
    }

    pub(super) fn save_progress(&self, progress: &Progress) -> anyhow::Result<()> {
        files::replace(
            &self.path(PROGRESS),
            &serde_json::to_string_pretty(progress)?,
        )
    }

    /// The progress that was saved, if any.
    pub(super) fn progress(&self) -> anyhow::Result<Option<Progress>> {
        let path = self.path(PROGRESS);
        match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
            Ok(text) => serde_json::from_str(&text)
                .map(Some)
                .with_context(|| format!("{} is damaged: --restart begins anew", path.display())),
        }
    }

    /// The tensors that belong to a progress.
    pub(super) fn tensors(
        &self,
        progress: &Progress,
        device: &Device,
    ) -> anyhow::Result<BTreeMap<String, Tensor>> {
        let path = self.path(&tensor_file(progress.steps));
        let bytes = std::fs::read(&path)
            .with_context(|| format!("{} cannot be read: --restart begins anew", path.display()))?;
        let tensors = candle_core::safetensors::load_buffer(&bytes, device)
            .with_context(|| format!("{} is damaged: --restart begins anew", path.display()))?;
        Ok(tensors.into_iter().collect())
    }

    fn remove_checkpoints_but(&self, kept: Option<&str>) {
        let Ok(listing) = std::fs::read_dir(&self.folder) else {
            return;
        };
        for entry in listing.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with("checkpoint-") && Some(name.as_str()) != kept {
                let _ = std::fs::remove_file(entry.path()); // an old one does no harm
            }
        }
    }
}

fn folder_of(out: &Path, fold: usize) -> PathBuf {
    out.join(format!("fold{fold}"))
}

fn tensor_file(steps: usize) -> String {
    format!("checkpoint-{steps}.safetensors")
}
