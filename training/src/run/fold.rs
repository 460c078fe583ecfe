//! One fold: epochs, the best of them, the test.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, bail, ensure};
use candle_core::Device;
use cpu_time::ProcessTime;
use hamiltone_engine::features::FeatureSettings;
use hamiltone_engine::model::{Card, ModelFile};
use hamiltone_engine::network::streaming::Weights;
use rand::Rng;
use rand::seq::SliceRandom;
use serde::Serialize;

use super::batch::Material;
use super::checkpoint::{CONFUSION, CURVES, EpochRecord, FoldFolder, MODEL, Progress};
use super::network::TrainingNetwork;
use super::step::step;
use super::views::Views;
use super::{Head, Recipe, progress};
use crate::dataset::{Dataset, Split, split};
use crate::device::training_device;
use crate::evaluation::{Evaluation, evaluate};
use crate::optimisation::AdamW;
use crate::teacher::Teacher;
use crate::{random, report};

/// Purposes of random streams (see [`random::stream`]).
pub(super) const INITIAL: u64 = 1;
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
pub(crate) fn fold_title(name: &str, fold: usize) -> String {
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
}

/// Where batches come from.
enum Heard<'a> {
    /// Clips are cut, changed and heard for each batch.
    Anew(&'a Material<'a>),
    /// A frozen trunk has heard them.
    Before(&'a Views),
}

