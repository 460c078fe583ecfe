//! Numbers for tests.

/// `count` numbers between −1 and 1, different for each seed.
pub(crate) fn numbers(count: usize, seed: usize) -> Vec<f32> {
    (0..count).map(|i| ((i * i + seed) as f32).sin()).collect()
}
