//! A fold on disk.

use std::path::{Path, PathBuf};

use anyhow::ensure;
use serde::{Deserialize, Serialize};

use crate::evaluation::Evaluation;
use crate::files;
use crate::outcome::EpochRecord;
use crate::trainer::TrainingFolder;

/// The best weights so far, as a model file.
pub(super) const MODEL: &str = "model.safetensors";
pub(super) const CURVES: &str = "curves.svg";
pub(super) const CONFUSION: &str = "confusion.svg";
/// Hashes of the files that the fold began with.
const ORIGIN: &str = "origin.sha256";
const ADVICE: &str = "--restart begins anew";

/// How a fold's random numbers follow from seed and fold. 1: some seeds and folds share them
/// ([`fold_stream`](crate::random::fold_stream)).
pub(super) const STREAMS: u32 = 2;

/// How far a fold has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// Every epoch so far.
    pub(super) epochs: Vec<EpochRecord>,
    /// Optimiser steps done.
    pub(super) steps: usize,
    /// The epoch with the lowest validation loss (from 1; 0: none yet).
    pub(super) best_epoch: usize,
    /// [`STREAMS`] of the program that began the fold.
    #[serde(default = "first_streams")]
    pub(super) streams: u32,
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

fn first_streams() -> u32 {
    1
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            epochs: Vec::new(),
            steps: 0,
            best_epoch: 0,
            streams: STREAMS,
            parameters: 0,
            multiply_adds_per_second: 0,
            gpu: false,
            test: None,
        }
    }
}

impl Progress {
    /// The lowest validation loss so far.
    pub(super) fn best_loss(&self) -> f64 {
        let losses = self.epochs.iter().map(|epoch| epoch.validation_loss);
        losses.fold(f64::INFINITY, f64::min)
    }
}

fn folder_of(out: &Path, fold: usize) -> PathBuf {
    out.join(format!("fold{fold}"))
}

/// The folder of a fold in a run's, to train in.
///
/// # Errors
/// If another process trains there, or it cannot be written.
pub(super) fn lock(out: &Path, fold: usize) -> anyhow::Result<TrainingFolder> {
    TrainingFolder::lock(&folder_of(out, fold), ADVICE)
}

/// The fold's progress, if it has begun. Another process may be at work there.
///
/// # Errors
/// If it cannot be read.
pub(super) fn read_progress(out: &Path, fold: usize) -> anyhow::Result<Option<Progress>> {
    TrainingFolder::to_read(&folder_of(out, fold), ADVICE).progress()
}

/// Locks the folders of these folds that exist, to [`forget`] them together.
///
/// # Errors
/// If another process trains in one of them.
pub(super) fn lock_existing(
    out: &Path,
    folds: impl IntoIterator<Item = usize>,
) -> anyhow::Result<Vec<TrainingFolder>> {
    let folders = folds.into_iter().map(|fold| folder_of(out, fold));
    let existing = folders.filter(|folder| folder.is_dir());
    existing
        .map(|folder| TrainingFolder::lock(&folder, ADVICE))
        .collect()
}

/// Removes what a run wrote into a fold's folder, and nothing else.
pub(super) fn forget(folder: &TrainingFolder) -> anyhow::Result<()> {
    folder.forget(&[MODEL, CURVES, CONFUSION, ORIGIN])
}

/// Keeps what the fold begins with, a line for each file that the recipe names. Where it has begun, it must be `origin`
/// or, in runs of earlier programs, `earlier`.
///
/// # Errors
/// If it is not, or cannot be written.
pub(super) fn keep_origin(
    folder: &TrainingFolder,
    [origin, earlier]: [&str; 2],
    begun: bool,
) -> anyhow::Result<()> {
    let path = folder.path(ORIGIN);
    match std::fs::read_to_string(&path) {
        Ok(before) if begun => ensure!(
            before == origin || before == earlier,
            "{} began with other files than are there now under these names: put the old ones back, or begin anew with \
             --restart.\nThen:\n{before}Now:\n{origin}",
            folder.path("").display()
        ),
        // A run from before this was kept.
        Err(_) if begun => {}
        _ if origin.is_empty() => {}
        _ => files::replace(&path, origin)?,
    }
    Ok(())
}
