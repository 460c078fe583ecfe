//! Learning and measuring, on parts that share no recording.

use std::collections::{BTreeMap, BTreeSet};

use hamiltone_engine::model::Calibration;
use rayon::prelude::*;

use super::clips::Set;
use super::levels::{PRECISION, Peak, levels};
use super::measure::{On, Reliability, SHOWN};
use super::outcome::{Both, Outcome, Part, both, protocol};
use super::platt::{Example, Mapping, fit};
use super::sums::Sums;
use super::truth::{Judge, Truth};
use super::windows::Answer;
use hamiltone_training::report::spread;

/// Folds of groups.
const FOLDS: usize = 5;
/// The threshold of models without a calibration.
const USUAL: f64 = 0.3;

/// A clip with all that is known of it.
struct Known<'a> {
    set: usize,
    fold: usize,
    recording: &'a str,
    truth: &'a [Truth],
    /// Labels that are a right answer; none where its set has no classes.
    right: Vec<usize>,
    answer: &'a Answer,
}

/// All clips.
pub(super) struct Material<'a> {
    sets: Vec<&'static str>,
    clips: Vec<Known<'a>>,
    specific: Vec<bool>,
    means: &'a [f32],
}

/// A mapping and a level for each label.
struct Learned {
    mappings: Vec<Mapping>,
    levels: Vec<f64>,
}

impl<'a> Material<'a> {
    pub(super) fn new(
        judge: &Judge,
        sets: &'a [Set],
        truths: &'a [Vec<Vec<Truth>>],
        answers: &'a [Vec<Answer>],
        means: &'a [f32],
    ) -> Self {
        let mut clips = Vec::new();
        for (number, set) in sets.iter().enumerate() {
            let folds = folds(set);
            for (index, clip) in set.clips.iter().enumerate() {
                clips.push(Known {
                    set: number,
                    fold: folds[clip.group.as_str()],
                    recording: &clip.recording,
                    truth: &truths[number][index],
                    right: judge.right(set, index),
                    answer: &answers[number][index],
                });
            }
        }
        let labels = 0..means.len();
        Self {
            sets: sets.iter().map(|set| set.name).collect(),
            clips,
            specific: labels.map(|l| judge.hierarchy().is_specific(l)).collect(),
            means,
        }
    }

