//! Choosing among some of a model's labels: the chance of each, given that exactly one of them is there.

use super::activation::softmax;
use super::card::Card;
use super::choice_rule::{ANY_LABELS, ChoiceRule};

/// The probability of a common ancestor from which its kinds are told apart in full: "Music" for genres. Below it,
/// all chances fall in proportion, so that a crying baby is no genre.
const ANCESTOR_IS_THERE: f32 = 0.3;

/// Least divisor of a logit: a deviation near 0 must not make every other label irrelevant.
const LEAST_DIVISOR: f32 = 0.05;

/// A label that competes: its score is `(logit − offset) / divisor`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Competitor {
    /// Index into the card's labels.
    label: usize,
    offset: f32,
    divisor: f32,
}

/// Some labels of a card with the rule by which they are compared; computes chances for any number of columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    competitors: Vec<Competitor>,
    /// The labels of which all competitors are kinds.
    ancestors: Vec<usize>,
    reach: f32,
    temperature: f32,
}

impl Choice {
    /// For the labels at these indices. Indices without a label are left out. Allocates.
    pub fn new(card: &Card, labels: &[usize], rule: &ChoiceRule) -> Self {
        let known = labels.iter().filter(|label| **label < card.labels.len());
        let labels: Vec<usize> = known.copied().collect();
        let above: Vec<Vec<usize>> = labels.iter().map(|label| card.ancestors(*label)).collect();
        let competitor = |(label, above): (&usize, &Vec<usize>)| {
            let (mean, deviation) = match &card.class_statistics {
                Some(statistics) => (statistics.mean[*label], statistics.deviation[*label]),
                None => (0.0, 1.0),
            };
            let divisor = deviation.powf(rule.scaling).max(LEAST_DIVISOR);
            let competing = above.iter().filter(|label| labels.contains(label)).count();
            Competitor {
                label: *label,
                offset: rule.centring * mean - rule.depth * competing as f32 * divisor,
                divisor,
            }
        };
        let is_common = |label: &&usize| above.iter().all(|others| others.contains(label));
        let first = above.first().into_iter().flatten();
        Self {
            competitors: labels.iter().zip(&above).map(competitor).collect(),
            ancestors: first.filter(is_common).copied().collect(),
            reach: rule.reach,
            temperature: rule.temperature,
        }
    }

    /// The chance of each label, 0 to 1, in the order of the labels, from the logits of all labels of the card;
    /// they add up to 1 or, where the labels' common ancestor is improbable, to less. Allocates only where `chances`
    /// has to grow.
    ///
    /// # Panics
    /// If there are fewer logits than labels of the card.
    pub fn chances_into(&self, logits: &[f32], chances: &mut Vec<f32>) {
        let highest = self.competitors.iter().map(|c| logits[c.label]);
        let highest = highest.fold(f32::NEG_INFINITY, f32::max);
        chances.clear();
        chances.extend(self.competitors.iter().map(|competitor| {
            let logit = logits[competitor.label];
            let excess = (highest - logit - self.reach).max(0.0);
            ((logit - competitor.offset) / competitor.divisor - excess) / self.temperature
        }));
        softmax(chances);
        let share = self.ancestor_share(logits);
        chances.iter_mut().for_each(|chance| *chance *= share);
    }

    /// 1 where the common ancestor is probable or there is none; less the less probable it is.
    fn ancestor_share(&self, logits: &[f32]) -> f32 {
        let above = self.ancestors.iter().map(|label| logits[*label]);
        match above.reduce(f32::max) {
            Some(logit) => (1.0 / (1.0 + (-logit).exp()) / ANCESTOR_IS_THERE).min(1.0),
            None => 1.0,
        }
    }
}

impl Card {
    /// The rule for choosing among these labels (indices): that of the smallest set that has all of them, else the
    /// one for [`ANY_LABELS`], else [`ChoiceRule::usual`].
    pub fn choice_rule(&self, labels: &[usize]) -> ChoiceRule {
        let of_set = |rule: &&ChoiceRule| {
            let members = self.labels_meant(&rule.set);
            let covers = labels.iter().all(|label| members.contains(label));
            (rule.set != ANY_LABELS && covers).then_some(members.len())
        };
        let sets = self.choices.iter().filter(|rule| of_set(rule).is_some());
        let smallest = sets.min_by_key(of_set);
        let any = || self.choices.iter().find(|rule| rule.set == ANY_LABELS);
        smallest
            .or_else(any)
            .cloned()
            .unwrap_or_else(ChoiceRule::usual)
    }

    /// The chance of each of some labels, given that exactly one of them is there, by
    /// [`choice_rule`](Self::choice_rule).
    ///
    /// `logits` are the network's, one a label of the card; `among` are indices into [`labels`](Card::labels).
    /// Returns one chance for each of `among`, in its order ([`Choice::chances_into`]). Allocates: not for the audio
    /// thread.
    ///
    /// # Panics
    /// If an index of `among` is out of range, or there are fewer logits than labels.
    pub fn choose_among(&self, logits: &[f32], among: &[usize]) -> Vec<f32> {
        let mut chances = Vec::new();
        let rule = self.choice_rule(among);
        Choice::new(self, among, &rule).chances_into(logits, &mut chances);
        chances
    }

