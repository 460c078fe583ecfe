//! Gathered sound in memory, to draw from.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use rand::Rng;
use rayon::prelude::*;

use crate::material::{JudgedSegment, NamedLabels, PRESENT, SecondOpinions, segments_of_labels};
use crate::teacher::RATE;
use hamiltone_training::audio_cache::Sound;
use hamiltone_training::material::{SECONDS_POWER, Source};
use hamiltone_training::progress_bar::progress_bar;

/// Share of the cuts that are drawn by the rarity of their labels.
const RARE: f64 = 0.5;
/// A label that is present in `n` segments weighs `n` to the minus this in each: with 1 all labels
/// would be drawn alike, and the rarest would be learned by heart.
const RARITY_POWER: f64 = 0.7;
/// Rarer labels weigh as if they were present so often.
const FEWEST: f64 = 5.0;

/// Sounds in memory, two bytes a sample, and how often each is drawn.
pub struct Material {
    sounds: Vec<Sound>,
    /// Where each sound was read from; empty for those that were not read.
    paths: Vec<PathBuf>,
    /// Sums of the weights up to and with each sound.
    weights: Vec<f64>,
    /// Segments by the rarity of their labels.
    rare: Option<RareSegments>,
    /// What a second teacher says of the sounds, and their names in it; empty without one.
    opinions: SecondOpinions,
    names: Vec<PathBuf>,
    /// What the name of each sound states; empty if names are not learned from.
    named: Vec<NamedLabels>,
}

/// Samples of a sound, and where they are from.
pub(super) struct Cut {
    pub(super) samples: Vec<f32>,
    pub(super) place: Place,
}

/// A stretch of a sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// The index of the sound.
    sound: usize,
    /// The first sample and their number.
    first: usize,
    count: usize,
}

/// Stretches of sounds, each weighed by how rare its labels are.
struct RareSegments {
    /// Sound, first sample, and the sample after the last.
    segments: Vec<(usize, usize, usize)>,
    /// Sums of the weights.
    weights: Vec<f64>,
    /// The weight of each label.
    rarities: Vec<f64>,
}

/// Reads sounds with a bar that says `what`.
pub(super) fn load(sources: &[Source], what: &str, quiet: bool) -> anyhow::Result<Material> {
    let bar = progress_bar(sources.len() as u64, what, quiet);
    let material = Material::load(sources, &|| bar.inc(1)).context(what.to_owned());
    bar.finish_and_clear();
    material
}

impl Material {
    /// Reads sounds; one that cannot be read is left out, with a word. Calls
    /// `done` after each.
    ///
    /// # Errors
    /// If none is left.
    pub fn load(sources: &[Source], done: &(dyn Fn() + Sync)) -> anyhow::Result<Self> {
        let sounds: Vec<Option<(PathBuf, Sound)>> = sources
            .par_iter()
            .map(|source| {
                let sound = Sound::read(&source.path);
                done();
                sound
                    .inspect_err(|error| eprintln!("left out: {error:#}"))
                    .ok()
                    .filter(|sound| !sound.samples.is_empty())
                    .map(|sound| (source.path.clone(), sound))
            })
            .collect();
        let (paths, sounds) = sounds.into_iter().flatten().unzip();
        let material = Self::new(sounds)?;
        Ok(Self { paths, ..material })
    }

    /// Of sounds at one rate.
    ///
    /// # Errors
    /// If there is none.
    pub fn new(sounds: Vec<Sound>) -> anyhow::Result<Self> {
        ensure!(!sounds.is_empty(), "there is no sound to learn from");
        let mut sum = 0.0;
        let mut weigh = |sound: &Sound| {
            sum += (sound.samples.len() as f64).powf(SECONDS_POWER);
            sum
        };
        let weights = sounds.iter().map(&mut weigh).collect();
        Ok(Self {
            sounds,
            weights,
            paths: Vec::new(),
            rare: None,
            opinions: SecondOpinions::default(),
            names: Vec::new(),
            named: Vec::new(),
        })
    }

