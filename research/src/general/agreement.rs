//! How far a student agrees with its teacher on sounds that neither of them learned from.

use hamiltone_engine::features::FeatureSettings;
use hamiltone_engine::model::{Accuracy, Model};
use hamiltone_engine::network::streaming::PackedNetwork;
use hamiltone_engine::tagging::{ClipFeatures, Tagger};
use rand::Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

use super::Material;
use crate::material::PRESENT;
use crate::teacher::{Mn04, RATE, audioset_labels};
use hamiltone_training::audio_cache::Sound;
use hamiltone_training::evaluation::average_precision;
use hamiltone_training::random::stream;

/// Labels so general that agreeing on them says little.
const GENERAL: [&str; 8] = [
    "Music",
    "Speech",
    "Silence",
    "Sound effect",
    "Animal",
    "Vehicle",
    "Inside, small room",
    "Outside, urban or manmade",
];
/// The teacher is sure from here on.
const SURE: f32 = 0.5;
/// A label must be there so often to count.
const LEAST_OFTEN: usize = 3;
/// Segments that measure.
pub(super) const HELD_OUT: usize = 1_200;
/// Length of a segment.
const SEGMENT_S: usize = 5;
/// Most segments of one sound.
const MOST_SEGMENTS: usize = 8;

/// How far they agree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// On all labels.
    #[serde(flatten)]
    pub all: Figures,
    /// On labels that the material to learn from has [`ENOUGH`](crate::material::ENOUGH) segments of;
    /// none in runs that were measured before there was this.
    #[serde(default)]
    pub covered: Option<Figures>,
    /// Segments in all.
    pub segments: usize,
}

impl Agreement {
    /// As a card has it.
    pub(super) fn accuracy(&self) -> Accuracy {
        Accuracy {
            measure: "mAP against the teacher".into(),
            value: self.all.mean_average_precision,
            spread: None,
            protocol: format!(
                "{} segments of held-out sources, {} labels, what mn04 gives .3 being true",
                self.segments, self.all.labels
            ),
            other_corpora: Vec::new(),
        }
    }
}

/// How far they agree on some labels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Mean over labels of the average precision, what the teacher says being true.
    pub mean_average_precision: f64,
    /// Labels in that mean.
    pub labels: usize,
    /// Share of segments of which the teacher is sure of a specific label, one of these, that the
    /// student gives the same of all specific labels the highest probability.
    pub top_1: f64,
    /// Segments in that share.
    pub sure: usize,
}

/// Segments with the teacher's logits.
pub(super) struct HeldOut {
    segments: Vec<(Vec<f32>, Vec<f32>)>,
    /// Of each label, whether there is enough of it to learn from.
    covered: Vec<bool>,
}

impl HeldOut {
    /// Cuts segments from sounds and asks the teacher.
    pub(super) fn new(
        material: &Material,
        teacher: &Mn04,
        features: &FeatureSettings,
        most: usize,
        covered: Vec<bool>,
    ) -> anyhow::Result<Self> {
        let length = SEGMENT_S * features.sample_rate as usize;
        let mut random = stream(7, &[u64::from_le_bytes(*b"held out")]);
        let mut cuts = Vec::new();
        for sound in material.sounds() {
            let segments = (sound.samples.len() / length).clamp(1, MOST_SEGMENTS);
            for _ in 0..segments {
                let start = random.random_range(0..=sound.samples.len().saturating_sub(length));
                cuts.push((random.random::<u32>(), sound, start));
            }
        }
        cuts.sort_by_key(|(order, ..)| *order); // some of everything, if there are too many
        cuts.truncate(most);
        let cut = |sound: &Sound, start: usize| {
            let samples = sound.samples[start..].iter().take(length);
            let mut cut: Vec<f32> = samples.map(|s| sound.scale * f32::from(*s)).collect();
            cut.resize(length, 0.0);
            cut
        };
        let judged = cuts.into_par_iter().map(|(_, sound, start)| {
            let cut = cut(sound, start);
            let verdict = teacher.judge(&cut)?;
            Ok((cut, verdict.logits))
        });
        Ok(Self {
            segments: judged.collect::<anyhow::Result<_>>()?,
            covered,
        })
    }

    /// Asks the student.
    pub(super) fn ask(
        &self,
        network: &Arc<PackedNetwork>,
        features: &FeatureSettings,
    ) -> Agreement {
        let answers = self.segments.par_iter().map(|(samples, truth)| {
            let logits = ClipFeatures::logits(network, features, samples)
                .expect("a card's sample rate was checked");
            (logits, &truth[..])
        });
        self.compare(&answers.collect::<Vec<_>>())
    }

