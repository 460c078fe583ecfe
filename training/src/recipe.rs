//! Everything that decides the outcome of a run, data aside.

use std::path::PathBuf;

use anyhow::{Context, bail};
use hamiltone_engine::features::{Components, FeatureSettings, FrontEnd};
use hamiltone_engine::network::{Algebra, Architecture, Block, TemporalPooling};
use serde::{Deserialize, Serialize};

use crate::augmentation::Augmentation;
use crate::dataset::Task;

use crate::pruning::Pruning;
use crate::trainer::Optimisation;

/// A condition on a recipe, with the message where it is not met.
type Check = (bool, &'static str);

/// A recipe; in TOML under the same names. A file names the task and what differs from the task's
/// own recipe ([`Recipe::new`]).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// The task.
    pub task: Task,
    /// Name of the models.
    pub name: String,
    /// Seed of everything random.
    pub seed: u64,
    /// Passes over the training clips.
    pub epochs: usize,
    /// Ends a fold after so many epochs without a lower validation loss; 0: never.
    pub patience: usize,
    /// Clips in a batch.
    pub batch: usize,
    /// Whether every label is drawn equally often.
    pub balanced: bool,
    /// Channels of the first block, twice as many in each further one.
    pub channels: usize,
    /// Blocks.
    pub blocks: usize,
    /// Quaternion weights or real ones.
    pub algebra: Algebra,
    /// The head's features of a window, if not those of the model that the recipe starts from
    /// (or mean + max): `statistics` is that and mean and deviation of each block.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temporal_pooling: Option<TemporalPooling>,
    /// The three imaginary components of a frame.
    pub components: Components,
    /// Length of the crops of a batch in seconds, from ... to.
    pub crop_s: (f32, f32),
    /// Share of each label's training clips that is kept to choose the epoch by. At 0 all are
    /// learned from, and the last epoch is taken.
    pub validation_share: f64,
    /// Learn from so many clips of each label at most, drawn at random in every fold: for measuring what more
    /// sounds are worth. The test keeps all of its clips.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clips_per_label: Option<usize>,
    /// Share of the label that is spread over all labels.
    pub label_smoothing: f32,
    /// Share of the features that is dropped before each layer of the head.
    pub dropout: f32,
    /// Changes to the clips.
    pub augmentation: Augmentation,
    /// Changes to the weights.
    pub optimisation: Optimisation,
    /// A model to start from instead of fresh weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Start>,
    /// Filters that are removed from that model before training.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pruning: Option<Pruning>,
    /// A teacher for distillation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distillation: Option<Distillation>,
    /// A model file with the shape of a fresh network, instead of channels and blocks; `{fold}`
    /// and `{seed}` stand for those of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape_of: Option<String>,
    /// The blocks of a fresh network, instead of channels and blocks: a table `[[trunk]]` for each, with 3×3
    /// convolutions or separable units.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trunk: Vec<Block>,
}

/// A model to go on from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// Its file; `{fold}` and `{seed}` stand for those of the run, so that no fold begins with
    /// what has seen its test clips. Where its labels are others it gets a new output layer.
    pub model: String,
    /// Whether only the head learns.
    #[serde(default)]
    pub frozen: bool,
    /// For a frozen trunk: how many versions of each clip it computes features of, each cut and changed in another way
    /// (the first time whole, as it is), before the head learns from what the trunk made of these.
    /// Much faster than computing them anew in every epoch, which 0 means.
    #[serde(default, skip_serializing_if = "is_none")]
    pub views: usize,
    /// How the head learns.
    #[serde(default, skip_serializing_if = "Head::is_trained")]
    pub head: Head,
}

/// How a head learns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Head {
    /// Step by step, hidden layer and output layer.
    #[default]
    Trained,
    /// Logistic regression on the features of a frozen trunk: no hidden layer, no epochs. The penalty is
    /// chosen by parts of the training clips.
    Logistic,
}

impl Head {
    fn is_trained(&self) -> bool {
        *self == Self::Trained
    }
}

