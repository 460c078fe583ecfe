//! What a long training begins with: fresh weights, a model, or where it stopped.

use std::path::Path;

use anyhow::{Context, ensure};
use hamiltone_engine::features::COMPONENTS;
use hamiltone_engine::model::ModelFile;
use hamiltone_engine::network::Architecture;
use hamiltone_engine::network::streaming::Weights;
use sha2::{Digest, Sha256};

use super::progress::{MODEL, Progress};
use super::run::{AVERAGE_DECAY, Crop, School};
use crate::teacher::{HIDDEN, LABELS, audioset_labels};
use hamiltone_training::files;
use hamiltone_training::heritage::{Heritage, Role};
use hamiltone_training::optimisation::{AdamW, Optimisation};
use hamiltone_training::pruning::{Pruning, remove};
use hamiltone_training::random::stream;
use hamiltone_training::run::{TrainingNetwork, initial_weights, input_statistics};
use hamiltone_training::widening::{pool_by, widen};

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
    /// What that learned from.
    pub(super) heritage: Heritage,
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
        let (arguments, device) = (self.arguments, &self.device);
        let before = Progress::read(&arguments.out)?;
        let (mut done, beginning) = match before {
            Some(done) => (done, self.go_on()?),
            None => self.begin_anew()?,
        };
        let Beginning {
            architecture,
            weights,
            origin,
        } = beginning;
        let mut network = TrainingNetwork::new(&architecture, &self.features, &weights, device)?;
        let settings = Optimisation {
            learning_rate: arguments.learning_rate,
            warm_up: 0.02,
            average_decay: AVERAGE_DECAY,
            ..Optimisation::default()
        };
        let mut adam = AdamW::new(settings, network.trained())?;
        if done.steps > 0 {
            let tensors = done.tensors(&arguments.out, device)?;
            network.restore(&tensors)?;
            adam.restore(&tensors, done.steps)?;
        }
        done.settings = self.settings.clone();
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
        // The card in the folder, too, so that no restriction is lost that an older program let in.
        let mut heritage = Heritage::of(&card);
        let same = match &arguments.start {
            None => card.parent.is_none() && card.architecture == arguments.architecture(),
            Some(start) => {
                let before = ModelFile::read(start).context("--start")?.card;
                heritage = heritage.and(Role::Beginning, &Heritage::of(&before));
                let mut grown = arguments.grown(&before.architecture)?;
                let pruning = arguments.pruning();
                if pruning.is_some() {
                    grown =
                        grown.with_filters(card.architecture.convolutions().map(|layer| layer.3));
                }
                card.parent == Some(hash_of(start)?)
                    && card.architecture == grown
                    && card.pruning == after(before.pruning, pruning)
            }
        };
        ensure!(
            same,
            "{} holds a run of another shape, from another model or pruned in another way: choose \
             another --out",
            arguments.out.display()
        );
        Ok(Beginning {
            architecture: card.architecture,
            weights,
            origin: Origin {
                parent: card.parent,
                pruning: card.pruning,
                heritage,
            },
        })
    }

    fn begin_anew(&self) -> anyhow::Result<(Progress, Beginning)> {
        let coded = self.arguments.mixing().coded;
        let mixtures = self.mixtures(SURVEYED, 0, self.arguments.survey, coded);
        let mut done = self.survey(&mixtures, coded)?;
        let beginning = match &self.arguments.start {
            Some(start) => self.taken_from(start)?,
            None => self.fresh(&mixtures, &done),
        };
        if COMPONENTS * beginning.architecture.hidden != HIDDEN {
            done.hidden_means.clear();
            done.hidden_deviations.clear();
        }
        Ok((done, beginning))
    }

    /// Fresh weights: the output layer is the teacher's, and the hidden layer begins at its means.
    fn fresh(&self, mixtures: &[Vec<f32>], done: &Progress) -> Beginning {
        let architecture = self.arguments.architecture();
        let some = mixtures.iter().take(mixtures.len().div_ceil(4));
        let samples: Vec<&[f32]> = some.map(Vec::as_slice).collect();
        let norm = input_statistics(&self.features, &samples);
        let mut random = stream(self.arguments.seed, &[INITIAL]);
        let mut weights = initial_weights(&architecture, &self.features, norm, &mut random);
        let (weight, bias) = self.last_layers.output();
        weights.insert("head.output.weight".to_owned(), weight.to_vec());
        weights.insert("head.output.bias".to_owned(), bias.to_vec());
        weights.insert("head.hidden.bias".to_owned(), done.hidden_means.clone());
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
            card.labels.iter().eq(names)
                && card.features.equals_but_for_level(&self.features)
                && card.architecture.hidden > 0,
            "--start {}: no general tagger, its labels or features are others or it has no hidden layer",
            start.display()
        );
        let pruning = self.arguments.pruning();
        let origin = Origin {
            parent: Some(hash_of(start)?),
            heritage: Heritage::of(&card),
            pruning: after(card.pruning, pruning.clone()),
        };
        let mut architecture = card.architecture;
        let grown = self.arguments.grown(&architecture)?;
        pool_by(grown.temporal_pooling, &mut architecture, &mut weights).context("--start")?;
        if grown != architecture {
            let mut random = stream(self.arguments.seed, &[INITIAL]);
            weights = widen(&architecture, &weights, &grown, &self.features, &mut random)?;
            architecture = grown;
        }
        if let Some(pruning) = pruning {
            let seed = self.arguments.seed;
            let kept = pruning.kept(&architecture, &weights, &self.features, seed)?;
            (architecture, weights) = remove(&architecture, &weights, &kept)?;
        }
        Ok(Beginning {
            architecture,
            weights,
            origin,
        })
    }

    /// Statistics of the teacher over mixtures.
    fn survey(&self, mixtures: &[Vec<f32>], coded: f64) -> anyhow::Result<Progress> {
        let crops = self.judge(mixtures, 1)?;
        let all = |of: fn(&Crop) -> &[f32]| crops.iter().map(of).collect::<Vec<_>>();
        let (logits, hidden) = (all(|crop| &crop.logits), all(|crop| &crop.hidden));
        let (logit_means, logit_deviations) = moments(&logits, LABELS);
        let (hidden_means, hidden_deviations) = moments(&hidden, HIDDEN);
        Ok(Progress {
            logit_means,
            logit_deviations,
            hidden_means,
            hidden_deviations,
            coded,
            ..Progress::default()
        })
    }
}

/// How a model is pruned that was pruned before, perhaps, and perhaps now.
fn after(before: Option<String>, now: Option<Pruning>) -> Option<String> {
    match (before, now) {
        (Some(before), Some(now)) => Some(format!("{before}, then {now}")),
        (before, now) => now.map(|now| now.to_string()).or(before),
    }
}

/// Mean and deviation (a tenth at least) of each place of rows.
fn moments(rows: &[&[f32]], places: usize) -> (Vec<f32>, Vec<f32>) {
    let of_place = |place: usize| {
        let values = || rows.iter().map(|row| f64::from(row[place]));
        let mean = values().sum::<f64>() / rows.len() as f64;
        let variance = values().map(|value| (value - mean).powi(2)).sum::<f64>();
        let deviation = (variance / rows.len() as f64).sqrt();
        (mean as f32, deviation.max(0.1) as f32)
    };
    (0..places).map(of_place).unzip()
}

/// SHA-256 of a file, as the engine knows models by.
pub(super) fn hash_of(path: &Path) -> anyhow::Result<String> {
    let bytes = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    Ok(files::hex(&Sha256::digest(bytes)))
}
