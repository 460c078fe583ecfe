//! Features of a frozen trunk, computed once: after that only the head is trained.

use std::collections::BTreeMap;
use std::sync::Arc;

use candle_core::{Device, Tensor};
use hamiltone_engine::model::clip_features;
use hamiltone_engine::network::streaming::{PackedNetwork, Weights};
use hamiltone_engine::tagging::ClipFeatures;
use rand::Rng;
use rayon::prelude::*;

use super::batch::{Batch, Guidance, Input, Material};
use super::context::{CHOSEN_VIEW, Fold, VIEW};
use super::start::Beginning;
use crate::augmentation::frame_by_frame;
use crate::dataset::Split;
use crate::evaluation::{Evaluation, summarise};
use crate::progress_bar::progress_bar;
use crate::random;

/// A clip as it was cut, changed and mixed once.
pub(super) struct View {
    /// Of its window: what the head is given.
    pub(super) features: Vec<f32>,
    pub(super) target: Vec<f32>,
    /// The teacher's logits, if there is a teacher.
    pub(super) taught: Vec<f32>,
}

/// Some views of each training clip, and the validation clips as they are.
pub(super) struct Views {
    /// The first one is of the whole clip as it is.
    pub(super) of_clip: BTreeMap<usize, Vec<View>>,
    /// Features and labels.
    validation: Vec<(Vec<f32>, Vec<usize>)>,
}

impl Views {
    /// Computes them: of each training clip the whole as it is, then `count − 1` others as batches
    /// have them.
    pub(super) fn new(
        fold: &Fold<'_>,
        material: &Material<'_>,
        split: &Split,
        beginning: &Beginning,
        count: usize,
    ) -> anyhow::Result<Self> {
        let mels = fold.features.mel_bands;
        let network = PackedNetwork::new(&beginning.architecture, mels, &beginning.weights);
        let network = Arc::new(network);
        let column = beginning.architecture.frames_per_column();
        let message = format!("fold {}: features of the frozen trunk", fold.number);
        let all = split.training.len() + split.validation.len();
        let bar = progress_bar(all as u64, &message, fold.quiet);
        // With silence before and after; pieces begin from zeros.
        let as_users_get = |clip: usize| -> anyhow::Result<Vec<f32>> {
            let mut features =
                ClipFeatures::new(&network, fold.features, fold.features.sample_rate)?;
            features.push(&fold.audio[clip]);
            Ok(features.finish())
        };
        let views_of = |&clip: &usize| {
            let view = |number: usize| {
                let purpose = [VIEW, fold.number as u64, clip as u64, number as u64];
                let item = match number {
                    0 => material.whole(clip, column)?,
                    _ => material.view(clip, &split.training, &purpose)?,
                };
                Ok(View {
                    features: match number {
                        0 => as_users_get(clip)?,
                        _ => clip_features(
                            &network,
                            &frame_by_frame(&item.planes, item.frames, mels),
                        ),
                    },
                    target: item.target,
                    taught: item.taught,
                })
            };
            let views = (0..count).map(view).collect::<anyhow::Result<Vec<View>>>();
            bar.inc(1);
            Ok((clip, views?))
        };
        let of_clip = split
            .training
            .par_iter()
            .map(views_of)
            .collect::<anyhow::Result<_>>()?;
        let to_validate = |&clip: &usize| {
            let features = as_users_get(clip)?;
            bar.inc(1);
            Ok((features, fold.dataset.clips[clip].labels.clone()))
        };
        let validation = split
            .validation
            .par_iter()
            .map(to_validate)
            .collect::<anyhow::Result<_>>()?;
        bar.finish_and_clear();
        Ok(Self {
            of_clip,
            validation,
        })
    }

    /// A batch of the clips `chosen`, one view of each; which one follows from `purpose`.
    pub(super) fn batch(
        &self,
        fold: &Fold<'_>,
        chosen: &[usize],
        purpose: &[u64],
        device: &Device,
    ) -> anyhow::Result<Batch> {
        let purpose: Vec<u64> = [CHOSEN_VIEW].iter().chain(purpose).copied().collect();
        let mut random = random::stream(fold.recipe.seed, &purpose);
        let (mut features, mut targets, mut taught) = (Vec::new(), Vec::new(), Vec::new());
        for clip in chosen {
            let views = &self.of_clip[clip];
            let view = &views[random.random_range(0..views.len())];
            features.extend_from_slice(&view.features);
            targets.extend_from_slice(&view.target);
            taught.extend_from_slice(&view.taught);
        }
        let (count, size) = (chosen.len(), features.len() / chosen.len().max(1));
        let of_labels = (count, fold.dataset.labels.len());
        Ok(Batch {
            input: Input::Features(Tensor::from_vec(features, (count, size), device)?),
            targets: Tensor::from_vec(targets, of_labels, device)?,
            guidance: Guidance::of(fold.recipe, taught, of_labels, device)?,
        })
    }

    /// The head's figures on the validation clips.
    pub(super) fn validate(
        &self,
        fold: &Fold<'_>,
        beginning: &Beginning,
        weights: &Weights,
    ) -> Evaluation {
        let mels = fold.features.mel_bands;
        let network = PackedNetwork::new(&beginning.architecture, mels, weights);
        let answers: Vec<(Vec<f32>, &[usize])> = self
            .validation
            .iter()
            .map(|(features, labels)| {
                let (mut hidden, mut logits) = (Vec::new(), Vec::new());
                network.logits_into(features, &mut hidden, &mut logits);
                (logits, &labels[..])
            })
            .collect();
        summarise(fold.dataset.labels.len(), fold.dataset.kind, &answers)
    }
}
