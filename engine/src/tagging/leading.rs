//! The leading label: the most specific one that is on, not the one with the highest probability.
//!
//! A general tagger gives a kind of sound at least the probability of its sub-kinds: "Music" is above "Guitar"
//! whenever there is a guitar. The panel, the command line and OSC therefore order labels by a [`Lineup`], so that
//! they show the same answer live and for files.

use crate::model::{OnLevels, USUAL_THRESHOLD};

/// Of the most specific labels that are on, one with less than this share of the highest probability among them does
/// not lead: not faint strings over clear speech.
const LEAST_SHARE: f32 = 0.5;

/// How a label takes part in the order of labels. Lower comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// On, and no label below it in the hierarchy is on.
    Specific,
    /// On, and so is a label below it.
    Covered,
    /// Not on.
    Off,
}

/// The inputs of the order in which labels are shown.
#[derive(Debug, Clone, Copy)]
pub struct Lineup<'a> {
    /// One a label, 0 to 1; a label below 0 does not take part.
    pub probabilities: &'a [f32],
    /// Whether each label is on; missing entries are off.
    pub on: &'a [bool],
    /// The probability from which each label is on.
    pub levels: OnLevels<'a>,
    /// The labels of which each label is a kind ([`Card::parents`](crate::model::Card::parents)); empty for labels
    /// without a hierarchy.
    pub parents: &'a [Vec<usize>],
}

impl Lineup<'_> {
    /// The standing of each label. A label below another counts also where the labels between them are off.
    /// Allocates.
    pub fn standings(&self) -> Vec<Standing> {
        let labels = self.probabilities.len();
        let mut standings = vec![Standing::Off; labels];
        let (mut seen, mut above) = (vec![false; labels], Vec::new());
        for label in (0..labels).filter(|label| self.is_on(*label)) {
            standings[label] = Standing::Specific;
            above.extend(self.parents_of(label));
            while let Some(ancestor) = above.pop() {
                if ancestor >= labels || std::mem::replace(&mut seen[ancestor], true) {
                    continue;
                }
                above.extend(self.parents_of(ancestor));
            }
        }
        for label in (0..labels).filter(|label| seen[*label] && self.is_on(*label)) {
            standings[label] = Standing::Covered;
        }
        standings
    }

    /// The label that leads: of the labels of standing [`Specific`](Standing::Specific) the deepest one in the
    /// hierarchy, of equally deep ones the most probable; labels that are less than half as probable as another of
    /// them are left out. Where no label is on, the one that comes nearest to its level, in logits: so a label that
    /// is always somewhat probable does not lead in front of one that hardly ever is. `None` without labels that
    /// take part. Allocates.
    pub fn leader(&self) -> Option<usize> {
        self.leader_of(&self.standings())
    }

    /// All labels in the order in which they are shown: the leader, then by standing, then by falling probability,
    /// then by index. Allocates.
    pub fn ranking(&self) -> Vec<usize> {
        let standings = self.standings();
        let leader = self.leader_of(&standings);
        let key = |label: usize| (leader != Some(label), standings[label]);
        let mut order: Vec<usize> = (0..self.probabilities.len()).collect();
        order.sort_by(|&a, &b| {
            let by_probability = self.probabilities[b].total_cmp(&self.probabilities[a]);
            key(a).cmp(&key(b)).then(by_probability)
        });
        order
    }

    /// The labels from a root of the hierarchy down to `label`, which is the last. Of several parents the most
    /// probable one is taken, of equal ones the first. Allocates.
    pub fn path(&self, label: usize) -> Vec<usize> {
        let mut path = vec![label];
        let mut at = label;
        let probability = |label: &usize| self.probabilities.get(*label).copied().unwrap_or(0.0);
        while let Some(above) = best(self.parents_of(at), probability) {
            if path.contains(&above) {
                break;
            }
            path.push(above);
            at = above;
        }
        path.reverse();
        path
    }

    fn leader_of(&self, standings: &[Standing]) -> Option<usize> {
        let values = self.probabilities;
        let labels = || 0..values.len();
        let specific = || labels().filter(|label| standings[*label] == Standing::Specific);
        let highest = specific().fold(0f32, |highest, label| highest.max(values[label]));
        let candidates = specific().filter(|label| values[*label] >= LEAST_SHARE * highest);
        let deepest = best(candidates, |label| (self.depth(*label), values[*label]));
        let taking_part = labels().filter(|label| values[*label] >= 0.0);
        deepest.or_else(|| {
            best(taking_part, |label| {
                logit(values[*label]) - logit(self.levels.level(*label, USUAL_THRESHOLD))
            })
        })
    }

    /// Levels of the hierarchy above a label, by the longest path to a root.
    fn depth(&self, label: usize) -> usize {
        let mut depth = 0;
        let mut level = vec![label];
        loop {
            level = level
                .into_iter()
                .flat_map(|label| self.parents_of(label))
                .collect();
            level.sort_unstable();
            level.dedup();
            if level.is_empty() || depth >= self.parents.len() {
                return depth;
            }
            depth += 1;
        }
    }

    fn parents_of(&self, label: usize) -> impl Iterator<Item = usize> {
        self.parents.get(label).into_iter().flatten().copied()
    }

    fn is_on(&self, label: usize) -> bool {
        self.on.get(label).copied().unwrap_or(false)
    }
}

