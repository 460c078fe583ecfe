//! One fold: what it learns from, its training, its test.

use std::path::Path;

use anyhow::{Context, bail, ensure};
use hamiltone_engine::features::FeatureSettings;
use hamiltone_engine::model::{Card, ModelFile};
use hamiltone_engine::network::Architecture;
use hamiltone_engine::network::streaming::Weights;
use serde::Serialize;

use super::batch::Material;
use super::checkpoint::{CONFUSION, EpochRecord, FoldFolder, MODEL, Progress};
use super::{Head, Recipe};
use crate::dataset::{Dataset, Split, split};
use crate::evaluation::{Evaluation, evaluate};
use crate::teacher::{Teacher, TeacherLoader};
use crate::{random, report};

/// Purposes of random streams (see [`random::stream`]).
pub(super) const INITIAL: u64 = 1;
pub(super) const ORDER: u64 = 2;
pub(super) const BATCH: u64 = 3;
pub(super) const DROPOUT: u64 = 4;

/// What a fold came to.
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
    /// The epoch whose weights were tested.
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

/// What a fold's pictures are called.
pub fn fold_title(name: &str, fold: usize) -> String {
    format!("{name}, fold {fold}")
}

pub(super) struct FoldTask<'a> {
    pub(super) out: &'a Path,
    pub(super) quiet: bool,
    pub(super) recipe: &'a Recipe,
    pub(super) dataset: &'a Dataset,
    pub(super) audio: &'a [Vec<f32>],
    pub(super) features: &'a FeatureSettings,
    pub(super) fold: usize,
    pub(super) teachers: &'a dyn TeacherLoader,
}

impl FoldTask<'_> {
    pub(super) fn run(&self) -> anyhow::Result<FoldOutcome> {
        let folder = FoldFolder::new(self.out, self.fold)?;
        let split = self.split();
        let validates = self.validation_share() > 0.0;
        ensure!(
            split.training.len() > 1 && (!validates || !split.validation.is_empty()),
            "{} clips to learn from and {} to choose the epoch by are too few: the other folds \
             need two recordings of a label at least, better ten",
            split.training.len(),
            split.validation.len()
        );
        let mut done = folder.progress()?.unwrap_or_default();
        if done.test.is_none() {
            self.tell_what_is_lacking(&split);
            folder.keep_origin(&self.origin()?, done.steps > 0)?;
            match self.head() {
                Head::Trained => self.train(&folder, &split, &mut done)?,
                Head::Logistic => self.fit_head(&folder, &split, &mut done)?,
            }
            self.test(&folder, &split, &mut done)?;
        }
        self.outcome(&split, done).context("the fold has no test")
    }

    /// Labels that the network will have and never hear.
    fn tell_what_is_lacking(&self, split: &Split) {
        let taught = |label: &usize| {
            let mut clips = split.training.iter().map(|&clip| &self.dataset.clips[clip]);
            clips.any(|clip| clip.labels.contains(label))
        };
        let lacking = (0..self.dataset.labels.len()).filter(|label| !taught(label));
        let names: Vec<&str> = lacking.map(|label| &*self.dataset.labels[label]).collect();
        if !names.is_empty() && !self.quiet {
            eprintln!(
                "fold {}: no sound to learn {} from; those there are are held back. More sounds, of more recordings, \
                 help",
                self.fold,
                names.join(", ")
            );
        }
    }

    /// What the fold came to, if an earlier run finished it.
    pub(super) fn finished(&self) -> anyhow::Result<Option<FoldOutcome>> {
        let folder = FoldFolder::existing(self.out, self.fold);
        let done = folder.map(|folder| folder.progress()).transpose()?;
        Ok(done
            .flatten()
            .and_then(|done| self.outcome(&self.split(), done)))
    }

    fn split(&self) -> Split {
        let share = self.validation_share();
        split(self.dataset, self.fold, share, self.recipe.seed)
    }

    fn head(&self) -> Head {
        let start = self.recipe.start.as_ref();
        start.map(|start| start.head).unwrap_or_default()
    }

    /// Where there are no epochs to choose among, all clips are learned from.
    fn validation_share(&self) -> f64 {
        match self.head() {
            Head::Trained => self.recipe.validation_share,
            Head::Logistic => 0.0,
        }
    }

    /// Refuses crops in which a network of this shape, the recipe's or a model's, hears nothing.
    pub(super) fn check_crops(&self, architecture: &Architecture) -> anyhow::Result<()> {
        match self.recipe.crop_problem(architecture) {
            Some(problem) => bail!("{problem}"),
            None => Ok(()),
        }
    }

    fn outcome(&self, split: &Split, done: Progress) -> Option<FoldOutcome> {
        Some(FoldOutcome {
            fold: self.fold,
            training_clips: split.training.len(),
            validation_clips: split.validation.len(),
            test_clips: split.test.len(),
            best_epoch: done.best_epoch,
            parameters: done.parameters,
            multiply_adds_per_second: done.multiply_adds_per_second,
            seconds: done.epochs.iter().map(|epoch| epoch.seconds).sum(),
            cpu_seconds: done.epochs.iter().map(|epoch| epoch.cpu_seconds).sum(),
            gpu: done.gpu,
            test: done.test?,
            epochs: done.epochs,
        })
    }

    /// What batches are made of.
    pub(super) fn material<'a>(
        &'a self,
        means: &'a [f32],
        teacher: Option<&'a dyn Teacher>,
    ) -> Material<'a> {
        Material {
            recipe: self.recipe,
            features: self.features,
            audio: self.audio,
            dataset: self.dataset,
            means,
            teacher,
        }
    }

    fn test(&self, folder: &FoldFolder, split: &Split, done: &mut Progress) -> anyhow::Result<()> {
        let path = folder.path(MODEL);
        let mut best = ModelFile::read(&path).context("the best weights: --restart begins anew")?;
        let test = self.evaluate(&best.card, &best.weights, &split.test);
        best.card.accuracy = vec![self.accuracy(&test)];
        done.parameters = best.card.parameters;
        done.multiply_adds_per_second = best.card.multiply_adds_per_second;
        ModelFile::seal(best.card, best.weights)?.write(&path)?;
        let title = format!("{}: {:.1} %", self.title(), 100.0 * test.value());
        let picture = folder.path(CONFUSION);
        if !test.confusion.is_empty() {
            report::confusion(&picture, &title, &self.dataset.labels, &test.confusion)?;
        }
        done.test = Some(test);
        folder.save_progress(done)
    }

    pub(super) fn evaluate(&self, card: &Card, weights: &Weights, indices: &[usize]) -> Evaluation {
        let clips: Vec<(&[f32], &[usize])> = indices
            .iter()
            .map(|&index| {
                let clip = &self.dataset.clips[index];
                (self.audio[index].as_slice(), &clip.labels[..])
            })
            .collect();
        evaluate(card, weights, &clips)
    }

    pub(super) fn title(&self) -> String {
        fold_title(&self.recipe.name, self.fold)
    }

    pub(super) fn random(&self, purpose: &[u64]) -> rand_chacha::ChaCha8Rng {
        let purpose: Vec<u64> = [self.fold as u64].iter().chain(purpose).copied().collect();
        random::stream(self.recipe.seed, &purpose)
    }
}
