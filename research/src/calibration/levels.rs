//! From which probability a label is on: the lowest at which enough of what is on is right.

use rayon::prelude::*;

use super::platt::sigmoid;

/// Share of labels that are on and right.
pub(super) const PRECISION: f64 = 0.9;
/// The same on the clips that levels are chosen on. On other recordings it is a little lower: .937 for an aim of .94
/// (`general-half`, 5448 clips, five folds, 2026-11-30). With fewer clips the difference is larger.
const AIM: f64 = 0.91;
/// Share of the clips without a label in which it may be on. Where a common label is right in most clips, it has its precision
/// also while it is on in many of the others: "Music" on every tone and bell.
const MOST_FALSE: f64 = 0.02;
/// The weight of the prior, in clips: the label's own clips count against this many of its pool.
const PRIOR_CLIPS: f64 = 8.0;
/// Levels that are tried, in logits: .02 to .99.
const LOWEST: f64 = -3.9;
const HIGHEST: f64 = 4.6;
const STEP: f64 = 0.1;

/// A clip's highest calibrated probability of a label, and whether the label was there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peak {
    pub(super) probability: f64,
    pub(super) there: bool,
}

/// Clips that are on and right, and on and wrong, from each level of the grid up.
#[derive(Clone)]
struct Counts {
    right: Vec<f64>,
    wrong: Vec<f64>,
    /// Clips without the label, on or not.
    absent: f64,
}

/// The levels that are tried, rising.
fn grid() -> Vec<f64> {
    let count = ((HIGHEST - LOWEST) / STEP).round() as usize + 1;
    let level = |i: usize| sigmoid(LOWEST + STEP * i as f64);
    (0..count).map(level).collect()
}

/// A level for each label. `pools` says which labels share their prior: by the labels of a pool together the same
/// share is right.
///
/// A label's precision at a level is that of its own clips and of [`PRIOR_CLIPS`] of its pool's at this level; its
/// own level is the lowest from which up all have [`AIM`], and where it is on in [`MOST_FALSE`] at most of the clips without
/// it. So a label that nobody knows has its pool's, and one that is often wrong a high one.
pub(super) fn levels(peaks: &[Vec<Peak>], pools: &[usize]) -> Vec<f64> {
    let grid = grid();
    let each = peaks.par_iter().map(|peaks| Counts::of(peaks, &grid));
    let counts: Vec<Counts> = each.collect();
    let count = pools.iter().max().map_or(0, |most| most + 1);
    let mut shared = vec![Counts::of(&[], &grid); count];
    for (counts, &pool) in counts.iter().zip(pools) {
        shared[pool].add(counts);
    }
    let shared: Vec<Vec<f64>> = shared.iter().map(Counts::precision).collect();
    let each = counts.iter().zip(pools);
    each.map(|(counts, &pool)| counts.level(&shared[pool], &grid))
        .collect()
}

impl Counts {
    fn of(peaks: &[Peak], grid: &[f64]) -> Self {
        let mut counts = Self {
            right: vec![0.0; grid.len()],
            wrong: vec![0.0; grid.len()],
            absent: 0.0,
        };
        for peak in peaks {
            let below = grid.partition_point(|level| *level <= peak.probability);
            counts.absent += f64::from(u8::from(!peak.there));
            let side = if peak.there {
                &mut counts.right
            } else {
                &mut counts.wrong
            };
            side[..below].iter_mut().for_each(|sum| *sum += 1.0);
        }
        counts
    }

    fn add(&mut self, other: &Self) {
        let add = |to: &mut [f64], from: &[f64]| to.iter_mut().zip(from).for_each(|(a, b)| *a += b);
        add(&mut self.right, &other.right);
        add(&mut self.wrong, &other.wrong);
        self.absent += other.absent;
    }

    /// Precision at each level; it never falls with the level, since at the top there are few clips to say so.
    fn precision(&self) -> Vec<f64> {
        let mut most: f64 = 0.0;
        let each = self.right.iter().zip(&self.wrong);
        each.map(|(right, wrong)| {
            let all = right + wrong;
            most = most.max(if all > 0.0 { right / all } else { 0.0 });
            most
        })
        .collect()
    }

    fn level(&self, shared: &[f64], grid: &[f64]) -> f64 {
        let enough = |index: usize| {
            let (right, wrong) = (self.right[index], self.wrong[index]);
            let precision = (right + PRIOR_CLIPS * shared[index]) / (right + wrong + PRIOR_CLIPS);
            precision >= AIM && wrong <= MOST_FALSE * self.absent
        };
        let from_the_top = (0..grid.len()).rev().take_while(|&index| enough(index));
        grid[from_the_top.last().unwrap_or(grid.len() - 1)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peaks(there: bool, probability: f64, count: usize) -> Vec<Peak> {
        vec![Peak { probability, there }; count]
    }

    #[test]
    fn a_label_is_on_where_it_is_right_often_enough() {
        // As a pool: right nearly always from .6 up, else half the time.
        let pool = [
            peaks(true, 0.6, 960),
            peaks(false, 0.6, 20),
            peaks(false, 0.4, 1_000),
        ]
        .concat();
        let sure = [peaks(true, 0.2, 100), peaks(true, 0.6, 100)].concat();
        let wrong = [peaks(false, 0.8, 10), peaks(false, 0.01, 600)].concat();
        let found = levels(&[pool, sure, wrong, Vec::new()], &[0; 4]);
        assert!((0.4..0.51).contains(&found[0]), "{found:?}");
        assert!(found[1] < 0.2, "{found:?}");
        assert!(found[2] > 0.8, "{found:?}");
        assert!((0.4..0.6).contains(&found[3]), "{found:?}");
    }

    #[test]
    fn a_common_label_is_off_in_most_clips_without_it() {
        let clips = [
            peaks(true, 0.4, 1_000),
            peaks(false, 0.4, 50),
            peaks(true, 0.7, 1_000),
            peaks(false, 0.7, 10),
            peaks(false, 0.1, 940),
        ]
        .concat();
        let found = levels(&[clips], &[0]);
        assert!((0.4..0.71).contains(&found[0]), "{found:?}");
    }

    #[test]
    fn pools_do_not_share() {
        let good = peaks(true, 0.3, 100);
        let bad = peaks(false, 0.9, 100);
        let found = levels(&[good, bad, Vec::new(), Vec::new()], &[0, 1, 0, 1]);
        assert!(found[2] < 0.31 && found[3] > 0.9, "{found:?}");
    }
}
