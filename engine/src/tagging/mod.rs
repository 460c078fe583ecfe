//! Samples to tags, live or a file at a time.

mod clip;
mod stream;
mod tagger;
mod window;

pub use clip::{ClipClassifier, ClipFeatures};
pub use tagger::{Tagger, Tags};
pub(crate) use window::WindowSums;

/// The shortest window in seconds.
pub const MIN_WINDOW_S: f32 = 0.5;
/// The longest window in seconds.
pub const MAX_WINDOW_S: f32 = 10.0;

/// The indices of the `k` largest probabilities, largest first. Allocates.
pub fn top(probabilities: &[f32], k: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..probabilities.len()).collect();
    order.sort_by(|&a, &b| probabilities[b].total_cmp(&probabilities[a]));
    order.truncate(k);
    order
}
