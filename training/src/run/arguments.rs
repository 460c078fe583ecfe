//! The arguments of `train`.

use std::path::PathBuf;

use anyhow::Context;

use crate::dataset::Task;
use crate::recipe::Recipe;

/// Arguments of `train`.
#[derive(clap::Args, Debug, Clone)]
pub struct TrainArguments {
    /// Folder of the data set, or of several data sets.
    #[arg(long)]
    pub data: PathBuf,
    /// Folder for decoded audio [default: hamiltone in the user's cache folder].
    #[arg(long)]
    pub cache: Option<PathBuf>,
    /// The task; a recipe can name it instead.
    #[arg(long, value_enum, required_unless_present = "recipe")]
    pub task: Option<Task>,
    /// A recipe in TOML (examples in training/recipes); settings that it leaves out have their defaults.
    #[arg(long)]
    pub recipe: Option<PathBuf>,
    /// Folder for checkpoints, models, results and pictures; a run in it is resumed.
    #[arg(long)]
    pub out: PathBuf,
    /// Folds to test, each with its own training [default: all]. The results are over all
    /// finished folds of the folder.
    #[arg(long, value_delimiter = ',')]
    pub folds: Vec<usize>,
    /// Several seeds, one run each, in folders `seed1`, `seed2` ... inside --out.
    #[arg(long, value_delimiter = ',', conflicts_with = "seed")]
    pub seeds: Vec<u64>,
    /// Passes over the training clips.
    #[arg(long)]
    pub epochs: Option<usize>,
    /// Clips in a batch.
    #[arg(long)]
    pub batch: Option<usize>,
    /// Channels of the first block; each further block has twice as many.
    #[arg(long)]
    pub channels: Option<usize>,
    /// Blocks of two convolutions; all but the last pool.
    #[arg(long)]
    pub blocks: Option<usize>,
    /// Real weights instead of quaternions: the ordinary network of the same channels.
    #[arg(long)]
    pub real: bool,
    /// Peak learning rate of the schedule.
    #[arg(long)]
    pub learning_rate: Option<f64>,
    /// Seed of all random numbers.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Name of the models [default: the task; for folders, the name of the --out folder].
    #[arg(long)]
    pub name: Option<String>,
    /// Any other setting of the recipe, in TOML: `--set augmentation.gain_db=3`. Repeatable.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Fail if a clip cannot be read, instead of leaving it out.
    #[arg(long)]
    pub strict: bool,
    /// Delete the run in the folder and begin anew.
    #[arg(long)]
    pub restart: bool,
    /// No progress, no summary.
    #[arg(long)]
    pub quiet: bool,
    /// Print the results as JSON.
    #[arg(long)]
    pub json: bool,
}

impl TrainArguments {
    /// The recipe these arguments ask for: the task's own, changed by the file, changed by flags.
    ///
    /// # Errors
    /// If the file cannot be read or understood, or what results makes no sense.
    pub fn recipe(&self) -> anyhow::Result<Recipe> {
        let mut settings = match &self.recipe {
            None => toml::Table::new(),
            Some(path) => std::fs::read_to_string(path)
                .with_context(|| format!("--recipe {}", path.display()))?
                .parse()
                .with_context(|| format!("--recipe {}", path.display()))?,
        };
        let mut flags = self.flags();
        flags.extend(self.set.iter().cloned());
        for line in flags {
            let change: toml::Table = line.parse().with_context(|| {
                format!("--set {line:?} is not a setting in TOML, such as epochs=20")
            })?;
            Recipe::merge(&mut settings, change);
        }
        Recipe::from_settings(settings)
    }

    /// These arguments, with the name of the --out folder for models of the task `folders` that have no name.
    ///
    /// # Errors
    /// Those of [`recipe`](Self::recipe).
    pub(super) fn named(&self) -> anyhow::Result<Self> {
        let recipe = self.recipe()?;
        let unnamed = recipe.task == Task::Folders && recipe.name == Task::Folders.name();
        let folder = self
            .out
            .file_name()
            .filter(|_| unnamed && self.name.is_none());
        Ok(Self {
            name: folder
                .map(|name| name.to_string_lossy().into_owned())
                .or_else(|| self.name.clone()),
            ..self.clone()
        })
    }

    /// The flags as lines of TOML.
    fn flags(&self) -> Vec<String> {
        let quoted = |text: &str| toml::Value::from(text).to_string();
        let number = |name: &str, value: Option<String>| value.map(|v| format!("{name} = {v}"));
        [
            self.task
                .map(|task| format!("task = {}", quoted(task.name()))),
            self.name
                .as_ref()
                .map(|name| format!("name = {}", quoted(name))),
            number("epochs", self.epochs.map(|v| v.to_string())),
            number("batch", self.batch.map(|v| v.to_string())),
            number("channels", self.channels.map(|v| v.to_string())),
            number("blocks", self.blocks.map(|v| v.to_string())),
            number("seed", self.seed.map(|v| v.to_string())),
            number(
                "optimisation.learning_rate",
                self.learning_rate.map(toml_float),
            ),
            self.real.then(|| "algebra = \"real\"".to_owned()),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    pub(super) fn say(&self, line: &str) {
        if !self.quiet {
            eprintln!("{line}");
        }
    }
}

fn toml_float(value: f64) -> String {
    toml::Value::from(value).to_string()
}
