//! Counts over clips, as the network is and calibrated.

use std::collections::BTreeMap;

use super::measure::{On, Reliability};

/// Counts over some clips.
#[derive(Default, Clone)]
pub(super) struct Sums {
    /// Of what is shown: as the network is, and calibrated.
    pub(super) shown: [Reliability; 2],
    /// Of everything that is known.
    pub(super) all: [Reliability; 2],
    /// As the network is at the usual threshold; calibrated, at each label's level; by set.
    pub(super) on: BTreeMap<usize, [On; 2]>,
    /// At thresholds that move everything, as the network is and calibrated.
    pub(super) swept: Vec<[On; 2]>,
}

impl Sums {
    pub(super) fn plus(&mut self, other: &Self) {
        for side in 0..2 {
            self.shown[side].plus(&other.shown[side]);
            self.all[side].plus(&other.all[side]);
        }
        for (set, on) in &other.on {
            let sums = self.on.entry(*set).or_default();
            (0..2).for_each(|side| sums[side].plus(&on[side]));
        }
        self.swept
            .resize(other.swept.len().max(self.swept.len()), Default::default());
        for (sums, on) in self.swept.iter_mut().zip(&other.swept) {
            (0..2).for_each(|side| sums[side].plus(&on[side]));
        }
    }
}
