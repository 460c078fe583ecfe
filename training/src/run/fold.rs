//! One fold: epochs, the best of them, the test.

use std::time::Instant;

use anyhow::Context;
use candle_core::{Device, Tensor};
use hamiltone_engine::features::{COMPONENTS, FeatureSettings, quaternion_frames};
use hamiltone_engine::model::{Accuracy, Card, ModelFile, Probe, TaskKind};
use hamiltone_engine::network::streaming::Weights;
use rand::seq::SliceRandom;
use rayon::prelude::*;
use serde::Serialize;

use super::batch::{Batch, Material};
use super::checkpoint::{EpochRecord, FoldFolder, Progress};
use super::network::TrainingNetwork;
use super::{Recipe, TrainArguments, progress};
use crate::dataset::{Dataset, Split, split};
use crate::evaluation::{Evaluation, evaluate};
use crate::optimisation::AdamW;
use crate::{random, report};

/// Purposes of random streams (see [`random::stream`]).
const INITIAL: u64 = 1;
const ORDER: u64 = 2;
const BATCH: u64 = 3;
const DROPOUT: u64 = 4;

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
    /// The test.
    pub test: Evaluation,
    /// Seconds of training.
    pub seconds: f64,
}

pub(super) struct FoldTask<'a> {
    pub(super) arguments: &'a TrainArguments,
    pub(super) recipe: &'a Recipe,
    pub(super) dataset: &'a Dataset,
    pub(super) audio: &'a [Vec<f32>],
    pub(super) features: &'a FeatureSettings,
    pub(super) fold: usize,
}