impl FoldTask<'_> {
    pub(super) fn run(&self) -> anyhow::Result<FoldOutcome> {
        let folder = FoldFolder::new(self.out, self.fold)?;
        let split = self.split();
        let validates = self.recipe.validation_share > 0.0;
        ensure!(
            split.training.len() > 1 && (!validates || !split.validation.is_empty()),
            "{} clips to learn from and {} to choose the epoch by are too few: the other folds \
             need two recordings of a label at least, better ten",
            split.training.len(),
            split.validation.len()
        );
        let mut done = folder.progress()?.unwrap_or_default();
        if done.test.is_none() {
            let head = self.recipe.start.as_ref().map(|start| start.head);
            match head.unwrap_or_default() {
                Head::Trained => self.train(&folder, &split, &mut done)?,
                Head::Logistic => self.fit_head(&folder, &split, &mut done)?,
            }
            self.test(&folder, &split, &mut done)?;
        }
        self.outcome(&split, done).context("the fold has no test")
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
            parameters: done.parameters,
            multiply_adds_per_second: done.multiply_adds_per_second,
            seconds: done.epochs.iter().map(|epoch| epoch.seconds).sum(),
            cpu_seconds: done.epochs.iter().map(|epoch| epoch.cpu_seconds).sum(),
            gpu: done.gpu,
            test: done.test?,
            epochs: done.epochs,
        })
    }

    fn train(&self, folder: &FoldFolder, split: &Split, done: &mut Progress) -> anyhow::Result<()> {
        let device = training_device()?;
        done.gpu |= !device.is_cpu();
        let beginning = self.beginning(&split.training)?;
        let means = beginning.weights["input_norm.mean"].clone();
        let mut network = TrainingNetwork::new(
            &beginning.architecture,
            self.features,
            &beginning.weights,
            &device,
        )?;
        let frozen = self.recipe.start.as_ref().is_some_and(|start| start.frozen);
        network.freeze_trunk(frozen);
        let mut adam = AdamW::new(self.recipe.optimisation.clone(), network.trained())?;
        if done.steps > 0 {
            let tensors = folder.tensors(done, &device)?;
            network
                .restore(&tensors)
                .and_then(|()| adam.restore(&tensors, done.steps))
                .context("the checkpoint is of another network: --restart begins anew")?;
        }
        let teacher = self.teacher()?;
        let material = self.material(&means, teacher.as_deref());
        let views = match self.recipe.start.as_ref().map_or(0, |start| start.views) {
            0 => None,
            count => Some(Views::new(self, &material, split, &beginning, count)?),
        };
        let heard = views.as_ref().map_or(Heard::Anew(&material), Heard::Before);
        let message = format!("fold {}", self.fold);
        let bar = progress(self.recipe.epochs as u64, &message, self.quiet);
        bar.set_position(done.epochs.len() as u64);
        bar.reset_eta();
        for epoch in done.epochs.len() + 1..=self.recipe.epochs {
            if self.has_lost_patience(done) {
                break;
            }
            let (started, computed) = (Instant::now(), ProcessTime::now());
            let training_loss =
                self.epoch(epoch, split, &heard, (&mut network, &mut adam), &device)?;
            let weights = network.averaged_weights()?;
            let judged = self.card(&beginning, None);
            let validation = match &views {
                None => self.evaluate(&judged, &weights, &split.validation),
                Some(views) => views.validate(self, &beginning, &weights),
            };
            if !(training_loss.is_finite() && validation.loss.is_finite()) {
                bail!(
                    "the loss is no finite number any more in epoch {epoch} (training \
                     {training_loss}, validation {}): try a lower --learning-rate",
                    validation.loss
                );
            }
            // Without validation clips the last epoch is the best.
            let better = split.validation.is_empty() || validation.loss < done.best_loss();
            done.epochs.push(EpochRecord {
                epoch,
                training_loss,
                validation_loss: validation.loss,
                validation_accuracy: validation.value(),
                seconds: started.elapsed().as_secs_f64(),
                cpu_seconds: computed.elapsed().as_secs_f64(),
            });
            if better {
                done.best_epoch = epoch;
                ModelFile::seal(judged, weights)?.write(&folder.path(MODEL))?;
            }
            done.steps = adam.steps_done();
            let mut tensors = network.state();
            tensors.extend(adam.moments());
            folder.save(done, &tensors)?;
            report::curves(&folder.path(CURVES), &self.title(), &done.epochs)?;
            let state = format!(
                "fold {} loss {training_loss:.3} validation {:.1} %",
                self.fold,
                100.0 * validation.value()
            );
            if bar.is_hidden() {
                // No terminal to draw the bar on: a line an epoch instead.
                if !self.quiet {
                    eprintln!("{state} (epoch {epoch} of {})", self.recipe.epochs);
                }
            }
            bar.set_message(state);
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(())
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

    fn epoch(
        &self,
        epoch: usize,
        split: &Split,
        heard: &Heard<'_>,
        (network, adam): (&mut TrainingNetwork, &mut AdamW),
        device: &Device,
    ) -> anyhow::Result<f64> {
        let order = self.order(epoch, &split.training);
        let batches: Vec<&[usize]> = order
            .chunks(self.recipe.batch)
            .filter(|batch| batch.len() > 1)
            .collect();
        let steps = batches.len() * self.recipe.epochs;
        let mut losses = 0.0;
        for (index, chosen) in batches.iter().enumerate() {
            let at = [self.fold as u64, epoch as u64, index as u64];
            let purpose: Vec<u64> = [BATCH].into_iter().chain(at).collect();
            let batch = match heard {
                Heard::Anew(material) => {
                    material.batch(chosen, &split.training, &purpose, device)?
                }
                Heard::Before(views) => views.batch(self, chosen, &purpose, device)?,
            };
            let mut random = self.random(&[DROPOUT, epoch as u64, index as u64]);
            losses += step(
                (network, adam),
                (&batch, self.dataset.kind),
                (self.recipe.dropout, self.recipe.optimisation.average_decay),
                steps,
                &mut random,
            )?;
        }
        Ok(losses / batches.len().max(1) as f64)
    }

    /// The clips of an epoch in their order: each once, or as many with every label equally often.
    fn order(&self, epoch: usize, training: &[usize]) -> Vec<usize> {
        let mut random = self.random(&[ORDER, epoch as u64]);
        let mut order = training.to_vec();
        if self.recipe.balanced {
            let mut of_label = vec![Vec::new(); self.dataset.labels.len()];
            for &clip in training {
                for &label in &self.dataset.clips[clip].labels {
                    of_label[label].push(clip);
                }
            }
            of_label.retain(|clips| !clips.is_empty());
            let mut drawn = |place: usize| {
                let clips = &of_label[place % of_label.len()];
                clips[random.random_range(0..clips.len())]
            };
            order = (0..training.len()).map(&mut drawn).collect();
        }
        order.shuffle(&mut random);
        order
    }

    fn has_lost_patience(&self, done: &Progress) -> bool {
        let patience = self.recipe.patience;
        patience > 0 && done.epochs.len() >= done.best_epoch + patience
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
