//! A fold's training, epoch by epoch.

use std::ops::{ControlFlow, Range};

use anyhow::{Context, ensure};
use candle_core::{Device, Tensor};
use hamiltone_engine::model::{Card, ModelFile};
use hamiltone_engine::network::streaming::Weights;
use hamiltone_engine::network::whole_clip::NormStatistics;
use indicatif::ProgressBar;
use rand::Rng;
use rand::seq::SliceRandom;

use super::batch::{Batch, Material};
use super::card::card;
use super::context::{BATCH, DROPOUT, Fold, ORDER};
use super::fold_folder::{CURVES, MODEL, Progress};
use super::loss::training_loss;
use super::start::{Beginning, beginning, teacher};
use super::views::Views;
use crate::dataset::Split;
use crate::evaluation::{Answer, Evaluation, answers, summarise};
use crate::outcome::{EpochRecord, fold_title};
use crate::progress_bar::progress_bar;
use crate::report::{self, Curves};
use crate::trainer::{
    BatchSource, Learner, Schedule, TrainingFolder, TrainingNetwork, train as train_steps,
    training_device,
};

/// The inputs of a network.
enum Inputs<'a> {
    /// Clips are cut and changed for each batch.
    Crops(Material<'a>),
    /// The features that a frozen trunk computed once.
    Views(&'a Views),
}

/// The batches of a fold: its training clips in another order each epoch.
struct FoldBatches<'a> {
    fold: &'a Fold<'a>,
    training: &'a [usize],
    inputs: Inputs<'a>,
    device: Device,
}

/// Trains, or resumes after `done`, and leaves the best weights in the folder.
///
/// # Errors
/// If the network of the recipe cannot be made, a file not be written, candle fails, or the loss is no longer finite.
pub(super) fn train(
    fold: &Fold<'_>,
    folder: &TrainingFolder,
    split: &Split,
    done: &mut Progress,
) -> anyhow::Result<()> {
    let teacher = teacher(fold)?;
    let beginning = beginning(fold, &split.training, teacher.as_deref())?;
    fold.check_crops(&beginning.architecture)?;
    let mut learner = learner(fold, &beginning, folder, done)?;
    let means = &beginning.weights["input_norm.mean"];
    let material = Material::of(fold, means, teacher.as_deref());
    let views = match fold.recipe.start.as_ref().map_or(0, |start| start.views) {
        0 => None,
        count => Some(Views::new(fold, &material, split, &beginning, count)?),
    };
    let batches = FoldBatches {
        fold,
        training: &split.training,
        inputs: match &views {
            None => Inputs::Crops(material),
            Some(views) => Inputs::Views(views),
        },
        device: learner.device().clone(),
    };
    let every = batches.in_an_epoch();
    let schedule = Schedule {
        steps: every * fold.recipe.epochs,
        every,
    };
    ensure!(
        done.steps == every * done.epochs.len(),
        "the checkpoint after {} steps is not that of {} epochs: --restart begins anew",
        done.steps,
        done.epochs.len()
    );
    if has_lost_patience(fold, done) {
        return Ok(());
    }
    let bar = progress_bar(
        fold.recipe.epochs as u64,
        &format!("fold {}", fold.number),
        fold.quiet,
    );
    bar.set_position(done.epochs.len() as u64);
    bar.reset_eta();
    train_steps(
        &mut learner,
        &batches,
        schedule,
        &|| {},
        |learner, stretch| {
            let epoch = done.epochs.len() + 1;
            let weights = learner.averaged_weights()?;
            let judged = card(fold, &beginning);
            let validation = match &views {
                None => evaluate_clips(fold, &judged, &weights, &split.validation),
                Some(views) => views.validate(fold, &beginning, &weights),
            };
            ensure!(
                validation.loss.is_finite(),
                "the validation loss of epoch {epoch} is not a finite number ({}): try a lower --learning-rate",
                validation.loss
            );
            // Without validation clips the last epoch is the best.
            let better = split.validation.is_empty() || validation.loss < done.best_loss();
            done.epochs.push(EpochRecord {
                epoch,
                training_loss: stretch.loss,
                validation_loss: validation.loss,
                validation_accuracy: validation.value(),
                validation_mean_recall: (validation.clips > 0).then_some(validation.mean_recall),
                seconds: stretch.started.elapsed().as_secs_f64(),
                cpu_seconds: stretch.computed.elapsed().as_secs_f64(),
            });
            if better {
                done.best_epoch = epoch;
                ModelFile::seal(judged, weights)?.write(&folder.path(MODEL))?;
            }
            done.steps = learner.steps();
            folder.save(done.steps, learner.tensors(), done)?;
            draw(fold, folder, done, validation.measure())?;
            say(fold, &bar, stretch.loss, &validation, epoch);
            Ok(match has_lost_patience(fold, done) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            })
        },
    )?;
    bar.finish_and_clear();
    Ok(())
}

/// A network's figures on these clips.
pub(super) fn evaluate_clips(
    fold: &Fold<'_>,
    card: &Card,
    weights: &Weights,
    indices: &[usize],
) -> Evaluation {
    let answers = answers_to(fold, card, weights, indices);
    summarise(card.labels.len(), card.task, &answers)
}

