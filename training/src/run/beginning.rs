//! What a fold's training begins with: a shape, weights, and where they come from.

use std::path::Path;

use anyhow::{Context, ensure};
use hamiltone_engine::features::{COMPONENTS, FeatureSettings, quaternion_frames};
use hamiltone_engine::model::{Accuracy, Card, ModelFile, Probe};
use hamiltone_engine::network::streaming::Weights;
use hamiltone_engine::network::{Algebra, Architecture};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::fold::{FoldTask, INITIAL};
use super::head::without_head;
use super::network::initial_weights;
use super::recipe::{Head, Start};
use crate::evaluation::Evaluation;
use crate::files;
use crate::heritage::{Heritage, Role};
use crate::pruning::remove;
use crate::teacher::{Teacher, TeacherRequest};
use crate::widening::pool_by;

/// A mel's variance counts as this share of its component's mean variance at least. In clips that
/// were recorded at 16 or 22 kHz the highest mels are always silent; divided by next to nothing,
/// the first noise that augmentation adds there would drown everything else.
const LEAST_VARIANCE: f64 = 0.1;

/// A network before its first step.
pub(super) struct Beginning {
    pub(super) architecture: Architecture,
    pub(super) weights: Weights,
    /// The model it comes from.
    parent: Option<String>,
    /// How that was pruned.
    pruning: Option<String>,
    /// What it has learned from in the end, models before it included.
    heritage: Heritage,
}

impl FoldTask<'_> {
    /// Fresh weights, or those of the model that the recipe starts from.
    pub(super) fn beginning(
        &self,
        training: &[usize],
        teacher: Option<&dyn Teacher>,
    ) -> anyhow::Result<Beginning> {
        let mut beginning = match &self.recipe.start {
            Some(start) => self.begin_from(start)?,
            None => self.begin_anew(training)?,
        };
        if let Some(teacher) = teacher {
            // No weights are the teacher's, but what its sounds taught it is passed on.
            beginning.heritage = beginning.heritage.and(Role::Teacher, &teacher.heritage());
        }
        Ok(beginning)
    }

    fn begin_anew(&self, training: &[usize]) -> anyhow::Result<Beginning> {
        let labels = self.dataset.labels.len();
        let architecture = match &self.recipe.shape_of {
            None => self.recipe.architecture(labels),
            Some(template) => {
                let shape = self.model(template)?.card.architecture;
                let pooling = self.recipe.temporal_pooling;
                Architecture {
                    labels,
                    temporal_pooling: pooling.unwrap_or(shape.temporal_pooling),
                    ..shape
                }
            }
        };
        let audio: Vec<&[f32]> = training.iter().map(|&clip| &self.audio[clip][..]).collect();
        let norm = input_statistics(self.features, &audio);
        let mut random = self.random(&[INITIAL]);
        let weights = initial_weights(&architecture, self.features, norm, &mut random);
        Ok(Beginning {
            architecture,
            weights,
            parent: None,
            pruning: None,
            heritage: self.heritage(),
        })
    }

    fn begin_from(&self, start: &Start) -> anyhow::Result<Beginning> {
        let ModelFile { card, mut weights } = self.model(&start.model)?;
        let mut architecture = card.architecture.clone();
        let pooling = self.recipe.temporal_pooling;
        if start.head == Head::Logistic {
            architecture.temporal_pooling = pooling.unwrap_or(architecture.temporal_pooling);
            architecture.labels = self.dataset.labels.len();
            without_head(&mut architecture, &mut weights, self.features.mel_bands);
        } else if card.labels != self.label_names() {
            // Another task: what the hidden layer says is of use there too, the output layer is new.
            architecture.labels = self.dataset.labels.len();
            let mels = self.features.mel_bands;
            let norm = (vec![0.0; COMPONENTS * mels], vec![1.0; COMPONENTS * mels]);
            let mut random = self.random(&[INITIAL]);
            let fresh = initial_weights(&architecture, self.features, norm, &mut random);
            weights.extend(
                fresh
                    .into_iter()
                    .filter(|(name, _)| name.starts_with("head.output.")),
            );
        }
        if let Some(pooling) = pooling {
            pool_by(pooling, &mut architecture, &mut weights).context("start.model")?;
        }
        let mut pruned = None;
        if let Some(pruning) = &self.recipe.pruning {
            let kept = pruning.kept(&architecture, &weights, self.features, self.recipe.seed)?;
            (architecture, weights) = remove(&architecture, &weights, &kept)?;
            pruned = Some(pruning.to_string());
        }
        let role = match start.frozen {
            true => Role::Trunk,
            false => Role::Beginning,
        };
        Ok(Beginning {
            architecture,
            weights,
            heritage: self.heritage().and(role, &Heritage::of(&card)),
            parent: Some(card.name),
            pruning: pruned.or(card.pruning),
        })
    }

    /// The data set's own.
    fn heritage(&self) -> Heritage {
        let title = self.recipe.task.title();
        Heritage::new(
            &format!("{title} (all folds but {})", self.fold),
            &self.dataset.licences.join("; "),
        )
    }

    /// Hash and path of each file that the recipe names, a line each.
    pub(super) fn origin(&self) -> anyhow::Result<String> {
        let mut lines = String::new();
        for path in self.recipe.files(self.fold) {
            let bytes = std::fs::read(&path)
                .with_context(|| format!("{}, which the recipe names", path.display()))?;
            lines += &format!(
                "{}  {}\n",
                files::hex(&Sha256::digest(bytes)),
                path.display()
            );
        }
        Ok(lines)
    }

    /// Refuses what cannot begin, before an old run in the folder is forgotten for it.
    pub(super) fn check_restart(&self) -> anyhow::Result<()> {
        let out = self.out.canonicalize()?;
        for path in self.recipe.files(self.fold) {
            ensure!(
                !path.canonicalize().is_ok_and(|path| path.starts_with(&out)),
                "{} is in --out, where --restart removes it: choose another --out",
                path.display()
            );
        }
        if let Some(start) = &self.recipe.start {
            self.check_crops(&self.begin_from(start)?.architecture)?;
        }
        if let Some(shape) = &self.recipe.shape_of {
            self.check_crops(&self.model(shape)?.card.architecture)?;
        }
        self.teacher().map(|_| ())
    }

    /// A model file of the recipe, with this fold's number in its name.
    fn model(&self, template: &str) -> anyhow::Result<ModelFile> {
        let path = self.recipe.path(template, self.fold);
        let file = ModelFile::read(&path).context("a model that the recipe names")?;
        ensure!(
            file.card.features.equals_but_for_level(self.features),
            "{} has other feature settings: its weights mean something else",
            path.display()
        );
        Ok(file)
    }

    /// The teacher of the recipe, if it has one.
    pub(super) fn teacher(&self) -> anyhow::Result<Option<Box<dyn Teacher>>> {
        let Some(distillation) = &self.recipe.distillation else {
            return Ok(None);
        };
        let path = self.recipe.path(&distillation.teacher, self.fold);
        let request = TeacherRequest {
            path: &path,
            map: distillation.map.as_deref().map(Path::new),
            labels: &self.label_names(),
            features: self.features,
        };
        self.teachers.open(&request).map(Some)
    }

    /// Labels as the card has them.
    fn label_names(&self) -> Vec<String> {
        let names = self.dataset.labels.iter();
        names.map(|label| label.replace('_', " ")).collect()
    }

    pub(super) fn accuracy(&self, test: &Evaluation) -> Accuracy {
        Accuracy {
            measure: test.measure().into(),
            value: test.value(),
            spread: None,
            protocol: format!(
                "{}, fold {}, which it has not seen ({} clips); trained on the other folds",
                self.recipe.task.name(),
                self.fold,
                test.clips
            ),
            other_corpora: Vec::new(),
        }
    }

    pub(super) fn card(&self, beginning: &Beginning, test: Option<&Evaluation>) -> Card {
        let recipe = self.recipe;
        let kind = match beginning.architecture.algebra {
            Algebra::Quaternion => "Quaternion CNN",
            Algebra::Real => "Real CNN",
        };
        Card {
            format_version: 0, // this and the counts are filled in when the file is sealed
            name: recipe.name.clone(),
            description: format!("{kind} for {}", recipe.task.title()),
            task: self.dataset.kind,
            labels: self.label_names(),
            groups: Vec::new(),
            parents: Vec::new(),
            class_statistics: None,
            calibration: None,
            choices: Vec::new(),
            features: self.features.clone(),
            architecture: beginning.architecture.clone(),
            default_window_s: 2.0,
            training_data: beginning.heritage.training_data.clone(),
            licence: beginning.heritage.licence.clone(),
            accuracy: test.map(|test| self.accuracy(test)).into_iter().collect(),
            parameters: 0,
            multiply_adds_per_second: 0,
            memory_bytes: 0,
            parent: beginning.parent.clone(),
            pruning: beginning.pruning.clone(),
            probe: Probe {
                seed: recipe.seed,
                input_sha256: String::new(),
                logits: Vec::new(),
            },
            checksums: None,
        }
    }
}

