//! One batch: cuts, mixtures, frames and targets.

use candle_core::{Device, Tensor};
use hamiltone_engine::features::{COMPONENTS, FeatureSettings};
use hamiltone_engine::model::TaskKind;
use rand::Rng;
use rayon::prelude::*;

use super::Recipe;
use crate::augmentation::{cut, frame_by_frame, frames_by_component, mask, mix};
use crate::dataset::Dataset;
use crate::random;
use crate::teacher::Teacher;

/// A batch, ready for the network.
pub(super) struct Batch {
    /// `batch × 4 × frames × mels`.
    pub(super) frames: Tensor,
    /// `batch × labels`: each row a distribution, or (any number of labels) from 0 to 1 each.
    pub(super) targets: Tensor,
    /// What a teacher says of it.
    pub(super) guidance: Option<Guidance>,
}

/// A teacher's answers to a batch, and how much they count.
pub(super) struct Guidance {
    /// `batch × labels`.
    pub(super) logits: Tensor,
    /// What both networks' logits are divided by.
    pub(super) temperature: f32,
    /// Share of the loss.
    pub(super) weight: f32,
}

/// One clip of a batch.
struct Item {
    planes: Vec<f32>,
    frames: usize,
    target: Vec<f32>,
    taught: Vec<f32>,
}

/// What batches are made of.
pub(super) struct Material<'a> {
    pub(super) recipe: &'a Recipe,
    pub(super) features: &'a FeatureSettings,
    pub(super) audio: &'a [Vec<f32>],
    /// The clips of `audio`.
    pub(super) dataset: &'a Dataset,
    /// Mean of each component and mel over the training clips.
    pub(super) means: &'a [f32],
    /// Who judges each clip, if anyone.
    pub(super) teacher: Option<&'a dyn Teacher>,
}

impl Material<'_> {
    /// Makes the batch of the clips `chosen`; everything random in it follows from `purpose`.
    pub(super) fn batch(
        &self,
        chosen: &[usize],
        pool: &[usize],
        purpose: &[u64],
        device: &Device,
    ) -> anyhow::Result<Batch> {
        let (least, most) = self.recipe.crop_s;
        let seconds = random::stream(self.recipe.seed, purpose).random_range(least..=most);
        // In tenths of a second: a teacher's plan is for one length.
        let tenths = (10.0 * seconds).round().max(1.0) as usize;
        let length = tenths * self.features.sample_rate as usize / 10;
        let items: Vec<Item> = chosen
            .par_iter()
            .enumerate()
            .map(|(place, &clip)| {
                let purpose: Vec<u64> = purpose.iter().copied().chain([1 + place as u64]).collect();
                self.item(clip, pool, length, &purpose)
            })
            .collect::<anyhow::Result<_>>()?;
        let frames = items.first().map_or(0, |item| item.frames);
        let (mut planes, mut targets, mut taught) = (Vec::new(), Vec::new(), Vec::new());
        for item in items {
            planes.extend(item.planes);
            targets.extend(item.target);
            taught.extend(item.taught);
        }
        let shape = (chosen.len(), COMPONENTS, frames, self.features.mel_bands);
        let of_labels = (chosen.len(), self.dataset.labels.len());
        let guidance = self.recipe.distillation.as_ref().map(|distillation| {
            Ok::<_, candle_core::Error>(Guidance {
                logits: Tensor::from_vec(taught, of_labels, device)?,
                temperature: distillation.temperature,
                weight: distillation.weight,
            })
        });
        Ok(Batch {
            frames: Tensor::from_vec(planes, shape, device)?,
            targets: Tensor::from_vec(targets, of_labels, device)?,
            guidance: guidance.transpose()?,
        })
    }

    /// A target before its labels: what smoothing spreads over all of them.
    fn no_label(&self) -> Vec<f32> {
        let count = self.dataset.labels.len();
        let spread = match self.dataset.kind {
            TaskKind::SingleLabel => self.recipe.label_smoothing / count as f32,
            TaskKind::MultiLabel => 0.0,
        };
        vec![spread; count]
    }

    fn add_labels(&self, target: &mut [f32], clip: usize, share: f32) {
        let sure = match self.dataset.kind {
            TaskKind::SingleLabel => 1.0 - self.recipe.label_smoothing,
            TaskKind::MultiLabel => 1.0,
        };
        for &label in &self.dataset.clips[clip].labels {
            target[label] = (target[label] + sure * share).min(1.0);
        }
    }

    fn item(
        &self,
        clip: usize,
        pool: &[usize],
        length: usize,
        purpose: &[u64],
    ) -> anyhow::Result<Item> {
        let settings = &self.recipe.augmentation;
        let mut random = random::stream(self.recipe.seed, purpose);
        let mut samples = cut(&self.audio[clip], length, settings, &mut random);
        let mut target = self.no_label();
        if random.random_bool(settings.mixup_share) {
            let other = pool[random.random_range(0..pool.len())];
            let other_samples = cut(&self.audio[other], length, settings, &mut random);
            let share = mix(&mut samples, &other_samples, &mut random);
            self.add_labels(&mut target, clip, share);
            self.add_labels(&mut target, other, 1.0 - share);
        } else {
            self.add_labels(&mut target, clip, 1.0);
        }
        let (mut planes, frames) = frames_by_component(self.features, &samples);
        let mels = self.features.mel_bands;
        mask(&mut planes, mels, self.means, settings, &mut random);
        let taught = match self.teacher {
            None => Vec::new(),
            Some(teacher) => teacher.logits(&samples, &frame_by_frame(&planes, frames, mels))?,
        };
        Ok(Item {
            planes,
            frames,
            target,
            taught,
        })
    }
}
