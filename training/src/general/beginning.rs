//! What a long training begins with: fresh weights, a model, or where it stopped.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, ensure};
use candle_core::{Device, Tensor};
use hamiltone_engine::model::ModelFile;
use hamiltone_engine::network::Architecture;
use hamiltone_engine::network::streaming::Weights;
use sha2::{Digest, Sha256};

use super::Mixing;
use super::progress::{CHECKPOINT, MODEL, Progress};
use super::run::{AVERAGE_DECAY, School};
use crate::files;
use crate::optimisation::{AdamW, Optimisation};
use crate::pruning::remove;
use crate::random::stream;
use crate::run::{TrainingNetwork, initial_weights, input_statistics};
use crate::teacher::{LABELS, audioset_labels};

/// Streams of random numbers; see also those of the run.
const SURVEYED: u64 = 2;
const INITIAL: u64 = 3;

/// Where a network comes from.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Origin {
    /// SHA-256 of the model's file.
    pub(super) parent: Option<String>,
    /// How that was pruned.
    pub(super) pruning: Option<String>,
}

/// A student, somewhere on its way.
pub(super) struct Student {
    pub(super) done: Progress,
    pub(super) architecture: Architecture,
    pub(super) origin: Origin,
    pub(super) network: TrainingNetwork,
    pub(super) adam: AdamW,
}

/// A network before its first step.
struct Beginning {
    architecture: Architecture,
    weights: Weights,
    origin: Origin,
}

impl School<'_> {
    /// A new student, or that of the run in the folder.
    pub(super) fn begin(&self) -> anyhow::Result<Student> {
        let (arguments, device) = (self.arguments, Device::Cpu);
        let before = Progress::read(&arguments.out)?;
        let (done, beginning) = match before {
            Some(done) => (done, self.go_on()?),
            None => self.begin_anew()?,
        };
        let Beginning {
            architecture,
            weights,
            origin,
        } = beginning;
        let mut network = TrainingNetwork::new(&architecture, &self.features, &weights, &device)?;
        let settings = Optimisation {
            learning_rate: arguments.learning_rate,
            warm_up: 0.02,
            average_decay: AVERAGE_DECAY,
            ..Optimisation::default()
        };
        let mut adam = AdamW::new(settings, network.trained())?;
        if done.steps > 0 {
            let tensors = std::fs::read(arguments.out.join(CHECKPOINT))
                .context("the checkpoint of the run in --out")?;
            let tensors = candle_core::safetensors::load_buffer(&tensors, &device)?;
            let tensors: BTreeMap<String, Tensor> = tensors.into_iter().collect();
            network.restore(&tensors)?;
            adam.restore(&tensors, done.steps)?;
        }
        Ok(Student {
            done,
            architecture,
            origin,
            network,
            adam,
        })
    }

    /// The network of the run in the folder, if it is the one that is asked for.
    fn go_on(&self) -> anyhow::Result<Beginning> {
        let arguments = self.arguments;
        let ModelFile { card, weights } = ModelFile::read(&arguments.out.join(MODEL))?;
        let same = match &arguments.start {
            None => card.parent.is_none() && card.architecture == arguments.architecture(),
            Some(start) => {
                let pruning = arguments.pruning().map(|pruning| pruning.to_string());
                card.parent == Some(hash_of(start)?)
                    && (pruning.is_none() || pruning == card.pruning)
            }
        };
        ensure!(
            same,
            "{} holds a run of another shape or from another model: choose another --out",
            arguments.out.display()
        );
        Ok(Beginning {
            architecture: card.architecture,
            weights,
            origin: Origin {
                parent: card.parent,
                pruning: card.pruning,
            },
        })
    }

    fn begin_anew(&self) -> anyhow::Result<(Progress, Beginning)> {
        let coded = Mixing::default().coded;
        let mixtures = self.mixtures(SURVEYED, 0, self.arguments.survey, coded);
        let done = self.survey(&mixtures, coded)?;
        let beginning = match &self.arguments.start {
            Some(start) => self.taken_from(start)?,
            None => self.fresh(&mixtures, &done),
        };
        Ok((done, beginning))
    }

    /// Fresh weights that begin at the teacher's mean answer.
    fn fresh(&self, mixtures: &[Vec<f32>], done: &Progress) -> Beginning {
        let architecture = self.arguments.architecture();
        let some = mixtures.iter().take(mixtures.len().div_ceil(4));
        let samples: Vec<&[f32]> = some.map(Vec::as_slice).collect();
        let norm = input_statistics(&self.features, &samples);
        let mut random = stream(self.arguments.seed, &[INITIAL]);
        let mut weights = initial_weights(&architecture, &self.features, norm, &mut random);
        weights.insert("head.output.bias".to_owned(), done.logit_means.clone());
        Beginning {
            architecture,
            weights,
            origin: Origin::default(),
        }
    }

    /// A finished general model, pruned if that is wanted.
    fn taken_from(&self, start: &Path) -> anyhow::Result<Beginning> {
        let ModelFile { card, mut weights } = ModelFile::read(start).context("--start")?;
        let names = audioset_labels().iter().map(|label| &label.name);
        ensure!(
            card.labels.iter().eq(names) && card.features == self.features,
            "--start {}: no general tagger, its labels or features are others",
            start.display()
        );
        let (mut architecture, mut origin) = (
            card.architecture,
            Origin {
                parent: Some(hash_of(start)?),
                pruning: card.pruning,
            },
        );
        if let Some(pruning) = self.arguments.pruning() {
            let seed = self.arguments.seed;
            let kept = pruning.kept(&architecture, &weights, &self.features, seed)?;
            (architecture, weights) = remove(&architecture, &weights, &kept)?;
            origin.pruning = Some(pruning.to_string());
        }
        Ok(Beginning {
            architecture,
            weights,
            origin,
        })
    }

    /// Statistics of the teacher over mixtures.
    fn survey(&self, mixtures: &[Vec<f32>], coded: f64) -> anyhow::Result<Progress> {
        let crops = self.judge(mixtures)?;
        let mean = |label: usize| {
            crops
                .iter()
                .map(|crop| f64::from(crop.logits[label]))
                .sum::<f64>()
                / crops.len() as f64
        };
        let means: Vec<f64> = (0..LABELS).map(mean).collect();
        let deviation = |label: usize| {
            let of =
                |crop: &super::run::Crop| (f64::from(crop.logits[label]) - means[label]).powi(2);
            let variance = crops.iter().map(of).sum::<f64>() / crops.len() as f64;
            variance.sqrt().max(0.1) as f32
        };
        Ok(Progress {
            steps: 0,
            seconds: 0.0,
            logit_means: means.iter().map(|mean| *mean as f32).collect(),
            logit_deviations: (0..LABELS).map(deviation).collect(),
            records: Vec::new(),
            coded,
        })
    }
}

/// SHA-256 of a file, as the engine knows models by.
fn hash_of(path: &Path) -> anyhow::Result<String> {
    let bytes = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    Ok(files::hex(&Sha256::digest(bytes)))
}