    /// From now on half of all cuts are drawn by the labels of the segments: the rarer a
    /// label is in all of them, the more often segments with it are drawn. `folder` is
    /// the material's.
    pub fn prefer_rare(&mut self, folder: &Path, judged: &[JudgedSegment]) {
        let index: BTreeMap<&Path, usize> = self
            .paths
            .iter()
            .enumerate()
            .filter_map(|(index, path)| Some((path.strip_prefix(folder).ok()?, index)))
            .collect();
        let sound_of = |segment: &JudgedSegment| index.get(segment.path.as_path()).copied();
        let known = judged.iter().filter(|segment| sound_of(segment).is_some());
        let counts = segments_of_labels(known);
        let rarity = |count: &usize| (*count as f64).max(FEWEST).powf(-RARITY_POWER);
        let rarities: Vec<f64> = counts.iter().map(rarity).collect();
        let (mut segments, mut weights, mut sum) = (Vec::new(), Vec::new(), 0.0);
        for segment in judged {
            let Some(sound) = sound_of(segment) else {
                continue; // held out, or not gathered any more
            };
            let weight: f64 = segment.present().map(|label| rarities[label]).sum();
            let start = (segment.start_s * f64::from(RATE)) as usize;
            let end = start + (segment.seconds * f64::from(RATE)) as usize;
            let end = end.min(self.sounds[sound].samples.len());
            if weight > 0.0 && start < end {
                sum += weight;
                segments.push((sound, start, end));
                weights.push(sum);
            }
        }
        self.rare = (!segments.is_empty()).then_some(RareSegments {
            segments,
            weights,
            rarities,
        });
    }

    /// How rare the labels of a crop are together, of which a teacher says `logits`; 0 before
    /// [`Material::prefer_rare`].
    pub(super) fn rarity(&self, logits: &[f32]) -> f64 {
        let least = (PRESENT / (1.0 - PRESENT)).ln();
        let rarities = self.rare.iter().flat_map(|rare| &rare.rarities);
        let present = rarities.zip(logits).filter(|(_, logit)| **logit > least);
        present.map(|(rarity, _)| rarity).sum()
    }

    /// This many samples of a sound; a short sound stands at a random offset in silence,
    /// or is repeated.
    pub(super) fn cut(&self, length: usize, random: &mut impl Rng) -> Cut {
        let rare = self.rare.as_ref().filter(|_| random.random_bool(RARE));
        let (index, first, last) = match rare {
            None => {
                let index = draw_by(&self.weights, random);
                let sound = &self.sounds[index];
                (index, 0, sound.samples.len().saturating_sub(length))
            }
            Some(RareSegments {
                segments, weights, ..
            }) => {
                let (index, start, end) = segments[draw_by(weights, random)];
                let sound = &self.sounds[index];
                // At least half of the cut, or of the segment, is of the segment.
                let half = (end - start).min(length) / 2;
                let last = sound.samples.len().saturating_sub(length);
                let first = (start + half).saturating_sub(length).min(last);
                (index, first, (end - half).clamp(first, last.max(first)))
            }
        };
        let sound = &self.sounds[index];
        let (samples, first) = cut(sound, length, first..=last, random);
        let place = Place {
            sound: index,
            first,
            count: length.min(sound.samples.len()),
        };
        Cut { samples, place }
    }

    /// Adds what a second teacher says of the sounds; `folder` is the material's.
    pub fn learn_second(&mut self, folder: &Path, opinions: SecondOpinions) {
        let relative = |path: &PathBuf| path.strip_prefix(folder).unwrap_or(path).to_owned();
        self.names = self.paths.iter().map(relative).collect();
        self.opinions = opinions;
    }

    /// From now on the labels that names of sounds state count as well.
    pub fn learn_names(&mut self, sources: &[Source]) {
        let named: BTreeMap<&Path, NamedLabels> = sources
            .iter()
            .map(|source| (&*source.path, NamedLabels::of(source)))
            .collect();
        let of_path = |path: &PathBuf| named.get(&**path).cloned().unwrap_or_default();
        self.named = self.paths.iter().map(of_path).collect();
    }

    /// Corrects logits for a stretch by the labels that the name of its sound states, if it is learned from.
    pub(super) fn correct_by_name(&self, place: Place, logits: &mut [f32]) {
        if let Some(named) = self.named.get(place.sound) {
            named.correct(logits);
        }
    }

    /// How far the second teacher's logits lie above the first one's in a stretch, if it was asked about the sound.
    pub(super) fn difference(&self, place: Place) -> Option<Vec<f32>> {
        let name = self.names.get(place.sound)?;
        self.opinions.difference(name, place.first, place.count)
    }

