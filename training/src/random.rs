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

/// A standard normal deviate (Box and Muller).
pub fn normal(random: &mut impl Rng) -> f32 {
    let radius = (-2.0 * (1.0 - random.random::<f64>()).ln()).sqrt();
    (radius * (std::f64::consts::TAU * random.random::<f64>()).cos()) as f32
}
