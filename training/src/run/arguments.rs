use std::path::PathBuf;

use hamiltone_engine::features::FeatureSettings;
use hamiltone_engine::network::{Algebra, Architecture};
use serde::Serialize;

use crate::augmentation::Augmentation;
use crate::dataset::Task;
use crate::optimisation::Optimisation;

/// What `train` is told.
#[derive(clap::Args, Debug, Clone)]
pub struct TrainArguments {
    /// Folder of the data set, or of several data sets.
    #[arg(long)]
    pub data: PathBuf,
    /// Folder for decoded audio [default: hamiltone in the user's cache folder].
    #[arg(long)]
    pub cache: Option<PathBuf>,
    /// What to learn.
    #[arg(long, value_enum)]
    pub task: Task,
    /// Folder for checkpoints, models, results and pictures; a run in it is resumed.
    #[arg(long)]
    pub out: PathBuf,
    /// Folds to test, each with a training of its own [default: all]. The results are over all
    /// folds that are finished in the folder.
    #[arg(long, value_delimiter = ',')]
    pub folds: Vec<usize>,
    /// Passes over the training clips.
    #[arg(long, default_value_t = 50)]
    pub epochs: usize,
    /// Clips in a batch.
    #[arg(long, default_value_t = 8)]
    pub batch: usize,
    /// Channels of the first block; each further block has twice as many.
    #[arg(long, default_value_t = 16)]
    pub channels: usize,
    /// Blocks of two convolutions; all but the last pool.
    #[arg(long, default_value_t = 5)]
    pub blocks: usize,
    /// Real weights in place of quaternions: the ordinary network of the same channels.
    #[arg(long)]
    pub real: bool,
    /// Learning rate at the top of its schedule.
    #[arg(long, default_value_t = Optimisation::default().learning_rate)]
    pub learning_rate: f64,
    /// Seed of everything random.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Name of the models [default: the task].
    #[arg(long)]
    pub name: Option<String>,
    /// Forget the run in the folder and begin anew.
    #[arg(long)]
    pub restart: bool,
    /// No progress, no summary.
    #[arg(long)]
    pub quiet: bool,
    /// Print the results as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Everything that decides the outcome of a run, data aside.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recipe {
    /// What is learned.
    pub task: Task,
    /// Name of the models.
    pub name: String,
    /// Seed of everything random.
    pub seed: u64,
    /// Passes over the training clips.
    pub epochs: usize,
    /// Clips in a batch.
    pub batch: usize,
    /// Channels of the first block.
    pub channels: usize,
    /// Blocks.
    pub blocks: usize,
    /// Quaternion weights or real ones.
    pub algebra: Algebra,
    /// Length of the crops of a batch in seconds, from ... to.
    pub crop_s: (f32, f32),
    /// Share of each label's training clips that is kept to choose the epoch by.
    pub validation_share: f64,
    /// Share of the label that is spread over all labels.
    pub label_smoothing: f32,
    /// Share of the features that is dropped before each layer of the head.
    pub dropout: f32,
    /// Changes to the clips.
    pub augmentation: Augmentation,
    /// Changes to the weights.
    pub optimisation: Optimisation,
}

impl TrainArguments {
    /// The recipe these arguments ask for.
    pub fn recipe(&self) -> Recipe {
        Recipe {
            task: self.task,
            name: self
                .name
                .clone()
                .unwrap_or_else(|| self.task.name().to_owned()),
            seed: self.seed,
            epochs: self.epochs,
            batch: self.batch,
            channels: self.channels,
            blocks: self.blocks,
            algebra: if self.real {
                Algebra::Real
            } else {
                Algebra::Quaternion
            },
            crop_s: (1.5, 3.5),
            validation_share: 0.1,
            label_smoothing: 0.05,
            dropout: 0.2,
            augmentation: Augmentation::default(),
            optimisation: Optimisation {
                learning_rate: self.learning_rate,
                ..Optimisation::default()
            },
        }
    }

    pub(super) fn say(&self, line: &str) {
        if !self.quiet {
            eprintln!("{line}");
        }
    }
}

impl Recipe {
    /// Says what cannot be, if anything.
    pub fn problem(&self) -> Option<String> {
        let rate = self.optimisation.learning_rate;
        let checks = [
            (self.epochs >= 1, "--epochs must be 1 or more"),
            (
                self.batch >= 2,
                "--batch must be 2 or more: a batch norm needs company",
            ),
            (
                (4..=8_192).contains(&self.channels),
                "--channels must be 4 to 8192",
            ),
            ((1..=8).contains(&self.blocks), "--blocks must be 1 to 8"),
            (
                rate > 0.0 && rate <= 1.0,
                "--learning-rate must be over 0, at most 1",
            ),
        ];
        if let Some((_, problem)) = checks.iter().find(|(fine, _)| !fine) {
            return Some((*problem).to_owned());
        }
        let mels = FeatureSettings::default().mel_bands;
        let problem = self.architecture(2).problem(mels)?; // how many labels does not matter
        Some(format!(
            "--channels {} and --blocks {}: {problem}",
            self.channels, self.blocks
        ))
    }

    /// The network's shape.
    pub fn architecture(&self, labels: usize) -> Architecture {
        let shape = Architecture::doubling(self.channels, self.blocks, false, 1.0, labels);
        Architecture {
            algebra: self.algebra,
            ..shape
        }
    }
}