impl FoldTask<'_> {
    pub(super) fn run(&self) -> anyhow::Result<FoldOutcome> {
        let folder = FoldFolder::new(&self.arguments.out, self.fold, self.arguments.restart)?;
        let share = self.recipe.validation_share;
        let split = split(self.dataset, self.fold, share, self.recipe.seed);
        let mut done = folder.progress()?.unwrap_or_default();
        if done.test.is_none() {
            self.train(&folder, &split, &mut done)?;
            self.test(&folder, &split, &mut done)?;
        }
        let test = done.test.clone().context("the fold has no test")?;
        Ok(FoldOutcome {
            fold: self.fold,
            training_clips: split.training.len(),
            validation_clips: split.validation.len(),
            test_clips: split.test.len(),
            best_epoch: done.best_epoch,
            seconds: done.epochs.iter().map(|epoch| epoch.seconds).sum(),
            test,
        })
    }

    fn train(&self, folder: &FoldFolder, split: &Split, done: &mut Progress) -> anyhow::Result<()> {
        let device = Device::Cpu;
        let (means, variances) = self.input_statistics(&split.training);
        let architecture = self.recipe.architecture(self.dataset.labels.len());
        let mut random = self.random(&[INITIAL]);
        let mut network = TrainingNetwork::new(
            &architecture,
            self.features,
            (&means, &variances),
            &mut random,
            &device,
        )?;
        let mut adam = AdamW::new(self.recipe.optimisation.clone(), network.trained())?;
        if done.steps > 0 {
            let tensors = folder.tensors(done, &device)?;
            network.restore(&tensors)?;
            adam.restore(&tensors, done.steps)?;
        }
        let labels: Vec<usize> = self.dataset.clips.iter().map(|clip| clip.label).collect();
        let material = Material {
            recipe: self.recipe,
            features: self.features,
            audio: self.audio,
            labels: &labels,
            label_count: self.dataset.labels.len(),
            means: &means,
        };
        let message = format!("fold {}", self.fold);
        let bar = progress(self.recipe.epochs as u64, &message, self.arguments.quiet);
        bar.set_position(done.epochs.len() as u64);
        bar.reset_eta();
        for epoch in done.epochs.len() + 1..=self.recipe.epochs {
            let started = Instant::now();
            let training_loss = self.epoch(epoch, split, &material, &mut network, &mut adam)?;
            let weights = network.averaged_weights()?;
            let validation = self.evaluate(&weights, &split.validation);
            let better = validation.loss < done.best_loss();
            done.epochs.push(EpochRecord {
                epoch,
                training_loss,
                validation_loss: validation.loss,
                validation_accuracy: validation.accuracy,
                seconds: started.elapsed().as_secs_f64(),
            });
            if better {
                done.best_epoch = epoch;
                self.model_file(weights, None)?
                    .write(&folder.path("model.safetensors"))?;
            }
            done.steps = adam.steps_done();
            let mut tensors = network.state();
            tensors.extend(adam.moments());
            folder.save(done, &tensors)?;
            report::curves(&folder.path("curves.svg"), &self.title(), &done.epochs)?;
            bar.set_message(format!(
                "fold {} loss {training_loss:.3} validation {:.1} %",
                self.fold,
                100.0 * validation.accuracy
            ));
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(())
    }

    fn epoch(
        &self,
        epoch: usize,
        split: &Split,
        material: &Material<'_>,
        network: &mut TrainingNetwork,
        adam: &mut AdamW,
    ) -> anyhow::Result<f64> {
        let mut order = split.training.clone();
        order.shuffle(&mut self.random(&[ORDER, epoch as u64]));
        let batches: Vec<&[usize]> = order
            .chunks(self.recipe.batch)
            .filter(|batch| batch.len() > 1)
            .collect();
        let steps = batches.len() * self.recipe.epochs;
        let mut losses = 0.0;
        for (index, chosen) in batches.iter().enumerate() {
            let at = [self.fold as u64, epoch as u64, index as u64];
            let purpose: Vec<u64> = [BATCH].into_iter().chain(at).collect();
            let batch = material.batch(chosen, &split.training, &purpose, &Device::Cpu)?;
            let mut random = self.random(&[DROPOUT, epoch as u64, index as u64]);
            let (loss, statistics) = self.loss(network, &batch, &mut random)?;
            adam.step(&loss.backward()?, steps)?;
            network.take_statistics(statistics)?;
            network.take_average(self.recipe.optimisation.average_decay, adam.steps_done())?;
            losses += f64::from(loss.to_scalar::<f32>()?);
        }
        Ok(losses / batches.len().max(1) as f64)
    }

    fn loss(
        &self,
        network: &TrainingNetwork,
        batch: &Batch,
        random: &mut impl rand::Rng,
    ) -> anyhow::Result<(
        Tensor,
        hamiltone_engine::network::whole_clip::NormStatistics,
    )> {
        let net = &network.network;
        let (columns, statistics) = net.training_columns(&batch.frames)?;
        let features = drop_some(&net.window_features(&columns)?, self.recipe.dropout, random)?;
        let hidden = drop_some(&net.hidden(&features)?, self.recipe.dropout, random)?;
        let logits = net.logits(&hidden)?;
        let log_probabilities = logits.broadcast_sub(&logits.log_sum_exp(1)?.unsqueeze(1)?)?;
        let loss = (&batch.targets * log_probabilities)?
            .sum(1)?
            .mean(0)?
            .neg()?;
        Ok((loss, statistics))
    }

    fn test(&self, folder: &FoldFolder, split: &Split, done: &mut Progress) -> anyhow::Result<()> {
        let path = folder.path("model.safetensors");
        let best = ModelFile::read(&path)?;
        let test = self.evaluate(&best.weights, &split.test);
        self.model_file(best.weights, Some(&test))?.write(&path)?;
        let title = format!("{}: {:.1} %", self.title(), 100.0 * test.accuracy);
        let picture = folder.path("confusion.svg");
        report::confusion(&picture, &title, &self.dataset.labels, &test.confusion)?;
        done.test = Some(test);
        folder.save_progress(done)
    }

    fn evaluate(&self, weights: &Weights, indices: &[usize]) -> Evaluation {
        let clips: Vec<(&[f32], usize)> = indices
            .iter()
            .map(|&index| {
                (
                    self.audio[index].as_slice(),
                    self.dataset.clips[index].label,
                )
            })
            .collect();
        evaluate(&self.card(None), weights, &clips)
    }

    fn model_file(&self, weights: Weights, test: Option<&Evaluation>) -> anyhow::Result<ModelFile> {
        Ok(ModelFile::seal(self.card(test), weights)?)
    }

    fn card(&self, test: Option<&Evaluation>) -> Card {
        let recipe = self.recipe;
        let fold = self.fold;
        let accuracy = test.map(|test| Accuracy {
            measure: "accuracy".into(),
            value: test.accuracy,
            spread: None,
            protocol: format!(
                "{}, fold {fold}, which it has not seen ({} clips); trained on the other folds",
                recipe.task.name(),
                test.confusion.iter().flatten().sum::<usize>()
            ),
        });
        Card {
            format_version: 0, // this and the counts are filled in when the file is sealed
            name: recipe.name.clone(),
            description: format!("Quaternion CNN for {}", recipe.task.title()),
            task: TaskKind::SingleLabel,
            labels: self
                .dataset
                .labels
                .iter()
                .map(|label| label.replace('_', " "))
                .collect(),
            features: self.features.clone(),
            architecture: recipe.architecture(self.dataset.labels.len()),
            default_window_s: 2.0,
            training_data: format!("{} (all folds but {fold})", recipe.task.title()),
            licence: self.dataset.licences.join("; "),
            accuracy: accuracy.into_iter().collect(),
            parameters: 0,
            multiply_adds_per_second: 0,
            parent: None,
            pruning: None,
            probe: Probe {
                seed: recipe.seed,
                input_sha256: String::new(),
                logits: Vec::new(),
            },
        }
    }

    fn title(&self) -> String {
        format!("{}, fold {}", self.recipe.name, self.fold)
    }

    fn random(&self, purpose: &[u64]) -> rand_chacha::ChaCha8Rng {
        let purpose: Vec<u64> = [self.fold as u64].iter().chain(purpose).copied().collect();
        random::stream(self.recipe.seed, &purpose)
    }

    /// Mean and variance of each component and mel over the training clips, for the input norm.
    fn input_statistics(&self, training: &[usize]) -> (Vec<f32>, Vec<f32>) {
        let size = COMPONENTS * self.features.mel_bands;
        let sums: Vec<(Vec<f64>, Vec<f64>, usize)> = training
            .par_iter()
            .map(|&clip| {
                let (mut sum, mut squares) = (vec![0.0; size], vec![0.0; size]);
                let frames = quaternion_frames(self.features, &self.audio[clip]);
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
        let variance = (0..size).map(|i| (total(i, true) / count - mean[i] * mean[i]).max(1e-4));
        (
            mean.iter().map(|mean| *mean as f32).collect(),
            variance.map(|v| v as f32).collect(),
        )
    }
}

/// Dropout with a mask from our own random numbers, so that a seed reproduces it.
fn drop_some(x: &Tensor, share: f32, random: &mut impl rand::Rng) -> candle_core::Result<Tensor> {
    let keep = 1.0 / (1.0 - share);
    let mask: Vec<f32> = (0..x.elem_count())
        .map(|_| {
            if random.random::<f32>() < share {
                0.0
            } else {
                keep
            }
        })
        .collect();
    x * Tensor::from_vec(mask, x.shape(), x.device())?
}
