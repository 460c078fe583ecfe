//! One batch: cuts, mixtures, frames and targets.

use candle_core::{Device, Tensor};
use hamiltone_engine::features::{COMPONENTS, FeatureSettings};
use rand::Rng;
use rayon::prelude::*;

use super::Recipe;
use crate::augmentation::{cut, frames_by_component, mask, mix};
use crate::random;

/// A batch, ready for the network.
pub(super) struct Batch {
    /// `batch × 4 × frames × mels`.
    pub(super) frames: Tensor,
    /// `batch × labels`, each row a distribution.
    pub(super) targets: Tensor,
}

/// What batches are made of.
pub(super) struct Material<'a> {
    pub(super) recipe: &'a Recipe,
    pub(super) features: &'a FeatureSettings,
    pub(super) audio: &'a [Vec<f32>],
    /// The label of each clip of `audio`.
    pub(super) labels: &'a [usize],
    pub(super) label_count: usize,
    /// Mean of each component and mel over the training clips.
    pub(super) means: &'a [f32],
}

impl Material<'_> {
    /// Makes the batch of the clips `chosen`; everything random in it follows from `purpose`.
    pub(super) fn batch(
        &self,
        chosen: &[usize],
        pool: &[usize],
        purpose: &[u64],
        device: &Device,
    ) -> candle_core::Result<Batch> {
        let (least, most) = self.recipe.crop_s;
        let seconds = random::stream(self.recipe.seed, purpose).random_range(least..=most);
        let length = (seconds * self.features.sample_rate as f32) as usize;
        let items: Vec<(Vec<f32>, usize, Vec<f32>)> = chosen
            .par_iter()
            .enumerate()
            .map(|(place, &clip)| {
                let purpose: Vec<u64> = purpose.iter().copied().chain([1 + place as u64]).collect();
                self.item(clip, pool, length, &purpose)
            })
            .collect();
        let frames = items.first().map_or(0, |(_, frames, _)| *frames);
        let mut planes = Vec::new();
        let mut targets = Vec::new();
        for (item, _, target) in items {
            planes.extend(item);
            targets.extend(target);
        }
        let shape = (chosen.len(), COMPONENTS, frames, self.features.mel_bands);
        Ok(Batch {
            frames: Tensor::from_vec(planes, shape, device)?,
            targets: Tensor::from_vec(targets, (chosen.len(), self.label_count), device)?,
        })
    }

    fn item(
        &self,
        clip: usize,
        pool: &[usize],
        length: usize,
        purpose: &[u64],
    ) -> (Vec<f32>, usize, Vec<f32>) {
        let settings = &self.recipe.augmentation;
        let mut random = random::stream(self.recipe.seed, purpose);
        let mut samples = cut(&self.audio[clip], length, settings, &mut random);
        let mut target =
            vec![self.recipe.label_smoothing / self.label_count as f32; self.label_count];
        let sure = 1.0 - self.recipe.label_smoothing;
        if random.random_bool(settings.mixup_share) {
            let other = pool[random.random_range(0..pool.len())];
            let other_samples = cut(&self.audio[other], length, settings, &mut random);
            let share = mix(&mut samples, &other_samples, &mut random);
            target[self.labels[clip]] += sure * share;
            target[self.labels[other]] += sure * (1.0 - share);
        } else {
            target[self.labels[clip]] += sure;
        }
        let (mut planes, frames) = frames_by_component(self.features, &samples);
        mask(
            &mut planes,
            self.features.mel_bands,
            self.means,
            settings,
            &mut random,
        );
        (planes, frames, target)
    }
}