/// The first label with the highest key.
fn best<K: PartialOrd>(
    labels: impl Iterator<Item = usize>,
    key: impl Fn(&usize) -> K,
) -> Option<usize> {
    labels.reduce(|best, label| {
        if key(&label) > key(&best) {
            label
        } else {
            best
        }
    })
}

/// Finite for every probability.
fn logit(probability: f32) -> f32 {
    let probability = probability.clamp(1e-9, 1.0 - 1e-6);
    (probability / (1.0 - probability)).ln()
}

/// Which labels are on in a single column or file, without hysteresis. Allocates.
pub fn on_now(probabilities: &[f32], levels: OnLevels<'_>, threshold: f32) -> Vec<bool> {
    let labels = probabilities.iter().enumerate();
    labels
        .map(|(label, probability)| levels.is_on(label, *probability, threshold, false))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Music, instrument, guitar, drum, speech, animal, dog, cat, growl (of dogs and cats).
    fn parents() -> Vec<Vec<usize>> {
        let parents: [&[usize]; 9] = [&[], &[0], &[1], &[1], &[], &[], &[5], &[5], &[6, 7]];
        parents.map(<[usize]>::to_vec).into()
    }

    fn led_by(probabilities: &[f32], level: f32) -> usize {
        let on: Vec<bool> = probabilities.iter().map(|p| *p >= level).collect();
        let lineup = Lineup {
            probabilities,
            on: &on,
            levels: OnLevels::COMMON,
            parents: &parents(),
        };
        let leader = lineup.leader().unwrap();
        assert_eq!(lineup.ranking()[0], leader);
        leader
    }

    #[test]
    fn the_most_specific_label_that_is_on_leads() {
        // A guitar is also an instrument and music.
        let guitar = [0.9, 0.7, 0.5, 0.1, 0.2, 0.0, 0.0, 0.0, 0.0];
        assert_eq!(led_by(&guitar, 0.4), 2);
        assert_eq!(led_by(&guitar, 0.6), 1);
        assert_eq!(led_by(&guitar, 0.8), 0);
        // The instrument is off though the guitar is on: the music is covered all the same.
        let gap = [0.9, 0.1, 0.5, 0.1, 0.2, 0.0, 0.0, 0.0, 0.0];
        assert_eq!(led_by(&gap, 0.4), 2);
        // Of two siblings the more probable one.
        let siblings = [0.9, 0.7, 0.5, 0.6, 0.2, 0.0, 0.0, 0.0, 0.0];
        assert_eq!(led_by(&siblings, 0.4), 3);
        // Of two branches the deeper end, unless it is faint beside the other.
        let bark = [0.6, 0.1, 0.0, 0.0, 0.2, 0.5, 0.45, 0.0, 0.0];
        assert_eq!(led_by(&bark, 0.4), 6);
        let voice_over = [0.6, 0.5, 0.41, 0.1, 0.9, 0.0, 0.0, 0.0, 0.0];
        assert_eq!(led_by(&voice_over, 0.4), 4);
        let duet = [0.6, 0.5, 0.46, 0.1, 0.9, 0.0, 0.0, 0.0, 0.0];
        assert_eq!(led_by(&duet, 0.4), 2);
        // Nothing is on, and all have one level: the most probable label.
        assert_eq!(led_by(&guitar, 1.0), 0);
        // Equal probabilities: the deepest, then the first.
        assert_eq!(led_by(&[0.5; 9], 0.4), 2);
        assert_eq!(led_by(&[0.0; 9], 0.4), 0);
    }

    #[test]
    fn where_none_is_on_the_one_nearest_to_its_level_leads() {
        let mut lineup = Lineup {
            probabilities: &[0.3, 0.1, 0.0],
            on: &[],
            levels: OnLevels::of(&[0.8, 0.15, 0.01]),
            parents: &[],
        };
        // In logits: −.8 − 1.4 against −2.2 + 1.7.
        assert_eq!(lineup.leader(), Some(1));
        assert_eq!(lineup.ranking(), [1, 0, 2]);
        lineup.levels = OnLevels::COMMON;
        assert_eq!(lineup.leader(), Some(0));
        lineup.probabilities = &[-1.0, -1.0, 0.0];
        assert_eq!(lineup.leader(), Some(2), "the others do not take part");
        lineup.probabilities = &[-1.0];
        assert_eq!(lineup.leader(), None);
        lineup.probabilities = &[];
        assert_eq!(lineup.leader(), None);
    }

    #[test]
    fn labels_that_are_on_come_before_the_others_and_none_is_lost() {
        let values = [0.9, 0.35, 0.5, 0.1, 0.45, 0.0, 0.0, 0.0, 0.0];
        let on = values.map(|value| value >= 0.4);
        let parents = parents();
        let mut lineup = Lineup {
            probabilities: &values,
            on: &on,
            levels: OnLevels::COMMON,
            parents: &parents,
        };
        assert_eq!(lineup.ranking(), [2, 4, 0, 1, 3, 5, 6, 7, 8]); // 1 is off
        // Without a hierarchy, and without a state yet, by probability alone.
        lineup.parents = &[];
        assert_eq!(lineup.ranking()[..3], [0, 2, 4]);
        (lineup.parents, lineup.on) = (&parents, &[]);
        assert_eq!(lineup.ranking()[..3], [0, 2, 4]);
    }

    #[test]
    fn the_path_takes_the_more_probable_parent() {
        let parents = parents();
        let path = |label: usize, dog: f32, parents: &[Vec<usize>]| {
            let lineup = Lineup {
                probabilities: &[0.0, 0.0, 0.0, 0.0, 0.0, 0.5, dog, 0.3, 0.6],
                on: &[],
                levels: OnLevels::COMMON,
                parents,
            };
            lineup.path(label)
        };
        assert_eq!(path(8, 0.2, &parents), [5, 7, 8]);
        assert_eq!(path(8, 0.4, &parents), [5, 6, 8]);
        assert_eq!(path(4, 0.4, &parents), [4]);
        assert_eq!(path(2, 0.4, &[]), [2]);
    }

    #[test]
    fn what_is_on_now_has_no_past() {
        let levels = [0.5, 0.2, 1.0];
        let on = on_now(&[0.49, 0.2, 0.9], OnLevels::of(&levels), 0.3);
        assert_eq!(on, [false, true, false]);
        assert_eq!(on_now(&[0.49, 0.2], OnLevels::COMMON, 0.3), [true, false]);
    }
}
