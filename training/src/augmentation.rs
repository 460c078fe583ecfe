//! Each clip new each time: crop, shift, speed, gain, noise, mixtures, masks.

use hamiltone_engine::features::{COMPONENTS, FeatureSettings, quaternion_frames};
use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::random::normal;

/// How strongly clips are changed. Shares are probabilities.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Augmentation {
    /// Gain in dB, uniform within plus and minus this.
    pub gain_db: f32,
    /// Speed (and pitch), uniform within one plus and minus this.
    pub speed: f32,
    /// How much longer or shorter the vocal tract of a voice seems (Jaitly & Hinton, "Vocal Tract Length
    /// Perturbation", 2013): all frequencies times one plus or minus at most this, at the same speed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub frequencies: f32,
    /// Share of clips that get white noise.
    pub noise_share: f64,
    /// Level of that noise under the clip's own, in dB, from ... to.
    pub noise_below_db: (f32, f32),
    /// Share of clips that are mixed with another (mixup, arXiv 1710.09412, on samples).
    pub mixup_share: f64,
    /// SpecAugment (arXiv 1904.08779): widest band mask in mels; two masks.
    pub mask_mels: usize,
    /// Longest time mask in frames; two masks.
    pub mask_frames: usize,
    /// Share of crops that begin with silence, for up to half of their length. Streams and files begin in the state that
    /// silence leaves, and a network that never saw a sound begin takes that for a label.
    #[serde(default, skip_serializing_if = "is_none")]
    pub late_beginnings: f64,
}

impl Default for Augmentation {
    fn default() -> Self {
        Self {
            gain_db: 9.0,
            speed: 0.12,
            frequencies: 0.0,
            noise_share: 0.3,
            noise_below_db: (10.0, 40.0),
            mixup_share: 0.3,
            mask_mels: 8,
            mask_frames: 24,
            late_beginnings: 0.3,
        }
    }
}