/// A network's logits for these clips, with their labels.
pub(super) fn answers_to<'a>(
    fold: &Fold<'a>,
    card: &Card,
    weights: &Weights,
    indices: &[usize],
) -> Vec<Answer<'a>> {
    let clip = |&index: &usize| {
        let labels = &fold.dataset.clips[index].labels[..];
        (fold.audio[index].as_slice(), labels)
    };
    let clips: Vec<(&[f32], &[usize])> = indices.iter().map(clip).collect();
    answers(card, weights, &clips)
}

/// The network of the beginning, or of the checkpoint where there is one.
fn learner(
    fold: &Fold<'_>,
    beginning: &Beginning,
    folder: &TrainingFolder,
    done: &mut Progress,
) -> anyhow::Result<Learner> {
    let device = training_device()?;
    done.gpu |= !device.is_cpu();
    let mut learner = Learner::new(
        (&beginning.architecture, &beginning.weights),
        fold.recipe.start.as_ref().is_some_and(|start| start.frozen),
        fold.features,
        fold.recipe.optimisation.clone(),
        device,
    )?;
    if done.steps > 0 {
        let tensors = folder.tensors(done.steps, learner.device())?;
        learner
            .restore(&tensors, done.steps)
            .context("the checkpoint is of another network: --restart begins anew")?;
    }
    Ok(learner)
}

impl FoldBatches<'_> {
    /// Batches in an epoch; a last one of a single clip is left out, since it has no batch statistics.
    fn in_an_epoch(&self) -> usize {
        let (clips, size) = (self.training.len(), self.fold.recipe.batch);
        clips / size + usize::from(clips % size > 1)
    }

    /// Epoch (from 1) of a step (from 0), and its index in the epoch.
    fn position(&self, step: usize) -> (usize, usize) {
        let every = self.in_an_epoch();
        (step / every + 1, step % every)
    }

    fn batch(&self, step: usize) -> anyhow::Result<Batch> {
        let (epoch, index) = self.position(step);
        let order = order(self.fold, epoch, self.training);
        let size = self.fold.recipe.batch;
        let chosen = &order[index * size..((index + 1) * size).min(order.len())];
        let fold = self.fold.number as u64;
        let purpose = [BATCH, fold, epoch as u64, index as u64];
        match &self.inputs {
            Inputs::Crops(material) => {
                material.batch(chosen, self.training, &purpose, &self.device)
            }
            Inputs::Views(views) => views.batch(self.fold, chosen, &purpose, &self.device),
        }
    }
}

impl BatchSource for FoldBatches<'_> {
    type Batch = Batch;

    const AT_ONCE: usize = 1;

    fn batches(&self, steps: Range<usize>) -> anyhow::Result<Vec<Batch>> {
        steps.map(|step| self.batch(step)).collect()
    }

    fn loss(
        &self,
        network: &TrainingNetwork,
        step: usize,
        batch: &Batch,
    ) -> candle_core::Result<(Tensor, NormStatistics)> {
        let (epoch, index) = self.position(step);
        let mut random = self.fold.random(&[DROPOUT, epoch as u64, index as u64]);
        training_loss(
            &network.network,
            network.frozen,
            (batch, self.fold.dataset.kind),
            self.fold.recipe.dropout,
            &mut random,
        )
    }
}

/// The clips of an epoch in their order: each once, or as many with every label equally often.
fn order(fold: &Fold<'_>, epoch: usize, training: &[usize]) -> Vec<usize> {
    let mut random = fold.random(&[ORDER, epoch as u64]);
    let mut order = training.to_vec();
    if fold.recipe.balanced {
        let mut of_label = vec![Vec::new(); fold.dataset.labels.len()];
        for &clip in training {
            for &label in &fold.dataset.clips[clip].labels {
                of_label[label].push(clip);
            }
        }
        of_label.retain(|clips| !clips.is_empty());
        let mut drawn = |index: usize| {
            let clips = &of_label[index % of_label.len()];
            clips[random.random_range(0..clips.len())]
        };
        order = (0..training.len()).map(&mut drawn).collect();
    }
    order.shuffle(&mut random);
    order
}

fn has_lost_patience(fold: &Fold<'_>, done: &Progress) -> bool {
    let patience = fold.recipe.patience;
    patience > 0 && done.epochs.len() >= done.best_epoch + patience
}

fn draw(
    fold: &Fold<'_>,
    folder: &TrainingFolder,
    done: &Progress,
    measure: &str,
) -> anyhow::Result<()> {
    let curves = Curves {
        title: &fold_title(&fold.recipe.name, fold.number),
        epochs: &done.epochs,
        kept: done.best_epoch,
        measure,
    };
    report::curves(&folder.path(CURVES), &curves)
}

/// How an epoch went: on the bar, or, where there is no terminal to draw it on, as a line.
fn say(
    fold: &Fold<'_>,
    bar: &ProgressBar,
    training_loss: f64,
    validation: &Evaluation,
    epoch: usize,
) {
    let validated = match validation.clips {
        0 => String::new(),
        _ => format!(" validation {:.1} %", 100.0 * validation.value()),
    };
    let state = format!("fold {} loss {training_loss:.3}{validated}", fold.number);
    if bar.is_hidden() && !fold.quiet {
        eprintln!("{state} (epoch {epoch} of {})", fold.recipe.epochs);
    }
    bar.set_message(state);
    bar.inc(1);
}