    fn learn(&self, counts: impl Fn(&Known<'_>) -> bool + Sync) -> Learned {
        let labels = 0..self.means.len();
        let used: Vec<&Known<'_>> = self.clips.iter().filter(|clip| counts(clip)).collect();
        let known = |label: usize| {
            let truths = used
                .iter()
                .filter_map(move |clip| Some((*clip, clip.truth[label]?)));
            truths.collect::<Vec<(&Known<'_>, bool)>>()
        };
        let examples: Vec<Vec<Example>> = labels
            .clone()
            .into_par_iter()
            .map(|label| {
                let mut examples = Vec::new();
                for (clip, there) in known(label) {
                    examples.extend(clip.answer.columns.iter().map(|column| Example {
                        logit: column[label],
                        there,
                    }));
                }
                examples
            })
            .collect();
        let mappings = fit(&examples, self.means);
        let peaks: Vec<Vec<Peak>> = labels
            .into_par_iter()
            .map(|label| {
                let peak = |(clip, there): (&Known<'_>, bool)| Peak {
                    probability: mappings[label].probability(clip.answer.highest[label]),
                    there,
                };
                known(label).into_iter().map(peak).collect()
            })
            .collect();
        let pools: Vec<usize> = self.specific.iter().map(|s| usize::from(*s)).collect();
        Learned {
            levels: levels(&peaks, &pools),
            mappings,
        }
    }

    fn test(&self, learned: &Learned, counts: impl Fn(&Known<'_>) -> bool + Sync) -> Sums {
        let mut sums = Sums::default();
        for clip in self.clips.iter().filter(|clip| counts(clip)) {
            for column in &clip.answer.columns {
                self.test_column(clip, column, learned, &mut sums);
            }
            if !clip.right.is_empty() {
                self.test_on(clip, learned, &mut sums);
            }
        }
        sums
    }

    fn test_column(&self, clip: &Known<'_>, column: &[f32], learned: &Learned, sums: &mut Sums) {
        for side in 0..2 {
            let probability = |label: usize| match side {
                0 => Mapping::NONE.probability(column[label]),
                _ => learned.mappings[label].probability(column[label]),
            };
            let probabilities: Vec<f64> = (0..column.len()).map(probability).collect();
            for (label, &p) in probabilities.iter().enumerate() {
                if let Some(there) = clip.truth[label] {
                    sums.all[side].add(p, there);
                }
            }
            for label in highest(&probabilities, SHOWN) {
                if let Some(there) = clip.truth[label] {
                    sums.shown[side].add(probabilities[label], there);
                }
            }
        }
    }

    fn test_on(&self, clip: &Known<'_>, learned: &Learned, sums: &mut Sums) {
        let highest = &clip.answer.highest;
        let odds = |p: f64| p / (1.0 - p).max(1e-12);
        // How far each label is over its level, in odds: what a bias in logits moves for all labels alike.
        let over: [Vec<f64>; 2] = [
            highest
                .iter()
                .map(|z| odds(Mapping::NONE.probability(*z)) / odds(USUAL))
                .collect(),
            (0..highest.len())
                .map(|l| {
                    odds(learned.mappings[l].probability(highest[l])) / odds(learned.levels[l])
                })
                .collect(),
        ];
        let at = |side: usize, bias: f64| {
            let is_on = |label: &usize| self.specific[*label] && over[side][*label] >= bias;
            let mut on = On {
                clips: 1.0,
                ..On::default()
            };
            on.covered = f64::from(u8::from(clip.right.iter().any(&is_on)));
            for label in (0..highest.len()).filter(|label| is_on(label)) {
                match clip.truth[label] {
                    _ if clip.right.contains(&label) => on.right += 1.0,
                    Some(true) => on.right += 1.0,
                    Some(false) => on.wrong += 1.0,
                    None => {}
                }
            }
            on
        };
        let by_set = sums.on.entry(clip.set).or_default();
        (0..2).for_each(|side| by_set[side].plus(&at(side, 1.0)));
        sums.swept.resize(biases().count(), Default::default());
        for (swept, bias) in sums.swept.iter_mut().zip(biases()) {
            (0..2).for_each(|side| swept[side].plus(&at(side, bias)));
        }
    }

    /// Fold by fold, and set by set.
    pub(super) fn measure(&self) -> Outcome {
        let mut folds = vec![Sums::default(); FOLDS];
        let mut sets = vec![Sums::default(); self.sets.len()];
        for (fold, of_fold) in folds.iter_mut().enumerate() {
            let learned = self.learn(|clip| clip.fold != fold);
            for (set, of_set) in sets.iter_mut().enumerate() {
                let sums = self.test(&learned, |clip| clip.fold == fold && clip.set == set);
                of_fold.plus(&sums);
                of_set.plus(&sums);
            }
        }
        let by_set = sets.iter().enumerate();
        let by_set = by_set.map(|(set, sums)| self.part(set, sums)).collect();
        let left_out = (0..self.sets.len()).map(|set| {
            let learned = self.learn(|clip| clip.set != set);
            self.part(set, &self.test(&learned, |clip| clip.set == set))
        });
        let left_out = left_out.collect();
        self.outcome(&folds, by_set, left_out)
    }

    fn part(&self, set: usize, sums: &Sums) -> Part {
        let on = sums.on.get(&set);
        Part {
            name: self.sets[set].to_owned(),
            clips: self.clips.iter().filter(|clip| clip.set == set).count(),
            error_shown: both(&sums.shown, Reliability::error),
            coverage: on.map(|on| both(on, On::coverage)),
            precision: on.map(|on| both(on, On::precision)),
        }
    }

    fn outcome(&self, folds: &[Sums], by_set: Vec<Part>, left_out: Vec<Part>) -> Outcome {
        let mut all = Sums::default();
        folds.iter().for_each(|fold| all.plus(fold));
        let over = |of: &dyn Fn(&Sums, usize) -> f64| {
            let values = |side| {
                folds
                    .iter()
                    .map(|fold| of(fold, side))
                    .collect::<Vec<f64>>()
            };
            Both {
                before: spread(&values(0)),
                after: spread(&values(1)),
            }
        };
        let on = |sums: &Sums, side: usize| {
            let mut total = On::default();
            sums.on.values().for_each(|on| total.plus(&on[side]));
            total
        };
        let enough = |side: usize| {
            let covers = all.swept.iter().map(|on| on[side]);
            let precise = covers.filter(|on| on.precision() >= PRECISION);
            precise.map(|on| on.coverage()).reduce(f64::max)
        };
        let unique = |of: fn(&Known<'a>) -> (usize, &'a str)| {
            self.clips.iter().map(of).collect::<BTreeSet<_>>().len()
        };
        let examples = self.examples();
        let between = |least: u32, most: u32| {
            examples
                .iter()
                .filter(|count| (least..=most).contains(*count))
                .count()
        };
        Outcome {
            clips: self.clips.len(),
            recordings: unique(|clip| (clip.set, clip.recording)),
            folds: FOLDS,
            error_shown: over(&|sums, side| sums.shown[side].error()),
            error_all: over(&|sums, side| sums.all[side].error()),
            coverage: over(&|sums, side| on(sums, side).coverage()),
            precision: over(&|sums, side| on(sums, side).precision()),
            coverage_at_precision: Both {
                before: enough(0),
                after: enough(1),
            },
            bins: both(&all.shown, Reliability::bins),
            by_set,
            left_out,
            labels_by_examples: [
                between(0, 0),
                between(1, 4),
                between(5, 19),
                between(20, u32::MAX),
            ],
        }
    }

    /// Recordings of each label in which it is there.
    fn examples(&self) -> Vec<u32> {
        let count = |label: usize| {
            let there = self
                .clips
                .iter()
                .filter(|clip| clip.truth[label] == Some(true));
            let recordings: BTreeSet<&str> = there.map(|clip| clip.recording).collect();
            recordings.len() as u32
        };
        (0..self.means.len()).into_par_iter().map(count).collect()
    }

    /// The calibration fitted to all clips, for a card.
    pub(super) fn calibration(&self, outcome: &Outcome) -> Calibration {
        let learned = self.learn(|_| true);
        // Four decimals are more than a few thousand clips can tell.
        let round = |value: f64| ((value * 1e4).round() / 1e4) as f32;
        Calibration {
            scale: learned.mappings.iter().map(|m| round(m.scale)).collect(),
            offset: learned.mappings.iter().map(|m| round(m.offset)).collect(),
            on: learned.levels.iter().map(|level| round(*level)).collect(),
            examples: self.examples(),
            precision: Some(PRECISION),
            clips: self.clips.len() as u64,
            protocol: protocol(outcome, &self.sets),
        }
    }
}

/// Factors of odds, from everything on to nothing.
fn biases() -> impl Iterator<Item = f64> {
    (-30..=30).map(|tenths| (f64::from(tenths) / 5.0).exp())
}

/// The indices of the highest values.
fn highest(values: &[f64], count: usize) -> Vec<usize> {
    let mut indices: Vec<usize> = (0..values.len()).collect();
    let count = count.min(indices.len());
    if count < indices.len() {
        indices.select_nth_unstable_by(count, |a, b| values[*b].total_cmp(&values[*a]));
    }
    indices.truncate(count);
    indices
}

/// The fold of each group: the largest first, each to the fold with the fewest clips.
fn folds(set: &Set) -> BTreeMap<&str, usize> {
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    for clip in &set.clips {
        *sizes.entry(&clip.group).or_default() += 1;
    }
    let mut groups: Vec<(&str, usize)> = sizes.into_iter().collect();
    groups.sort_by_key(|(name, size)| (usize::MAX - size, *name));
    let mut filled = [0; FOLDS];
    let dealt = |(name, size)| {
        let fold = (0..FOLDS).min_by_key(|fold| filled[*fold]).unwrap_or(0);
        filled[fold] += size;
        (name, fold)
    };
    groups.into_iter().map(dealt).collect()
}
