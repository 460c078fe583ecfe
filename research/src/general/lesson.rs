//! The teacher's answers to a batch of crops, and the student's distance from them.

use std::ops::Range;

use candle_core::{Device, Result, Tensor};
use hamiltone_engine::features::COMPONENTS;
use hamiltone_engine::network::whole_clip::NormStatistics;
use hamiltone_training::trainer::{BatchSource, TrainingNetwork, binary_cross_entropy};
use rayon::prelude::*;

use super::crops::{Crops, MIX};
use super::progress::Progress;
use crate::teacher::{HIDDEN, LABELS};

/// Cross-entropies of single labels are tiny on average, most labels being absent: times this they
/// weigh as much as the distance of the logits.
const PROBABILITIES: f64 = 30.0;

/// The batch of one step.
pub(super) struct Lesson {
    /// `batch × 4 × frames × mels`.
    frames: Tensor,
    /// The teacher's logits, `batch × labels`.
    logits: Tensor,
    /// The teacher's probabilities, `batch × labels`.
    probabilities: Tensor,
    /// The targets of the hidden layer before its ReLU, `batch × HIDDEN`; none if the student's hidden layer has
    /// another size.
    hidden: Option<Tensor>,
}

/// The batches of a distillation.
pub(super) struct Lessons<'a> {
    crops: &'a Crops<'a>,
    /// Share of crops with the marks of lossy coding.
    coded: f64,
    /// One over the deviation of each of the teacher's logits, `1 × labels`.
    logit_scale: Tensor,
    /// The same of each unit of its hidden layer; none as in [`Lesson::hidden`].
    hidden_scale: Option<Tensor>,
    device: Device,
}

impl<'a> Lessons<'a> {
    /// With the deviations that a run's survey found.
    ///
    /// # Errors
    /// If candle fails.
    pub(super) fn new(crops: &'a Crops<'a>, done: &Progress, device: &Device) -> Result<Self> {
        Ok(Self {
            crops,
            coded: done.coded,
            logit_scale: inverse(&done.logit_deviations, device)?,
            hidden_scale: match done.hidden_deviations.as_slice() {
                [] => None,
                deviations => Some(inverse(deviations, device)?),
            },
            device: device.clone(),
        })
    }

    fn lesson(&self, step: usize) -> anyhow::Result<Lesson> {
        let arguments = self.crops.arguments;
        let (_, count) = arguments.crops_of(step);
        let candidates = arguments.candidates;
        let mixtures = self
            .crops
            .mixtures(MIX, step, count * candidates, self.coded);
        let crops = self.crops.judge(&mixtures, candidates)?;
        let (count, frames) = (crops.len(), crops[0].frames);
        let (mut planes, mut logits, mut hidden) = (Vec::new(), Vec::new(), Vec::new());
        for crop in crops {
            planes.extend(crop.planes);
            logits.extend(crop.logits);
            hidden.extend(crop.hidden);
        }
        let hidden = match &self.hidden_scale {
            None => None,
            Some(_) => Some(Tensor::from_vec(hidden, (count, HIDDEN), &self.device)?),
        };
        let mels = self.crops.features.mel_bands;
        let shape = (count, COMPONENTS, frames, mels);
        let sigmoid = |logit: &f32| 1.0 / (1.0 + (-logit).exp());
        let probabilities: Vec<f32> = logits.iter().map(sigmoid).collect();
        Ok(Lesson {
            frames: Tensor::from_vec(planes, shape, &self.device)?,
            probabilities: Tensor::from_vec(probabilities, (count, LABELS), &self.device)?,
            logits: Tensor::from_vec(logits, (count, LABELS), &self.device)?,
            hidden,
        })
    }
}

impl BatchSource for Lessons<'_> {
    type Batch = Lesson;

    // Parts of a lesson run on a single core; several at once keep the others busy.
    const AT_ONCE: usize = 4;

    fn batches(&self, steps: Range<usize>) -> anyhow::Result<Vec<Lesson>> {
        steps
            .into_par_iter()
            .map(|step| self.lesson(step))
            .collect()
    }

    /// The cross-entropy with the teacher's probabilities, and the squared distances, in deviations, from
    /// its logits, which also teaches what is only a little likely, and from its hidden layer, which
    /// teaches what the labels have in common.
    fn loss(
        &self,
        network: &TrainingNetwork,
        _step: usize,
        lesson: &Lesson,
    ) -> Result<(Tensor, NormStatistics)> {
        let student = &network.network;
        let (columns, statistics) = student.training_columns(&lesson.frames)?;
        let sums = student.hidden_sums(&student.window_features(&columns)?)?;
        let logits = student.logits(&sums.relu()?)?;
        let of_labels = (binary_cross_entropy(&logits, &lesson.probabilities)? * PROBABILITIES)?;
        let distance = (logits - &lesson.logits)?.broadcast_mul(&self.logit_scale)?;
        let loss = (of_labels + distance.sqr()?.mean_all()?)?;
        let (Some(of_teacher), Some(scale)) = (&lesson.hidden, &self.hidden_scale) else {
            return Ok((loss, statistics));
        };
        let distance = (sums - of_teacher)?.broadcast_mul(scale)?;
        Ok(((loss + distance.sqr()?.mean_all()?)?, statistics))
    }
}

/// One over each of the deviations, in a row.
fn inverse(deviations: &[f32], device: &Device) -> Result<Tensor> {
    let scale: Vec<f32> = deviations.iter().map(|deviation| 1.0 / deviation).collect();
    Tensor::from_vec(scale, (1, deviations.len()), device)
}
