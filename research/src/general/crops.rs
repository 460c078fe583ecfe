//! Crops of mixed and changed sounds, and the teacher's answers to them.

use anyhow::Context;
use hamiltone_engine::features::FeatureSettings;
use hamiltone_training::augmentation::frames_by_component;
use hamiltone_training::random::stream;
use rand::Rng;
use rayon::prelude::*;

use super::arguments::GeneralArguments;
use super::codec::degrade;
use super::material::Material;
use super::mixture::{Mixture, mixture};
use crate::teacher::{LastLayers, Mn04};

/// Purposes of random streams: a step's crops, those of the survey, and the codec and the late beginning of either.
pub(super) const MIX: u64 = 1;
pub(super) const SURVEYED: u64 = 2;
const CODED: u64 = u64::from_le_bytes(*b"as coded");
const LATE: u64 = u64::from_le_bytes(*b"set late");
/// The silence before a crop that begins late is of whole tenths of a second, since the teacher has a plan for each length, and
/// at most this share of the crop.
const MOST_SILENT: f64 = 0.6;

/// Makes crops and asks the teacher.
pub(super) struct Crops<'a> {
    pub(super) arguments: &'a GeneralArguments,
    pub(super) features: &'a FeatureSettings,
    /// See [`seed_of_crops`].
    pub(super) seed: u64,
    pub(super) material: Material,
    pub(super) teacher: Mn04,
    pub(super) last_layers: LastLayers,
}

/// A crop with the teacher's answer.
pub(super) struct Crop {
    /// The student's frames, component by component.
    pub(super) planes: Vec<f32>,
    pub(super) frames: usize,
    pub(super) logits: Vec<f32>,
    /// The target of the hidden layer before its ReLU.
    pub(super) hidden: Vec<f32>,
}

/// Seed of the crops of a run that starts from a model with this hash: another one for each model, which may have
/// learned from the crops of `seed` already.
///
/// # Errors
/// If that is no hash.
pub(super) fn seed_of_crops(seed: u64, start: Option<&str>) -> anyhow::Result<u64> {
    let Some(hash) = start else {
        return Ok(seed);
    };
    let digits = hash.get(..16).context("a model's hash is too short")?;
    Ok(seed ^ u64::from_str_radix(digits, 16)?)
}

impl Crops<'_> {
    /// So many mixtures, as long as a step's; `coded` is the share with the marks of lossy
    /// coding. That and the late beginning have random numbers of their own, so that all else stays as it is without.
    pub(super) fn mixtures(
        &self,
        purpose: u64,
        step: usize,
        count: usize,
        coded: f64,
    ) -> Vec<Mixture> {
        let rate = self.features.sample_rate;
        let length = self.arguments.crops_of(step).0 * rate as usize / 10;
        let mixing = self.arguments.mixing();
        let one = |index: usize| {
            let at = [purpose, step as u64, index as u64];
            let mut random = stream(self.seed, &at);
            let mut crop = mixture(&self.material, length, rate, &mixing, &mut random);
            let of_code = [CODED].into_iter().chain(at).collect::<Vec<u64>>();
            let mut random = stream(self.seed, &of_code);
            if random.random_bool(coded) {
                degrade(&mut crop.student, rate, &mut random);
            }
            let of_beginning = [LATE].into_iter().chain(at).collect::<Vec<u64>>();
            let mut random = stream(self.seed, &of_beginning);
            if random.random_bool(self.arguments.late_beginnings) {
                let tenth = rate as usize / 10;
                let most = (MOST_SILENT * (length / tenth) as f64) as usize;
                crop.begin_late(tenth * random.random_range(1..=most.max(1)));
            }
            crop
        };
        (0..count).into_par_iter().map(one).collect()
    }

    /// Corrects the first teacher's logits where the crop is of one sound: moves them towards the second one's, if there is one,
    /// and to the labels that the sound's name states.
    fn correct(&self, mixture: &Mixture, logits: &mut [f32]) {
        let Some(place) = mixture.place else { return };
        if let Some(difference) = self.material.difference(place) {
            let weight = self.arguments.second_weight;
            let labels = logits.iter_mut().zip(difference);
            labels.for_each(|(logit, difference)| *logit += weight * difference);
        }
        self.material.correct_by_name(place, logits);
    }

    /// Crops of mixtures with the teacher's answers: of every `candidates` of them the one with the rarest labels.
    ///
    /// # Errors
    /// If the teacher fails.
    pub(super) fn judge(
        &self,
        mixtures: &[Mixture],
        candidates: usize,
    ) -> anyhow::Result<Vec<Crop>> {
        let one = |candidates: &[Mixture]| {
            let judged = candidates
                .iter()
                .map(|mixture| {
                    let mut verdict = self.teacher.judge(mixture.for_teacher())?;
                    self.correct(mixture, &mut verdict.logits);
                    let rarity = self.material.rarity(&verdict.logits);
                    Ok((rarity, &mixture.student, verdict))
                })
                .collect::<anyhow::Result<Vec<_>>>()?;
            let (_, samples, verdict) = judged
                .into_iter()
                .max_by(|(one, ..), (other, ..)| one.total_cmp(other))
                .context("there is no candidate")?;
            let (planes, frames) = frames_by_component(self.features, samples);
            Ok(Crop {
                planes,
                frames,
                hidden: self.last_layers.hidden_sums(&verdict.embedding),
                logits: verdict.logits,
            })
        };
        mixtures.par_chunks(candidates).map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_from_different_models_or_seeds_have_different_crops() {
        let (a, b) = ("a".repeat(64), "b".repeat(64));
        assert_eq!(seed_of_crops(5, None).unwrap(), 5);
        let mut seeds: Vec<u64> = [(Some(&*a), 1), (Some(&*b), 1), (Some(&*a), 2), (None, 1)]
            .map(|(start, seed)| seed_of_crops(seed, start).unwrap())
            .to_vec();
        assert_eq!(seeds[0], seed_of_crops(1, Some(&a)).unwrap());
        seeds.sort_unstable();
        seeds.dedup();
        assert_eq!(seeds.len(), 4);
        assert!(seed_of_crops(1, Some("general")).is_err());
    }
}
