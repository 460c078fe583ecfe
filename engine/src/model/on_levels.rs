//! The decision whether a label is on, for events, notes, OSC, the panel and the command line.

/// The threshold that leaves every label's own level where it is, and the level of labels that have none in
/// models that can name several labels at once.
pub const USUAL_THRESHOLD: f32 = 0.3;

/// A label that is on goes off below this share of its level, so that it does not flicker.
const OFF_SHARE: f32 = 0.7;

/// The probability from which each label is on, before the user's threshold moves it.
///
/// A label with a threshold of its own ([`with_thresholds`](Self::with_thresholds)) is on from that probability.
/// A threshold of [`USUAL_THRESHOLD`] leaves the levels as they are. Another one moves all of them by the same
/// number of logits: `logit(level') = logit(level) + logit(threshold) − logit(USUAL_THRESHOLD)`. Where labels have
/// no levels of their own, the threshold itself is the level.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct OnLevels<'a> {
    levels: &'a [f32],
    thresholds: &'a [Option<f32>],
}

impl<'a> OnLevels<'a> {
    /// No label has a level of its own.
    pub const COMMON: OnLevels<'static> = OnLevels {
        levels: &[],
        thresholds: &[],
    };

    /// A level for each label, over 0 and at most 1 (1: only certainty is on); an empty slice is
    /// [`COMMON`](Self::COMMON).
    pub fn of(levels: &'a [f32]) -> Self {
        Self {
            levels,
            thresholds: &[],
        }
    }

    /// With thresholds that a user set for single labels: `None` for the others, one entry per label; an empty slice sets
    /// none. They replace the levels of these labels, and the common threshold does not move them. They are not meant for
    /// a choice ([`Among::is_choice`](super::Among::is_choice)), whose probabilities are relative to the chosen labels.
    pub fn with_thresholds(self, thresholds: &'a [Option<f32>]) -> Self {
        Self { thresholds, ..self }
    }

    /// The levels, one a label, without the thresholds of single labels; empty where no label has its own.
    pub fn as_slice(self) -> &'a [f32] {
        self.levels
    }

    /// Whether the user set the threshold of a label ([`with_thresholds`](Self::with_thresholds)).
    pub fn is_set(self, label: usize) -> bool {
        matches!(self.thresholds.get(label), Some(Some(_)))
    }

    /// The number of labels that have levels or may have thresholds of their own; 0 if all have the common one.
    pub fn len(self) -> usize {
        self.levels.len().max(self.thresholds.len())
    }

    /// Whether all labels have the common threshold.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The probability from which a label is on at this threshold (0 to 1).
    pub fn level(self, label: usize, threshold: f32) -> f32 {
        if let Some(&Some(set)) = self.thresholds.get(label) {
            return set;
        }
        let Some(&own) = self.levels.get(label) else {
            return threshold;
        };
        if threshold == USUAL_THRESHOLD {
            return own;
        }
        if threshold >= 1.0 {
            return 1.0;
        }
        // Adding logits multiplies odds.
        let ratio = odds(threshold) / odds(USUAL_THRESHOLD);
        let (on, off) = (own * ratio, 1.0 - own);
        if on + off > 0.0 { on / (on + off) } else { own }
    }

    /// Whether a label with this probability is on. `was_on`: it was on before, and stays on until it falls below
    /// seven tenths of its level. A label whose probability is NaN is off.
    pub fn is_on(self, label: usize, probability: f32, threshold: f32, was_on: bool) -> bool {
        let level = self.level(label, threshold);
        probability >= if was_on { OFF_SHARE * level } else { level }
    }
}

fn odds(probability: f32) -> f32 {
    probability / (1.0 - probability)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_levels_the_threshold_is_the_level() {
        for threshold in [0.01, 0.3, 0.5, 1.0] {
            assert_eq!(OnLevels::COMMON.level(7, threshold), threshold);
        }
        assert!(OnLevels::COMMON.is_on(0, 0.5, 0.5, false));
        assert!(!OnLevels::COMMON.is_on(0, 0.49, 0.5, false));
        assert!(OnLevels::COMMON.is_on(0, 0.35, 0.5, true));
        assert!(!OnLevels::COMMON.is_on(0, 0.34, 0.5, true));
        assert!(!OnLevels::COMMON.is_on(0, f32::NAN, 0.5, true));
    }

    #[test]
    fn a_threshold_of_one_label_replaces_its_level_and_is_not_moved() {
        let thresholds = [None, Some(0.2), None];
        let (levels, common) = (
            [0.5, 0.6, 0.3],
            OnLevels::COMMON.with_thresholds(&thresholds),
        );
        let own = OnLevels::of(&levels).with_thresholds(&thresholds);
        for threshold in [0.1, USUAL_THRESHOLD, 1.0] {
            assert_eq!(own.level(1, threshold), 0.2);
            assert_eq!(common.level(1, threshold), 0.2);
            assert_eq!(common.level(0, threshold), threshold);
            assert_eq!(
                own.level(0, threshold),
                OnLevels::of(&levels).level(0, threshold)
            );
        }
        assert!(own.is_on(1, 0.2, 0.9, false) && own.is_on(1, 0.14, 0.9, true));
        assert!(!own.is_on(1, 0.19, 0.9, false) && !own.is_on(1, 0.13, 0.9, true));
        assert_eq!((common.len(), OnLevels::COMMON.is_empty()), (3, true));
    }

    #[test]
    fn the_threshold_moves_all_levels_by_the_same_number_of_logits() {
        let logit = |p: f32| (p / (1.0 - p)).ln();
        let levels = [0.02, 0.3, 0.6, 0.97, 1.0];
        let own = OnLevels::of(&levels);
        for (label, &level) in levels[..4].iter().enumerate() {
            assert_eq!(own.level(label, USUAL_THRESHOLD), level);
            for threshold in [0.05, 0.2, 0.5, 0.9] {
                let moved = logit(own.level(label, threshold)) - logit(level);
                let expected = logit(threshold) - logit(USUAL_THRESHOLD);
                assert!((moved - expected).abs() < 1e-3, "{label} {threshold}");
            }
            assert_eq!(own.level(label, 1.0), 1.0);
        }
        assert!(
            (own.level(1, 0.71) - 0.71).abs() < 1e-6,
            "a level of the usual threshold follows it"
        );
        assert_eq!(
            own.level(4, 0.05),
            1.0,
            "what only certainty puts on stays so"
        );
        assert_eq!(own.level(9, 0.4), 0.4, "a label without a level");
    }
}
