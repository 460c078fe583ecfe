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
pub use tagger::{NO_ANSWER_YET, Tagger, Tags};

/// The indices of the `k` largest probabilities, largest first, of equal ones the first. Allocates.
pub fn top(probabilities: &[f32], k: usize) -> Vec<usize> {
    let falling = |a: &usize, b: &usize| {
        let by_probability = probabilities[*b].total_cmp(&probabilities[*a]);
        by_probability.then(a.cmp(b))
    };
    let mut order: Vec<usize> = (0..probabilities.len()).collect();
    if k < order.len() {
        order.select_nth_unstable_by(k, falling); // those before are the largest
        order.truncate(k);
    }
    order.sort_unstable_by(falling);
    order
}