    /// Asks a model as live audio is tagged: the mean of the probabilities in windows of this many seconds, from
    /// the first whole window on.
    ///
    /// # Errors
    /// If the model cannot take the teacher's sample rate.
    pub(super) fn ask_live(&self, model: &Arc<Model>, window_s: f32) -> anyhow::Result<Agreement> {
        let answers = self.segments.par_iter().map(|(samples, truth)| {
            let mut tagger = Tagger::new(model.clone(), RATE, window_s)?;
            let whole = f64::from(tagger.window_s()).min(SEGMENT_S as f64 - tagger.latency_s());
            let mut sums = vec![0.0; truth.len()];
            tagger.push(samples, &mut |tags| {
                if tags.time_s >= whole {
                    let pairs = sums.iter_mut().zip(tags.probabilities);
                    pairs.for_each(|(sum, probability)| *sum += probability);
                }
            });
            Ok((sums, &truth[..])) // every segment is as long: sums are in the order of means
        });
        Ok(self.compare(&answers.collect::<anyhow::Result<Vec<_>>>()?))
    }

    fn compare(&self, answers: &[(Vec<f32>, &[f32])]) -> Agreement {
        Agreement {
            all: figures(answers, &|_| true),
            covered: Some(figures(answers, &|label| self.covered[label])),
            segments: answers.len(),
        }
    }
}

/// Of pairs of the student's logits (or probabilities: their order counts) and the teacher's logits, on the labels
/// that count.
fn figures(answers: &[(Vec<f32>, &[f32])], counts: &(dyn Fn(usize) -> bool + Sync)) -> Figures {
    let logit = |probability: f32| (probability / (1.0 - probability)).ln();
    let labels = answers.first().map_or(0, |(_, truth)| truth.len());
    let precisions: Vec<f64> = (0..labels)
        .into_par_iter()
        .filter(|label| counts(*label))
        .filter_map(|label| {
            let pairs = answers.iter();
            let ranked: Vec<(f32, bool)> = pairs
                .map(|(own, truth)| (own[label], truth[label] > logit(PRESENT)))
                .collect();
            let often = ranked.iter().filter(|(_, there)| *there).count();
            (often >= LEAST_OFTEN)
                .then(|| average_precision(ranked))
                .flatten()
        })
        .collect();
    let specific: Vec<usize> = audioset_labels()
        .iter()
        .enumerate()
        .filter(|(_, label)| !GENERAL.contains(&label.name.as_str()))
        .map(|(index, _)| index)
        .filter(|index| *index < labels)
        .collect();
    let top = |logits: &[f32]| {
        let best = specific
            .iter()
            .max_by(|a, b| logits[**a].total_cmp(&logits[**b]));
        best.copied().unwrap_or(0)
    };
    let sure: Vec<bool> = answers
        .iter()
        .filter(|(_, truth)| labels > 0 && truth[top(truth)] > logit(SURE) && counts(top(truth)))
        .map(|(own, truth)| top(own) == top(truth))
        .collect();
    Figures {
        mean_average_precision: precisions.iter().sum::<f64>() / precisions.len().max(1) as f64,
        labels: precisions.len(),
        top_1: sure.iter().filter(|same| **same).count() as f64 / sure.len().max(1) as f64,
        sure: sure.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_student_that_repeats_its_teacher_agrees_and_one_that_guesses_does_not() {
        let mut random = stream(1, &[]);
        let truths: Vec<Vec<f32>> = (0..200)
            .map(|_| {
                (0..527)
                    .map(|_| if random.random_bool(0.03) { 2.0 } else { -6.0 })
                    .collect()
            })
            .collect();
        let same: Vec<(Vec<f32>, &[f32])> = truths.iter().map(|t| (t.clone(), &t[..])).collect();
        let agrees = figures(&same, &|_| true);
        assert_eq!((agrees.mean_average_precision, agrees.top_1), (1.0, 1.0));
        assert!(agrees.labels > 400 && agrees.sure > 190, "{agrees:?}");
        let of_few = figures(&same, &|label| label % 2 == 0);
        assert!((200..=264).contains(&of_few.labels), "{of_few:?}");
        assert!((50..150).contains(&of_few.sure), "{of_few:?}");
        let guesses: Vec<(Vec<f32>, &[f32])> = truths
            .iter()
            .map(|t| ((0..527).map(|_| random.random()).collect(), &t[..]))
            .collect();
        let guessed = figures(&guesses, &|_| true);
        assert!(
            guessed.mean_average_precision < 0.2 && guessed.top_1 < 0.1,
            "{guessed:?}"
        );
    }
}
