//! The data that all parts of a fold's training read.

use std::path::Path;

use anyhow::bail;
use hamiltone_engine::features::FeatureSettings;
use hamiltone_engine::network::Architecture;
use rand_chacha::ChaCha8Rng;

use crate::dataset::{Dataset, Split, split};
use crate::random;
use crate::recipe::{Head, Recipe};
use crate::teacher::TeacherLoader;

/// Purposes of a fold's random streams ([`Fold::random`]).
pub(super) const INITIAL: u64 = 1;
pub(super) const ORDER: u64 = 2;
pub(super) const DROPOUT: u64 = 4;
pub(super) const CLIPS: u64 = 7;
/// The last part of a clip's purpose: its late beginning has random numbers of its own, so that all else stays as it is
/// without.
pub(super) const LATE: u64 = u64::from_le_bytes(*b"set late");

/// Purposes of streams that have the fold in a later part ([`random::stream`]).
pub(super) const BATCH: u64 = 3;
pub(super) const VIEW: u64 = 5;
pub(super) const CHOSEN_VIEW: u64 = 6;

/// One fold of a run: a recipe, a data set with its audio, and where results go.
#[derive(Clone, Copy)]
pub(super) struct Fold<'a> {
    /// The fold that is tested.
    pub(super) number: usize,
    pub(super) recipe: &'a Recipe,
    pub(super) dataset: &'a Dataset,
    /// The samples of each clip of the data set.
    pub(super) audio: &'a [Vec<f32>],
    pub(super) features: &'a FeatureSettings,
    pub(super) teachers: &'a dyn TeacherLoader,
    /// The run's folder.
    pub(super) out: &'a Path,
    pub(super) quiet: bool,
}

impl Fold<'_> {
    /// Random numbers for one purpose, others for every seed and fold.
    pub(super) fn random(&self, purpose: &[u64]) -> ChaCha8Rng {
        random::fold_stream(self.recipe.seed, self.number as u64, purpose)
    }

    /// How the head learns.
    pub(super) fn head(&self) -> Head {
        let start = self.recipe.start.as_ref();
        start.map(|start| start.head).unwrap_or_default()
    }

    /// Training, validation and test clips.
    pub(super) fn split(&self) -> Split {
        let share = self.validation_share();
        let mut split = split(self.dataset, self.number, share, self.recipe.seed);
        if let Some(most) = self.recipe.clips_per_label {
            split.limit_training(self.dataset, most, &mut self.random(&[CLIPS]));
        }
        split
    }

    /// Where there are no epochs to choose among, all clips are learned from.
    pub(super) fn validation_share(&self) -> f64 {
        match self.head() {
            Head::Trained => self.recipe.validation_share,
            Head::Logistic => 0.0,
        }
    }

    /// Labels as the card has them.
    pub(super) fn label_names(&self) -> Vec<String> {
        let names = self.dataset.labels.iter();
        names.map(|label| label.replace('_', " ")).collect()
    }

    /// Refuses crops that are too short for a network of this shape.
    ///
    /// # Errors
    /// If they are.
    pub(super) fn check_crops(&self, architecture: &Architecture) -> anyhow::Result<()> {
        match self.recipe.crop_problem(architecture) {
            Some(problem) => bail!("{problem}"),
            None => Ok(()),
        }
    }
}
