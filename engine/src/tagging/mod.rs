//! Samples to tags, live or a file at a time.

mod clip;
mod embedder;
mod leading;
mod stream;
mod tagger;

pub use crate::network::{MAX_WINDOW_S, MIN_WINDOW_S};
pub use clip::{ClipClassifier, ClipFeatures};
pub use embedder::{Embedder, EmbeddingRow};
pub use leading::{Lineup, Standing, on_now};
pub use tagger::{Tagger, Tags};

/// The indices of the `k` largest probabilities, largest first. Allocates.
pub fn top(probabilities: &[f32], k: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..probabilities.len()).collect();
    order.sort_by(|&a, &b| probabilities[b].total_cmp(&probabilities[a]));
    order.truncate(k);
    order
}