/// Mean and variance of each component and mel over clips, for the input norm.
pub fn input_statistics(features: &FeatureSettings, clips: &[&[f32]]) -> (Vec<f32>, Vec<f32>) {
    let size = COMPONENTS * features.mel_bands;
    let sums: Vec<(Vec<f64>, Vec<f64>, usize)> = clips
        .par_iter()
        .map(|clip| {
            let (mut sum, mut squares) = (vec![0.0; size], vec![0.0; size]);
            let frames = quaternion_frames(features, clip);
            for frame in frames.chunks_exact(size) {
                for (index, value) in frame.iter().enumerate() {
                    sum[index] += f64::from(*value);
                    squares[index] += f64::from(*value).powi(2);
                }
            }
            (sum, squares, frames.len() / size)
        })
        .collect();
    let count = sums.iter().map(|(_, _, count)| count).sum::<usize>().max(1) as f64;
    let total = |index: usize, square: bool| -> f64 {
        sums.iter()
            .map(|(sum, squares, _)| if square { squares[index] } else { sum[index] })
            .sum()
    };
    let mean: Vec<f64> = (0..size).map(|index| total(index, false) / count).collect();
    let mut variance: Vec<f64> = (0..size)
        .map(|i| total(i, true) / count - mean[i] * mean[i])
        .collect();
    for of_component in variance.chunks_exact_mut(features.mel_bands) {
        let usual = of_component.iter().sum::<f64>() / of_component.len() as f64;
        let least = (LEAST_VARIANCE * usual).max(1e-4);
        of_component.iter_mut().for_each(|v| *v = v.max(least));
    }
    (
        mean.iter().map(|mean| *mean as f32).collect(),
        variance.iter().map(|v| *v as f32).collect(),
    )
}
