//! How far probabilities hold, and how much is on.

use serde::Serialize;

/// Bins of a reliability diagram.
pub(super) const BINS: usize = 15;
/// Labels that are shown of a column, about as a panel of usual size has them.
pub(super) const SHOWN: usize = 5;

/// A bin of a reliability diagram.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(super) struct Bin {
    /// Probabilities in it.
    pub(super) count: f64,
    /// Their mean.
    pub(super) said: f64,
    /// The share that was true.
    pub(super) true_share: f64,
}

/// Sums of a reliability diagram.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Reliability([(f64, f64, f64); BINS]);

impl Reliability {
    pub(super) fn add(&mut self, probability: f64, there: bool) {
        let bin = ((probability * BINS as f64) as usize).min(BINS - 1);
        let (all, said, right) = &mut self.0[bin];
        *all += 1.0;
        *said += probability;
        *right += f64::from(u8::from(there));
    }

    pub(super) fn plus(&mut self, other: &Self) {
        for (a, b) in self.0.iter_mut().zip(&other.0) {
            *a = (a.0 + b.0, a.1 + b.1, a.2 + b.2);
        }
    }

    pub(super) fn bins(&self) -> Vec<Bin> {
        let bin = |&(count, said, right): &(f64, f64, f64)| match count > 0.0 {
            true => Bin {
                count,
                said: said / count,
                true_share: right / count,
            },
            false => Bin::default(),
        };
        self.0.iter().map(bin).collect()
    }

    /// The expected calibration error: the mean distance between what was said and what was true, bin by bin (Guo et
    /// al. 2017, section 2).
    pub(super) fn error(&self) -> f64 {
        let all: f64 = self.0.iter().map(|bin| bin.0).sum();
        let off: f64 = self.0.iter().map(|bin| (bin.1 - bin.2).abs()).sum();
        off / all.max(f64::MIN_POSITIVE)
    }
}

/// Counts of labels that are on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(super) struct On {
    /// Clips.
    pub(super) clips: f64,
    /// Clips of which a right specific label is on.
    pub(super) covered: f64,
    /// Specific labels that are on and right ...
    pub(super) right: f64,
    /// ... and that are on and wrong.
    pub(super) wrong: f64,
}

impl On {
    pub(super) fn plus(&mut self, other: &Self) {
        self.clips += other.clips;
        self.covered += other.covered;
        self.right += other.right;
        self.wrong += other.wrong;
    }

    pub(super) fn coverage(&self) -> f64 {
        self.covered / self.clips.max(f64::MIN_POSITIVE)
    }

    /// 1 where nothing is on.
    pub(super) fn precision(&self) -> f64 {
        match self.right + self.wrong {
            0.0 => 1.0,
            all => self.right / all,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_true_as_often_as_was_said_has_no_error() {
        let mut half = Reliability::default();
        for i in 0..100 {
            half.add(0.5, i % 2 == 0);
        }
        assert!(half.error() < 1e-12);
        for i in 0..100 {
            half.add(0.95, i % 2 == 0);
        }
        assert!((half.error() - 0.225).abs() < 1e-12);
        assert_eq!(half.bins().len(), BINS);
        assert!((half.bins()[14].said - 0.95).abs() < 1e-12);
    }
}
