//! A fold's training, epoch by epoch.

use std::time::Instant;

use anyhow::{Context, ensure};
use candle_core::Device;
use cpu_time::ProcessTime;
use hamiltone_engine::model::ModelFile;
use indicatif::ProgressBar;
use rand::Rng;
use rand::seq::SliceRandom;

use super::batch::Material;
use super::beginning::Beginning;
use super::checkpoint::{CURVES, EpochRecord, FoldFolder, MODEL, Progress};
use super::fold::{BATCH, DROPOUT, FoldTask, ORDER};
use super::network::TrainingNetwork;
use super::progress;
use super::step::step;
use super::views::Views;
use crate::dataset::Split;
use crate::device::training_device;
use crate::evaluation::Evaluation;
use crate::optimisation::AdamW;
use crate::report::{self, Curves};

/// A network on its way, and what adjusts it.
struct Learner {
    network: TrainingNetwork,
    adam: AdamW,
    device: Device,
}

/// Where batches come from.
enum Heard<'a> {
    /// Clips are cut, changed and heard for each batch.
    Anew(&'a Material<'a>),
    /// A frozen trunk has heard them.
    Before(&'a Views),
}

impl FoldTask<'_> {
    /// Trains, or goes on where `done` stopped, and leaves the best weights in the folder.
    pub(super) fn train(
        &self,
        folder: &FoldFolder,
        split: &Split,
        done: &mut Progress,
    ) -> anyhow::Result<()> {
        let teacher = self.teacher()?;
        let beginning = self.beginning(&split.training, teacher.as_deref())?;
        self.check_crops(&beginning.architecture)?;
        let mut learner = self.learner(&beginning, folder, done)?;
        let means = beginning.weights["input_norm.mean"].clone();
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
            let training_loss = self.epoch(epoch, split, &heard, &mut learner)?;
            let weights = learner.network.averaged_weights()?;
            let judged = self.card(&beginning, None);
            let validation = match &views {
                None => self.evaluate(&judged, &weights, &split.validation),
                Some(views) => views.validate(self, &beginning, &weights),
            };
            ensure!(
                training_loss.is_finite() && validation.loss.is_finite(),
                "the loss is no finite number any more in epoch {epoch} (training \
                 {training_loss}, validation {}): try a lower --learning-rate",
                validation.loss
            );
            // Without validation clips the last epoch is the best.
            let better = split.validation.is_empty() || validation.loss < done.best_loss();
            done.epochs.push(EpochRecord {
                epoch,
                training_loss,
                validation_loss: validation.loss,
                validation_accuracy: validation.value(),
                validation_mean_recall: (validation.clips > 0).then_some(validation.mean_recall),
                seconds: started.elapsed().as_secs_f64(),
                cpu_seconds: computed.elapsed().as_secs_f64(),
            });
            if better {
                done.best_epoch = epoch;
                ModelFile::seal(judged, weights)?.write(&folder.path(MODEL))?;
            }
            self.save(folder, &learner, done, validation.measure())?;
            self.say(&bar, training_loss, &validation, epoch);
        }
        bar.finish_and_clear();
        Ok(())
    }

    /// The network of the beginning, or of the checkpoint where there is one.
    fn learner(
        &self,
        beginning: &Beginning,
        folder: &FoldFolder,
        done: &mut Progress,
    ) -> anyhow::Result<Learner> {
        let device = training_device()?;
        done.gpu |= !device.is_cpu();
        let Beginning {
            architecture,
            weights,
            ..
        } = beginning;
        let mut network = TrainingNetwork::new(architecture, self.features, weights, &device)?;
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
        Ok(Learner {
            network,
            adam,
            device,
        })
    }

    fn epoch(
        &self,
        epoch: usize,
        split: &Split,
        heard: &Heard<'_>,
        learner: &mut Learner,
    ) -> anyhow::Result<f64> {
        let Learner {
            network,
            adam,
            device,
        } = learner;
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

    /// The checkpoint after an epoch, and its picture.
    fn save(
        &self,
        folder: &FoldFolder,
        learner: &Learner,
        done: &mut Progress,
        measure: &str,
    ) -> anyhow::Result<()> {
        done.steps = learner.adam.steps_done();
        let mut tensors = learner.network.state();
        tensors.extend(learner.adam.moments());
        folder.save(done, &tensors)?;
        let curves = Curves {
            title: &self.title(),
            epochs: &done.epochs,
            kept: done.best_epoch,
            measure,
        };
        report::curves(&folder.path(CURVES), &curves)
    }

    /// How an epoch went: on the bar, or, where there is no terminal to draw it on, as a line.
    fn say(&self, bar: &ProgressBar, training_loss: f64, validation: &Evaluation, epoch: usize) {
        let validated = match validation.clips {
            0 => String::new(),
            _ => format!(" validation {:.1} %", 100.0 * validation.value()),
        };
        let state = format!("fold {} loss {training_loss:.3}{validated}", self.fold);
        if bar.is_hidden() && !self.quiet {
            eprintln!("{state} (epoch {epoch} of {})", self.recipe.epochs);
        }
        bar.set_message(state);
        bar.inc(1);
    }
}
