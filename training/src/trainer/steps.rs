//! The training loop.

use std::ops::{ControlFlow, Range};
use std::time::Instant;

use anyhow::ensure;
use candle_core::Tensor;
use cpu_time::ProcessTime;
use hamiltone_engine::network::whole_clip::NormStatistics;

use super::learner::Learner;
use super::network::TrainingNetwork;

/// Where the batches of a training come from, and what is minimised on them.
///
/// Whatever is random in a batch or its loss must follow from the step's number alone: a resumed training then sees the
/// same batches.
pub trait BatchSource: Sync {
    /// The batch of one step.
    type Batch: Send + Sync;

    /// The number of batches made at once, while earlier steps are computed.
    const AT_ONCE: usize;

    /// The batches of these steps (from 0), in order.
    ///
    /// # Errors
    /// If a batch cannot be made.
    fn batches(&self, steps: Range<usize>) -> anyhow::Result<Vec<Self::Batch>>;

    /// The loss of a step on its batch, a scalar with gradients, and the batch's normalisation statistics.
    ///
    /// # Errors
    /// If candle fails.
    fn loss(
        &self,
        network: &TrainingNetwork,
        step: usize,
        batch: &Self::Batch,
    ) -> candle_core::Result<(Tensor, NormStatistics)>;
}

/// How long a training is.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    /// Steps in all; the learning rate's schedule ends there.
    pub steps: usize,
    /// Steps between two measurements, 1 or more. There is one after the last step too.
    pub every: usize,
}

/// The steps since the last measurement.
#[derive(Debug)]
pub struct Stretch {
    /// Mean loss.
    pub loss: f64,
    /// When it began.
    pub started: Instant,
    /// Processor time when it began.
    pub computed: ProcessTime,
}

/// Trains from the learner's present step to the end of the schedule. Calls `after_step` after each step, from a worker
/// thread, and `measure` after each [`Schedule::every`] steps; training ends early where that returns `Break`.
///
/// # Errors
/// If a batch cannot be made, candle or `measure` fails, or the loss is no longer finite.
pub fn train<S: BatchSource>(
    learner: &mut Learner,
    source: &S,
    schedule: Schedule,
    after_step: &(dyn Fn() + Sync),
    mut measure: impl FnMut(&Learner, Stretch) -> anyhow::Result<ControlFlow<()>>,
) -> anyhow::Result<()> {
    let Schedule {
        steps: total,
        every,
    } = schedule;
    ensure!(every > 0, "a training needs a step between measurements");
    let round = |first: usize| {
        let measured = (first + 1).next_multiple_of(every);
        first..(first + S::AT_ONCE).min(measured).min(total).max(first)
    };
    let begin = || (0.0, 0usize, Instant::now(), ProcessTime::now());
    let (mut losses, mut count, mut started, mut computed) = begin();
    let mut batches = source.batches(round(learner.steps()))?;
    while !batches.is_empty() {
        let coming = round(learner.steps() + batches.len());
        // Neither keeps all cores busy alone.
        let (loss, made) = rayon::join(
            || sum_of_steps(learner, source, &batches, total, after_step),
            || source.batches(coming),
        );
        losses += loss?;
        count += batches.len();
        batches = made?;
        let done = learner.steps();
        if !done.is_multiple_of(every) && done < total {
            continue;
        }
        let loss = losses / count as f64;
        ensure!(
            loss.is_finite(),
            "the loss is no longer a finite number after {done} steps ({loss}): try a lower --learning-rate"
        );
        let stretch = Stretch {
            loss,
            started,
            computed,
        };
        if measure(learner, stretch)?.is_break() {
            break;
        }
        (losses, count, started, computed) = begin();
    }
    Ok(())
}

fn sum_of_steps<S: BatchSource>(
    learner: &mut Learner,
    source: &S,
    batches: &[S::Batch],
    total: usize,
    after_step: &(dyn Fn() + Sync),
) -> candle_core::Result<f64> {
    let step = |batch: &S::Batch| {
        let loss = source.loss(learner.network(), learner.steps(), batch)?;
        let loss = learner.step(loss, total)?;
        after_step();
        Ok(loss)
    };
    batches.iter().map(step).sum()
}