    /// The first inconsistency of the rules, if any.
    pub(super) fn problem_of_choices(&self) -> Option<String> {
        self.choices.iter().find_map(ChoiceRule::problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CLEAR, ClassStatistics, ModelFile};

    /// Music, rock, metal, jazz, speech, bird; the others stand alone.
    fn card() -> Card {
        let mut card = ModelFile::from_bytes(hamiltone_models::ESC10).unwrap().card;
        card.parents = vec![Vec::new(); 10];
        card.parents[1] = vec![0];
        card.parents[2] = vec![1];
        card.parents[3] = vec![0];
        card.class_statistics = Some(ClassStatistics {
            mean: vec![0.0, -5.0, -7.0, -6.0, -2.0, -6.5, 0.0, 0.0, 0.0, 0.0],
            deviation: vec![2.0, 1.0, 1.0, 1.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0],
        });
        card
    }

    fn rule(centring: f32, scaling: f32) -> ChoiceRule {
        ChoiceRule {
            centring,
            scaling,
            reach: 100.0,
            ..ChoiceRule::usual()
        }
    }

    fn chances(labels: &[usize], rule: &ChoiceRule, logits: &[f32]) -> Vec<f32> {
        let mut chances = Vec::new();
        Choice::new(&card(), labels, rule).chances_into(logits, &mut chances);
        chances
    }

    fn best(chances: &[f32]) -> usize {
        crate::tagging::top(chances, 1)[0]
    }

    #[test]
    fn the_rule_says_how_much_of_its_mean_a_common_label_loses() {
        // Rock is always somewhat likely, metal and jazz are unusual here.
        let logits = [3.0, -4.6, -5.6, -5.7, -3.0, -6.0, 0.0, 0.0, 0.0, 0.0];
        assert_eq!(best(&chances(&[1, 2, 3], &rule(0.0, 0.0), &logits)), 0);
        assert_eq!(best(&chances(&[1, 2, 3], &rule(1.0, 1.0), &logits)), 1);
        // By hand: scores −2.1, −2.1 and −2.7, then metal loses .5 for lying below rock.
        let general = ChoiceRule {
            depth: -0.5,
            ..rule(0.5, 0.0)
        };
        let said = chances(&[1, 2, 3], &general, &logits);
        let parts = [0.0f32, -0.5, -0.6].map(f32::exp);
        for (said, part) in said.iter().zip(parts) {
            assert!((said - part / parts.iter().sum::<f32>()).abs() < 1e-5);
        }
        // A higher temperature is less sure of the same order.
        let warm = ChoiceRule {
            temperature: 4.0,
            ..general.clone()
        };
        let warm = chances(&[1, 2, 3], &warm, &logits);
        assert!(best(&warm) == 0 && warm[0] < said[0] && warm[2] > said[2]);
    }

    #[test]
    fn an_all_but_excluded_label_does_not_win_by_being_unusual() {
        // Strings: music for sure, and a bird less improbable than usual.
        let logits = [2.0, -5.0, -7.0, -6.0, -4.0, -4.0, 0.0, 0.0, 0.0, 0.0];
        let speech_music_bird = [4, 0, 5];
        assert_eq!(
            best(&chances(&speech_music_bird, &rule(1.0, 1.0), &logits)),
            2
        );
        let reach = ChoiceRule {
            reach: 4.0,
            ..rule(1.0, 1.0)
        };
        assert_eq!(best(&chances(&speech_music_bird, &reach, &logits)), 1);
        assert_eq!(
            best(&chances(&speech_music_bird, &ChoiceRule::usual(), &logits)),
            1
        );
    }

    #[test]
    fn without_their_common_ancestor_all_kinds_are_improbable() {
        let usual = ChoiceRule::usual();
        let mut logits = [3.0, -2.0, -7.0, -6.0, -4.0, -4.0, 0.0, 0.0, 0.0, 0.0];
        let sum = |chances: Vec<f32>| chances.iter().sum::<f32>();
        let there = chances(&[1, 2, 3], &usual, &logits);
        assert!((sum(there.clone()) - 1.0).abs() < 1e-6 && there[0] > CLEAR);
        logits[0] = -3.0; // no music: probability .047
        let away = chances(&[1, 2, 3], &usual, &logits);
        assert!((sum(away.clone()) - 0.0474 / 0.3).abs() < 1e-3);
        assert_eq!(best(&away), best(&there));
        // Speech is no kind of music: nothing is common to all of them.
        assert!((sum(chances(&[1, 3, 4], &usual, &logits)) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn no_deviation_makes_a_chance_that_is_no_number() {
        let mut card = card();
        card.class_statistics.as_mut().unwrap().deviation = vec![1e-38; 10];
        let mut said = Vec::new();
        let logits = [80.0, -80.0, 3.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        Choice::new(&card, &[0, 1, 2], &rule(1.0, 1.0)).chances_into(&logits, &mut said);
        assert!(said.iter().all(|chance| chance.is_finite()), "{said:?}");
    }

    #[test]
    fn a_choice_has_the_rule_of_the_smallest_set_that_covers_it() {
        let mut card = card();
        card.groups = vec!["music".to_owned(); 10];
        card.groups[5] = "nature".to_owned();
        for (index, name) in ["Pop music", "Jazz", "Ska"].into_iter().enumerate() {
            card.labels[1 + index] = name.to_owned();
        }
        let named = |set: &str| ChoiceRule {
            set: set.to_owned(),
            ..ChoiceRule::usual()
        };
        card.choices = ["any", "music", "genres"].map(named).into();
        let rule = |labels: &[usize]| card.choice_rule(labels).set;
        assert_eq!(rule(&[1, 2]), "genres");
        assert_eq!(rule(&[0, 1]), "music");
        assert_eq!(rule(&[0, 5]), "any");
        card.choices.clear();
        assert_eq!(card.choice_rule(&[1, 2]), ChoiceRule::usual());
    }
}
