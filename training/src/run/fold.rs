//! One fold: epochs, the best of them, the test.

use std::time::Instant;

use anyhow::{Context, bail, ensure};
use candle_core::Device;
use hamiltone_engine::features::{COMPONENTS, FeatureSettings, quaternion_frames};
use hamiltone_engine::model::{Accuracy, Card, ModelFile, Probe, TaskKind};
use hamiltone_engine::network::streaming::Weights;
use rand::seq::SliceRandom;
use rayon::prelude::*;
use serde::Serialize;

use super::batch::Material;
use super::checkpoint::{CONFUSION, CURVES, EpochRecord, FoldFolder, MODEL, Progress};
use super::network::TrainingNetwork;
use super::step::step;
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

/// A mel's variance counts as this share of its component's mean variance at least. In clips that
/// were recorded at 16 or 22 kHz the highest mels are always silent; divided by next to nothing,
/// the first noise that augmentation adds there would drown everything else.
const LEAST_VARIANCE: f64 = 0.1;

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
    /// Every epoch, as the curves show it.
    pub epochs: Vec<EpochRecord>,
}

/// What a fold's pictures are called.
pub(crate) fn fold_title(name: &str, fold: usize) -> String {
    format!("{name}, fold {fold}")
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
        let folder = FoldFolder::new(&self.arguments.out, self.fold)?;
        let split = self.split();
        ensure!(
            split.training.len() > 1 && !split.validation.is_empty(),
            "{} clips to learn from and {} to choose the epoch by are too few: the other folds \
             need two recordings of a label at least, better ten",
            split.training.len(),
            split.validation.len()
        );
        let mut done = folder.progress()?.unwrap_or_default();
        if done.test.is_none() {
            self.train(&folder, &split, &mut done)?;
            self.test(&folder, &split, &mut done)?;
        }
        self.outcome(&split, done).context("the fold has no test")
    }

    /// What the fold came to, if an earlier run finished it.
    pub(super) fn finished(&self) -> anyhow::Result<Option<FoldOutcome>> {
        let folder = FoldFolder::existing(&self.arguments.out, self.fold);
        let done = folder.map(|folder| folder.progress()).transpose()?;
        Ok(done
            .flatten()
            .and_then(|done| self.outcome(&self.split(), done)))
    }

    fn split(&self) -> Split {
        let share = self.recipe.validation_share;
        split(self.dataset, self.fold, share, self.recipe.seed)
    }

    fn outcome(&self, split: &Split, done: Progress) -> Option<FoldOutcome> {
        Some(FoldOutcome {
            fold: self.fold,
            training_clips: split.training.len(),
            validation_clips: split.validation.len(),
            test_clips: split.test.len(),
            best_epoch: done.best_epoch,
            seconds: done.epochs.iter().map(|epoch| epoch.seconds).sum(),
            test: done.test?,
            epochs: done.epochs,
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
            network
                .restore(&tensors)
                .and_then(|()| adam.restore(&tensors, done.steps))
                .context("the checkpoint is of another network: --restart begins anew")?;
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
            if !(training_loss.is_finite() && validation.loss.is_finite()) {
                bail!(
                    "the loss is no finite number any more in epoch {epoch} (training \
                     {training_loss}, validation {}): try a lower --learning-rate",
                    validation.loss
                );
            }
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
                self.model_file(weights, None)?.write(&folder.path(MODEL))?;
            }
            done.steps = adam.steps_done();
            let mut tensors = network.state();
            tensors.extend(adam.moments());
            folder.save(done, &tensors)?;
            report::curves(&folder.path(CURVES), &self.title(), &done.epochs)?;
            let state = format!(
                "fold {} loss {training_loss:.3} validation {:.1} %",
                self.fold,
                100.0 * validation.accuracy
            );
            if bar.is_hidden() {
                // No terminal to draw the bar on: a line an epoch instead.
                let epochs = self.recipe.epochs;
                self.arguments
                    .say(&format!("{state} (epoch {epoch} of {epochs})"));
            }
            bar.set_message(state);
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
            losses += step(
                (network, adam),
                (&batch.frames, &batch.targets),
                (self.recipe.dropout, self.recipe.optimisation.average_decay),
                steps,
                &mut random,
            )?;
        }
        Ok(losses / batches.len().max(1) as f64)
    }

    fn test(&self, folder: &FoldFolder, split: &Split, done: &mut Progress) -> anyhow::Result<()> {
        let path = folder.path(MODEL);
        let best = ModelFile::read(&path).context("the best weights: --restart begins anew")?;
        let test = self.evaluate(&best.weights, &split.test);
        self.model_file(best.weights, Some(&test))?.write(&path)?;
        let title = format!("{}: {:.1} %", self.title(), 100.0 * test.accuracy);
        let picture = folder.path(CONFUSION);
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
        fold_title(&self.recipe.name, self.fold)
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
        let mut variance: Vec<f64> = (0..size)
            .map(|i| total(i, true) / count - mean[i] * mean[i])
            .collect();
        for of_component in variance.chunks_exact_mut(self.features.mel_bands) {
            let usual = of_component.iter().sum::<f64>() / of_component.len() as f64;
            let least = (LEAST_VARIANCE * usual).max(1e-4);
            of_component.iter_mut().for_each(|v| *v = v.max(least));
        }
        (
            mean.iter().map(|mean| *mean as f32).collect(),
            variance.iter().map(|v| *v as f32).collect(),
        )
    }
}