/// Learning from another network (Hinton et al., arXiv 1503.02531).
///
/// A logistic head (`start.head`) has the teacher in its targets: its logits as standard scores over
/// the training clips, divided by the temperature, as a distribution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Distillation {
    /// The teacher: a model file with the same labels (`{fold}`, `{seed}` as in [`Start`]), or an
    /// ONNX file with its own front end.
    pub teacher: String,
    /// For an ONNX teacher: a table of which of its labels stand for ours
    /// (columns `class` and `audioset527_index`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub map: Option<String>,
    /// The divisor of both networks' logits, or of the teacher's standard scores.
    #[serde(default = "usual_temperature")]
    pub temperature: f32,
    /// Share of the loss, or of a logistic head's targets, that is the teacher's; the rest is the labels'.
    #[serde(default = "usual_weight")]
    pub weight: f32,
}

impl Start {
    fn checks(&self) -> [Check; 2] {
        [
            (
                self.views == 0 || self.frozen,
                "start.views are for a frozen trunk: start.frozen = true",
            ),
            (
                self.head.is_trained() || self.views > 0,
                "start.head = 'logistic' is for start.views of a frozen trunk",
            ),
        ]
    }
}

impl Distillation {
    fn checks(&self) -> [Check; 2] {
        [
            (
                self.temperature > 0.0
                    && self.temperature.is_finite()
                    && (0.0..=1.0).contains(&self.weight),
                "distillation needs a temperature over 0 and a weight from 0 to 1",
            ),
            (
                self.map.is_some() == self.teacher.ends_with(".onnx"),
                "a teacher in an ONNX file needs a map of its labels, another must have none",
            ),
        ]
    }
}

fn is_none(views: &usize) -> bool {
    *views == 0
}

fn usual_temperature() -> f32 {
    2.0 // arXiv 2510.21388
}

fn usual_weight() -> f32 {
    0.5
}

impl Recipe {
    /// The recipe of a task where nothing else is said.
    pub fn new(task: Task) -> Self {
        Self {
            task,
            name: task.name().to_owned(),
            seed: 1,
            epochs: 50,
            patience: 0,
            batch: 8,
            balanced: false,
            channels: 16,
            blocks: 5,
            algebra: Algebra::Quaternion,
            temporal_pooling: None,
            components: Components::Deltas,
            crop_s: (1.5, 3.5),
            validation_share: 0.1,
            clips_per_label: None,
            label_smoothing: 0.05,
            dropout: 0.0, // 0.3 cost ten points on RAVDESS (docs/decisions)
            augmentation: Augmentation::default(),
            optimisation: Optimisation::default(),
            start: None,
            pruning: None,
            distillation: None,
            shape_of: None,
            trunk: Vec::new(),
        }
    }

    /// The task's recipe with some settings changed.
    ///
    /// # Errors
    /// If a setting is unknown or what results makes no sense.
    pub fn from_settings(settings: toml::Table) -> anyhow::Result<Self> {
        let task = settings
            .get("task")
            .context("a recipe must name its task")?;
        let task: Task = task.clone().try_into().context("the task of a recipe")?;
        let mut all = toml::Table::try_from(Self::new(task))?;
        Self::merge(&mut all, settings);
        let recipe: Self = all.try_into().context("the recipe")?;
        match recipe.problem() {
            Some(problem) => bail!("{problem}"),
            None => Ok(recipe),
        }
    }

    /// Takes settings over others, table by table.
    pub fn merge(settings: &mut toml::Table, changes: toml::Table) {
        for (name, change) in changes {
            match (settings.get_mut(&name), change) {
                (Some(toml::Value::Table(inside)), toml::Value::Table(changes)) => {
                    Self::merge(inside, changes);
                }
                (_, change) => {
                    settings.insert(name, change);
                }
            }
        }
    }

    /// A path with `{fold}` and `{seed}` filled in.
    pub(crate) fn path(&self, template: &str, fold: usize) -> PathBuf {
        template
            .replace("{fold}", &fold.to_string())
            .replace("{seed}", &self.seed.to_string())
            .into()
    }

    /// The files it names: models, a teacher, a map of labels.
    pub(crate) fn files(&self, fold: usize) -> Vec<PathBuf> {
        let start = self.start.iter().map(|start| &start.model);
        let teachers = self.distillation.iter();
        let teachers = teachers.flat_map(|d| std::iter::once(&d.teacher).chain(&d.map));
        let templates = start.chain(&self.shape_of).chain(teachers);
        templates.map(|name| self.path(name, fold)).collect()
    }