    /// One of the sounds, at random.
    pub fn draw(&self, random: &mut impl Rng) -> &Sound {
        &self.sounds[draw_by(&self.weights, random)]
    }

    /// All of them.
    pub fn sounds(&self) -> &[Sound] {
        &self.sounds
    }
}

/// An index at random, by the sums of the weights up to and with each.
fn draw_by(sums: &[f64], random: &mut impl Rng) -> usize {
    let drawn = random.random::<f64>() * sums.last().copied().unwrap_or(0.0);
    let index = sums.partition_point(|sum| *sum <= drawn);
    index.min(sums.len().saturating_sub(1))
}

/// So many samples of a sound, and the first of them in it.
fn cut(
    sound: &Sound,
    length: usize,
    starts: RangeInclusive<usize>,
    random: &mut impl Rng,
) -> (Vec<f32>, usize) {
    let samples = &sound.samples;
    let value = |sample: &i16| sound.scale * f32::from(*sample);
    if samples.len() >= length {
        let start = random.random_range(starts);
        let cut = samples[start..start + length].iter().map(value);
        return (cut.collect(), start);
    }
    if random.random_bool(0.5) {
        let repeated = samples.iter().cycle().take(length).map(value);
        return (repeated.collect(), 0);
    }
    let mut cut = vec![0.0; length];
    let start = random.random_range(0..=length - samples.len());
    let here = cut[start..].iter_mut().zip(samples);
    here.for_each(|(to, sample)| *to = value(sample));
    (cut, 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::teacher::LABELS;
    use hamiltone_training::random::stream;

    #[test]
    fn rare_places_are_cut_more_often_and_cuts_lie_around_them() {
        // Ten seconds of one level, with twice that where the rare label is: from 5 to 6 s.
        let rate = RATE as usize;
        let mut samples = vec![0.5f32; 10 * rate];
        samples[5 * rate..6 * rate].fill(1.0);
        let sounds = vec![Sound::new(&samples), Sound::new(&vec![0.5; 40 * rate])];
        let mut material = Material::new(sounds).unwrap();
        material.paths = vec!["m/a".into(), "m/b".into()];
        let segment = |path: &str, start_s: f64, label| JudgedSegment {
            path: path.into(),
            start_s,
            seconds: 1.0,
            labels: vec![(label, 0.9), (LABELS + 7, 0.9), (3, 0.2)],
        };
        let mut judged: Vec<JudgedSegment> =
            (0..40).map(|s| segment("b", f64::from(s), 0)).collect();
        judged.push(segment("a", 5.0, 1));
        judged.push(segment("gone", 0.0, 2));
        let mut random = stream(1, &[]);
        let mut hits = |material: &Material| {
            let cuts = (0..2_000).map(|_| material.cut(2 * rate, &mut random).samples);
            let hit = |cut: &Vec<f32>| cut.iter().filter(|x| **x > 0.9).count() >= rate / 2;
            cuts.inspect(|cut| assert_eq!(cut.len(), 2 * rate))
                .filter(hit)
                .count() as f64
                / 2_000.0
        };
        let before = hits(&material);
        material.prefer_rare(Path::new("m"), &judged);
        let after = hits(&material);
        // The rare label's segment has 5^-.7 of 5^-.7 + 40 · 40^-.7 of the draws that go by rarity.
        let share = 5f64.powf(-0.7) / (5f64.powf(-0.7) + 40f64.powf(0.3));
        let expected = RARE * share + (1.0 - RARE) * before;
        assert!(
            (after - expected).abs() < 0.03,
            "{before} {after} {expected}"
        );
        // As rare as the labels in it, .3 being a logit of -.85; no segment has the fifth label.
        let rarity = |logits: &[f32]| material.rarity(logits);
        let (common, rare) = (40f64.powf(-0.7), 5f64.powf(-0.7));
        for (logits, expected) in [
            ([-1.0, -1.0, -9.0, -9.0, -9.0], 0.0),
            ([-0.8, -1.0, -9.0, -9.0, -9.0], common),
            ([2.0, 0.5, -9.0, -9.0, 0.1], common + 2.0 * rare),
        ] {
            assert!((rarity(&logits) - expected).abs() < 1e-9);
        }
    }
}