impl Augmentation {
    /// Conditions, with the message where one is not met.
    pub(crate) fn checks(&self) -> [(bool, &'static str); 4] {
        let share = |value: f64| (0.0..=1.0).contains(&value);
        let change = |value: f32| (0.0..=0.9).contains(&value);
        let (least, most) = self.noise_below_db;
        [
            (
                (0.0..=60.0).contains(&self.gain_db),
                "augmentation.gain_db must be from 0 to 60",
            ),
            (
                change(self.speed) && change(self.frequencies),
                "augmentation.speed and augmentation.frequencies must be from 0 (no change) to 0.9",
            ),
            (
                share(self.noise_share) && share(self.mixup_share) && share(self.late_beginnings),
                "augmentation.noise_share, augmentation.mixup_share and augmentation.late_beginnings are \
                 probabilities: from 0 to 1",
            ),
            (
                -60.0 <= least && least <= most && most <= 200.0,
                "augmentation.noise_below_db must be two levels from -60 to 200 dB, the lower one first",
            ),
        ]
    }
}

fn is_zero(value: &f32) -> bool {
    *value == 0.0
}

fn is_none(share: &f64) -> bool {
    *share == 0.0
}

/// Tries for a crop that is not silence: many clips are padded with it.
const CROP_TRIES: usize = 6;
const MASKS: usize = 2;

/// A stretch of `length` samples out of a clip, turned round at a random point (time shift), at
/// random speed, gain and noise. Clips that are shorter are padded with silence at random ends.
pub fn cut(
    clip: &[f32],
    length: usize,
    settings: &Augmentation,
    random: &mut impl Rng,
) -> Vec<f32> {
    let speed = 1.0 + settings.speed * random.random_range(-1.0..=1.0f32);
    let source_length = (length as f32 * speed) as usize + 2;
    let crop = loudest_of_some(clip, source_length, random);
    let mut cut: Vec<f32> = (0..length)
        .map(|i| interpolate(&crop, i as f32 * speed))
        .collect();
    let gain = decibels(settings.gain_db * random.random_range(-1.0..=1.0f32));
    cut.iter_mut().for_each(|sample| *sample *= gain);
    if random.random_bool(settings.noise_share) {
        let (least, most) = settings.noise_below_db;
        let level = root_mean_square(&cut) * decibels(-random.random_range(least..=most));
        cut.iter_mut()
            .for_each(|sample| *sample += level * normal(random));
    }
    cut
}

/// A random crop; where it is much quieter than the clip, another try.
fn loudest_of_some(clip: &[f32], length: usize, random: &mut impl Rng) -> Vec<f32> {
    let enough = 0.3 * root_mean_square(clip);
    let mut best: Option<(f32, Vec<f32>)> = None;
    for _ in 0..CROP_TRIES {
        let crop = random_crop(clip, length, random);
        let level = root_mean_square(&crop);
        let louder = best.as_ref().is_none_or(|(loudest, _)| level > *loudest);
        if louder {
            best = Some((level, crop));
        }
        if level >= enough {
            break;
        }
    }
    best.map(|(_, crop)| crop).unwrap_or_default()
}

fn random_crop(clip: &[f32], length: usize, random: &mut impl Rng) -> Vec<f32> {
    if clip.len() <= length {
        let mut crop = vec![0.0; length];
        let start = random.random_range(0..=length - clip.len());
        crop[start..start + clip.len()].copy_from_slice(clip);
        return crop;
    }
    // Past the end it continues from the start: any part of the clip can stand anywhere.
    let start = random.random_range(0..clip.len());
    (0..length)
        .map(|i| clip[(start + i) % clip.len()])
        .collect()
}

fn interpolate(samples: &[f32], position: f32) -> f32 {
    let index = position as usize;
    let at = |index: usize| samples.get(index).copied().unwrap_or(0.0);
    let (left, right) = (at(index), at(index + 1));
    left + (right - left) * position.fract()
}

fn decibels(db: f32) -> f32 {
    10f32.powf(db / 20.0)
}

fn root_mean_square(samples: &[f32]) -> f32 {
    let sum: f64 = samples
        .iter()
        .map(|sample| f64::from(*sample).powi(2))
        .sum();
    (sum / samples.len().max(1) as f64).sqrt() as f32
}

/// Mixes `other` into `cut`; the share of the label that stays with `cut`. Levels are made equal
/// first, so that the shares are those of loudness.
pub fn mix(cut: &mut [f32], other: &[f32], random: &mut impl Rng) -> f32 {
    let share = random.random_range(0.3..=1.0f32);
    let levels = root_mean_square(cut) / root_mean_square(other).max(1e-9);
    let level = levels.clamp(0.05, 20.0) * (1.0 - share) / share;
    for (sample, other) in cut.iter_mut().zip(other) {
        *sample += level * other;
    }
    share
}

/// Moves the sound back behind at most half a crop of silence, with the probability of the settings; the end is cut off.
pub fn begin_late(cut: &mut [f32], settings: &Augmentation, random: &mut impl Rng) {
    if random.random_bool(settings.late_beginnings) {
        let silent = random
            .random_range(1..=(cut.len() / 2).max(1))
            .min(cut.len());
        cut.rotate_right(silent);
        cut[..silent].fill(0.0);
    }
}

/// Quaternion frames of samples as `4 × frames × mels`, ready to be a tensor.
pub fn frames_by_component(settings: &FeatureSettings, samples: &[f32]) -> (Vec<f32>, usize) {
    by_component(&quaternion_frames(settings, samples), settings.mel_bands)
}

/// Quaternion frames one after the other as `4 × frames × mels`, and how many they are.
pub fn by_component(frames: &[f32], mels: usize) -> (Vec<f32>, usize) {
    let count = frames.len() / (COMPONENTS * mels);
    let mut planes = vec![0.0; frames.len()];
    for (index, frame) in frames.chunks_exact(COMPONENTS * mels).enumerate() {
        for (component, row) in frame.chunks_exact(mels).enumerate() {
            planes[(component * count + index) * mels..][..mels].copy_from_slice(row);
        }
    }
    (planes, count)
}

/// The other way round: `4 × frames × mels` as quaternion frames, one after the other.
pub fn frame_by_frame(planes: &[f32], frames: usize, mels: usize) -> Vec<f32> {
    let mut rows = Vec::with_capacity(planes.len());
    for frame in 0..frames {
        for component in 0..COMPONENTS {
            rows.extend_from_slice(&planes[(component * frames + frame) * mels..][..mels]);
        }
    }
    rows
}

/// Moves all frequencies of `4 × frames × mels` by a random factor. What comes from beyond the bands is as
/// the outermost one.
pub fn stretch_frequencies(
    planes: &mut [f32],
    features: &FeatureSettings,
    settings: &Augmentation,
    random: &mut impl Rng,
) {
    if settings.frequencies == 0.0 {
        return; // the random numbers stay what they were
    }
    let factor = 1.0 + f64::from(settings.frequencies) * random.random_range(-1.0..=1.0f64);
    let mels = features.mel_bands;
    let last = (mels - 1) as f64;
    let sources: Vec<f32> = (0..mels)
        .map(|band| {
            let hz = factor * features.centre_hz(band as f64);
            features.band_at(hz).clamp(0.0, last) as f32
        })
        .collect();
    let mut before = vec![0.0; mels];
    for row in planes.chunks_exact_mut(mels) {
        before.copy_from_slice(row);
        for (value, source) in row.iter_mut().zip(&sources) {
            let (left, right) = (source.floor() as usize, source.ceil() as usize);
            *value = before[left] + (before[right] - before[left]) * source.fract();
        }
    }
}

/// SpecAugment: two masks over mels and two over frames, filled with each component's mean in the
/// training set (`means`, `4 × mels`), which the network's input norm turns into zero.
pub fn mask(
    planes: &mut [f32],
    mels: usize,
    means: &[f32],
    settings: &Augmentation,
    random: &mut impl Rng,
) {
    let frames = planes.len() / (COMPONENTS * mels);
    let mut masked = vec![false; frames * mels];
    for _ in 0..MASKS {
        let (from, to) = stretch(mels, settings.mask_mels, random);
        masked
            .chunks_exact_mut(mels)
            .for_each(|row| row[from..to].fill(true));
        let (from, to) = stretch(frames, settings.mask_frames, random);
        masked[from * mels..to * mels].fill(true);
    }
    for (component, plane) in planes.chunks_exact_mut(frames * mels).enumerate() {
        let means = &means[component * mels..][..mels];
        for (row, masked) in plane.chunks_exact_mut(mels).zip(masked.chunks_exact(mels)) {
            for ((value, mean), masked) in row.iter_mut().zip(means).zip(masked) {
                if *masked {
                    *value = *mean;
                }
            }
        }
    }
}

/// A random stretch of at most `longest` out of `total`, never more than a third of it.
fn stretch(total: usize, longest: usize, random: &mut impl Rng) -> (usize, usize) {
    let length = random.random_range(0..=longest.min(total / 3));
    let from = random.random_range(0..=total - length);
    (from, from + length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::stream;

    #[test]
    fn a_cut_has_the_length_asked_for_and_is_not_silence() {
        let mut clip = vec![0.0; 50_000];
        clip[..5_000].fill(0.5); // a bark, then padding
        let mut random = stream(1, &[]);
        for length in [1, 8_000, 49_999, 90_000] {
            for _ in 0..20 {
                let cut = cut(&clip, length, &Augmentation::default(), &mut random);
                assert_eq!(cut.len(), length);
                assert!(cut.iter().all(|sample| sample.is_finite()));
            }
        }
        let quiet = (0..100)
            .filter(|_| {
                let cut = cut(&clip, 20_000, &Augmentation::default(), &mut random);
                root_mean_square(&cut) < 1e-3
            })
            .count();
        assert!(quiet <= 5, "{quiet} of 100 crops were silence");
    }

    #[test]
    fn a_late_beginning_is_silence_and_then_the_sound_from_its_start() {
        let settings = Augmentation {
            late_beginnings: 0.5,
            ..Augmentation::default()
        };
        let sound: Vec<f32> = (1..=1_000).map(|i| i as f32).collect();
        let mut random = stream(1, &[]);
        let mut late = 0;
        for _ in 0..200 {
            let mut crop = sound.clone();
            begin_late(&mut crop, &settings, &mut random);
            let silent = crop.iter().take_while(|sample| **sample == 0.0).count();
            assert!(silent <= 500);
            assert_eq!(crop[silent..], sound[..1_000 - silent]);
            late += usize::from(silent > 0);
        }
        assert!((70..=130).contains(&late), "{late} of 200");
    }

    #[test]
    fn the_same_seed_cuts_the_same() {
        let clip: Vec<f32> = (0..40_000).map(|i| (i as f32 * 0.01).sin()).collect();
        let cut = |seed| {
            cut(
                &clip,
                9_000,
                &Augmentation::default(),
                &mut stream(seed, &[7]),
            )
        };
        assert_eq!(cut(3), cut(3));
        assert_ne!(cut(3), cut(4));
    }

    #[test]
    fn a_tone_moves_by_as_much_as_its_frequency() {
        let features = FeatureSettings::default();
        let tone = |hz: f32| -> Vec<f32> {
            let turn = std::f32::consts::TAU * hz / features.sample_rate as f32;
            (0..features.sample_rate)
                .map(|i| (turn * i as f32).sin())
                .collect()
        };
        let loudest = |planes: &[f32], frames: usize| -> usize {
            let row = &planes[frames / 2 * features.mel_bands..][..features.mel_bands];
            (0..row.len())
                .max_by(|&a, &b| row[a].total_cmp(&row[b]))
                .unwrap()
        };
        let settings = Augmentation {
            frequencies: 0.3,
            ..Augmentation::default()
        };
        let (planes, frames) = frames_by_component(&features, &tone(2_000.0));
        for seed in 0..20 {
            let mut random = stream(seed, &[]);
            let mut moved = planes.clone();
            stretch_frequencies(&mut moved, &features, &settings, &mut random);
            let factor = 1.0 + 0.3 * stream(seed, &[]).random_range(-1.0..=1.0f64);
            let (expected, frames_there) =
                frames_by_component(&features, &tone((2_000.0 / factor) as f32));
            let (here, there) = (loudest(&moved, frames), loudest(&expected, frames_there));
            assert!(
                here.abs_diff(there) <= 1,
                "{here} for {there}, factor {factor}"
            );
        }
    }

    #[test]
    fn masks_take_the_mean_and_leave_the_rest() {
        let mels = 30;
        let mut planes = vec![1.0; COMPONENTS * 90 * mels];
        let means: Vec<f32> = (0..COMPONENTS * mels).map(|i| 100.0 + i as f32).collect();
        let settings = Augmentation {
            mask_mels: 3,
            mask_frames: 9,
            ..Augmentation::default()
        };
        mask(&mut planes, mels, &means, &settings, &mut stream(5, &[]));
        let masked = planes.iter().filter(|value| **value != 1.0).count();
        assert!(masked > 0 && masked < planes.len() / 2, "{masked}");
        let plane = 90 * mels;
        for (index, value) in planes.iter().enumerate() {
            let mean = means[index / plane * mels + index % mels];
            assert!(*value == 1.0 || *value == mean);
        }
    }
}