    /// Says what cannot be, if anything.
    fn problem(&self) -> Option<String> {
        let checks = self.checks().into_iter();
        let mut checks = checks
            .chain(self.augmentation.checks())
            .chain(self.optimisation.checks())
            .chain(self.start.iter().flat_map(Start::checks))
            .chain(self.distillation.iter().flat_map(Distillation::checks))
            .chain(self.relations());
        if let Some((_, problem)) = checks.find(|(fine, _)| !fine) {
            return Some(problem.to_owned());
        }
        let architecture = self.architecture(2); // how many labels does not matter
        let problem = architecture.problem(self.features().mel_bands);
        match problem {
            Some(problem) if !self.trunk.is_empty() => Some(format!("trunk: {problem}")),
            Some(problem) => Some(format!(
                "--channels {} and --blocks {}: {problem}",
                self.channels, self.blocks
            )),
            // Another network's shape is known when its file is read.
            None if self.start.is_some() || self.shape_of.is_some() => None,
            None => self.crop_problem(&architecture),
        }
    }

    fn checks(&self) -> [Check; 7] {
        let share = |value: f64| (0.0..1.0).contains(&value);
        let (least, most) = self.crop_s;
        [
            (self.epochs >= 1, "--epochs must be 1 or more"),
            (
                self.batch >= 2,
                "--batch must be 2 or more: batch normalisation needs statistics over several clips",
            ),
            (
                (4..=8_192).contains(&self.channels),
                "--channels must be 4 to 8192",
            ),
            ((1..=8).contains(&self.blocks), "--blocks must be 1 to 8"),
            (
                0.1 <= least && least <= most && most <= 60.0,
                "crop_s must be two lengths from 0.1 to 60 s, the shorter one first",
            ),
            (
                self.clips_per_label != Some(0),
                "clips_per_label must be 1 or more",
            ),
            (
                share(self.validation_share)
                    && share(self.label_smoothing.into())
                    && share(self.dropout.into()),
                "validation_share, label_smoothing and dropout must be from 0 to under 1",
            ),
        ]
    }

    /// Conditions between parts.
    fn relations(&self) -> [Check; 4] {
        let mixes = |start: &Start| !start.head.is_trained() && start.views > 1;
        [
            (
                self.augmentation.mixup_share == 0.0 || !self.start.as_ref().is_some_and(mixes),
                "start.head = 'logistic' chooses its penalty on held-out clips, and \
                 augmentation.mixup_share mixes them into the training clips: set it to 0",
            ),
            (
                self.pruning.is_none() || self.start.is_some(),
                "pruning needs a model to prune: start.model",
            ),
            (
                self.start.is_none() || self.shape_of.is_none(),
                "start and shape_of cannot both say what the network is",
            ),
            (
                self.trunk.is_empty() || (self.start.is_none() && self.shape_of.is_none()),
                "trunk is for a fresh network of its own shape: without start and shape_of",
            ),
        ]
    }

    /// The problem if the shortest crops are too short for a network of this shape.
    pub(crate) fn crop_problem(&self, architecture: &Architecture) -> Option<String> {
        let features = self.features();
        let tenth = features.sample_rate as usize / 10;
        let needed = FrontEnd::samples_for(&features, architecture.frames_per_column());
        (tenths(self.crop_s.0) * tenth < needed).then(|| {
            format!(
                "crop_s begins at {} s, and this network needs at least {} s: take longer \
                 crops or fewer blocks",
                self.crop_s.0,
                needed.div_ceil(tenth) as f32 / 10.0
            )
        })
    }

    /// How the networks see sound.
    pub fn features(&self) -> FeatureSettings {
        FeatureSettings {
            components: self.components,
            ..FeatureSettings::default()
        }
    }

    /// The shape of a fresh network.
    pub fn architecture(&self, labels: usize) -> Architecture {
        let mut shape = Architecture::doubling(self.channels, self.blocks, false, 1.0, labels);
        if let Some(last) = self.trunk.last() {
            shape.hidden = last.filters.last().copied().unwrap_or(1);
            shape.blocks.clone_from(&self.trunk);
        }
        Architecture {
            algebra: self.algebra,
            temporal_pooling: self.temporal_pooling.unwrap_or_default(),
            ..shape
        }
    }
}

/// A length of crops in whole tenths of a second: a teacher's plan is for one length.
pub(crate) fn tenths(seconds: f32) -> usize {
    (10.0 * seconds).round().max(1.0) as usize
}
