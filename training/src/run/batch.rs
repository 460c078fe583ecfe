//! One batch: cuts, mixtures, frames and targets.

use candle_core::{Device, Tensor};
use hamiltone_engine::features::{COMPONENTS, FeatureSettings, clip_frames};
use hamiltone_engine::model::TaskKind;
use rand::Rng;
use rayon::prelude::*;

use super::context::{Fold, LATE};
use crate::augmentation::{
    begin_late, by_component, cut, frame_by_frame, frames_by_component, mask, mix,
    stretch_frequencies,
};
use crate::dataset::Dataset;
use crate::random;
use crate::recipe::{Recipe, tenths};
use crate::teacher::Teacher;

/// A batch, ready for the network.
pub(super) struct Batch {
    pub(super) input: Input,
    /// `batch × labels`: each row a distribution, or (any number of labels) from 0 to 1 each.
    pub(super) targets: Tensor,
    /// The teacher's answers.
    pub(super) guidance: Option<Guidance>,
}

/// The network's input.
pub(super) enum Input {
    /// `batch × 4 × frames × mels`.
    Frames(Tensor),
    /// Features of a frozen trunk, `batch × features`.
    Features(Tensor),
}

/// A teacher's answers to a batch, and how much they count.
pub(super) struct Guidance {
    /// `batch × labels`.
    pub(super) logits: Tensor,
    /// The divisor of both networks' logits.
    pub(super) temperature: f32,
    /// Share of the loss.
    pub(super) weight: f32,
}

impl Guidance {
    /// With logits of a teacher, clip after clip, if the recipe has one.
    pub(super) fn of(
        recipe: &Recipe,
        logits: Vec<f32>,
        shape: (usize, usize),
        device: &Device,
    ) -> candle_core::Result<Option<Self>> {
        let guidance = recipe.distillation.as_ref().map(|distillation| {
            Ok(Self {
                logits: Tensor::from_vec(logits, shape, device)?,
                temperature: distillation.temperature,
                weight: distillation.weight,
            })
        });
        guidance.transpose()
    }
}

/// One clip of a batch.
pub(super) struct Item {
    /// The frames, component by component.
    pub(super) planes: Vec<f32>,
    pub(super) frames: usize,
    pub(super) target: Vec<f32>,
    /// The teacher's logits, if there is a teacher.
    pub(super) taught: Vec<f32>,
}

/// The clips that batches are made of.
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

impl<'a> Material<'a> {
    /// That of a fold.
    pub(super) fn of(fold: &Fold<'a>, means: &'a [f32], teacher: Option<&'a dyn Teacher>) -> Self {
        Self {
            recipe: fold.recipe,
            features: fold.features,
            audio: fold.audio,
            dataset: fold.dataset,
            means,
            teacher,
        }
    }
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
        let length = self.length(purpose);
        let items: Vec<Item> = chosen
            .par_iter()
            .enumerate()
            .map(|(index, &clip)| {
                let purpose: Vec<u64> = purpose.iter().copied().chain([1 + index as u64]).collect();
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
        Ok(Batch {
            input: Input::Frames(Tensor::from_vec(planes, shape, device)?),
            targets: Tensor::from_vec(targets, of_labels, device)?,
            guidance: Guidance::of(self.recipe, taught, of_labels, device)?,
        })
    }

    /// A clip as a batch would have it, at a length of its own.
    pub(super) fn view(
        &self,
        clip: usize,
        pool: &[usize],
        purpose: &[u64],
    ) -> anyhow::Result<Item> {
        let of_clip: Vec<u64> = purpose.iter().copied().chain([1]).collect();
        self.item(clip, pool, self.length(purpose), &of_clip)
    }

    /// A whole clip, nothing changed but that silence makes at least so many frames.
    pub(super) fn whole(&self, clip: usize, least: usize) -> anyhow::Result<Item> {
        let samples = &self.audio[clip];
        let mut target = self.no_label();
        self.add_labels(&mut target, clip, 1.0);
        let frames = clip_frames(self.features, samples, least);
        let (planes, frames) = by_component(&frames, self.features.mel_bands);
        let taught = self.taught(samples, &planes, frames)?;
        Ok(Item {
            planes,
            frames,
            target,
            taught,
        })
    }

    /// How many samples a crop has.
    fn length(&self, purpose: &[u64]) -> usize {
        let (least, most) = self.recipe.crop_s;
        let seconds = random::stream(self.recipe.seed, purpose).random_range(least..=most);
        tenths(seconds) * self.features.sample_rate as usize / 10
    }

    fn taught(&self, samples: &[f32], planes: &[f32], frames: usize) -> anyhow::Result<Vec<f32>> {
        let mels = self.features.mel_bands;
        match self.teacher {
            None => Ok(Vec::new()),
            Some(teacher) => teacher.logits(samples, &frame_by_frame(planes, frames, mels)),
        }
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
        let of_beginning: Vec<u64> = purpose.iter().copied().chain([LATE]).collect();
        let mut random_beginning = random::stream(self.recipe.seed, &of_beginning);
        begin_late(&mut samples, settings, &mut random_beginning);
        let (mut planes, frames) = frames_by_component(self.features, &samples);
        let mels = self.features.mel_bands;
        stretch_frequencies(&mut planes, self.features, settings, &mut random);
        mask(&mut planes, mels, self.means, settings, &mut random);
        let taught = self.taught(&samples, &planes, frames)?;
        Ok(Item {
            planes,
            frames,
            target,
            taught,
        })
    }
}
