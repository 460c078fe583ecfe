//! Random numbers that a seed reproduces, on every machine.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A stream of random numbers for one purpose: the same for the same seed and purpose, unrelated
/// to all others. Seed and first part of the purpose are one number, their XOR, so let that part be a
/// constant. Nothing needs to be saved to resume a run.
pub fn stream(seed: u64, purpose: &[u64]) -> ChaCha8Rng {
    let mut mixed = seed ^ 0x243F_6A88_85A3_08D3;
    for part in purpose {
        mixed = (mixed ^ part).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        mixed ^= mixed >> 29;
    }
    ChaCha8Rng::seed_from_u64(mixed)
}

/// As [`stream`], for a fold of a run: other numbers for every seed and fold.
///
/// Seed 1, the default, has the numbers of `stream(1, [fold, …])`. There fold and seed are one number, their XOR, so
/// fifteen runs of three seeds and five folds began with eight different networks until 2026-11-30.
pub fn fold_stream(seed: u64, fold: u64, purpose: &[u64]) -> ChaCha8Rng {
    // An odd factor: no two seeds give the same product.
    let apart = seed.wrapping_sub(1).wrapping_mul(0xD1B5_4A32_D192_ED03);
    let purpose: Vec<u64> = [fold ^ apart].iter().chain(purpose).copied().collect();
    stream(seed, &purpose)
}

/// A standard normal deviate (Box and Muller).
pub fn normal(random: &mut impl Rng) -> f32 {
    let radius = (-2.0 * (1.0 - random.random::<f64>()).ln()).sqrt();
    (radius * (std::f64::consts::TAU * random.random::<f64>()).cos()) as f32
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_seed_and_fold_has_a_stream_of_its_own() {
        let first = |seed, fold| fold_stream(seed, fold, &[1]).random::<u64>();
        let pairs = (0..40).flat_map(|seed| (1..40).map(move |fold| (seed, fold)));
        let numbers: BTreeSet<u64> = pairs.map(|(seed, fold)| first(seed, fold)).collect();
        assert_eq!(numbers.len(), 40 * 39);
        for fold in 1..=10 {
            let before = stream(1, &[fold, 1]).random::<u64>();
            assert_eq!(first(1, fold), before, "models of seed 1 can be made again");
        }
    }
}
