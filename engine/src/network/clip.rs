//! A whole clip's frames through the streaming network.

use std::sync::Arc;

use super::architecture::CLIP_CHUNK;
use super::streaming::{PackedNetwork, StreamingNetwork};
use super::window::WindowSums;

/// Logits over all columns of a clip, one a label, given its quaternion frames (`frames × 4 × mel_bands`). Frames
/// that make no whole column are left out; without a single column the features are zeros. Allocates.
pub fn clip_logits(network: &Arc<PackedNetwork>, frames: &[f32]) -> Vec<f32> {
    let (mut hidden, mut logits) = (Vec::new(), Vec::new());
    network.logits_into(&clip_features(network, frames), &mut hidden, &mut logits);
    logits
}

/// The features from which [`clip_logits`] are computed ([`Architecture::features`](super::Architecture::features)).
/// Allocates.
pub fn clip_features(network: &Arc<PackedNetwork>, frames: &[f32]) -> Vec<f32> {
    StreamingNetwork::new(network.clone(), CLIP_CHUNK).into_features(frames)
}

impl StreamingNetwork {
    /// The features over all columns of `frames`, for a stream that has computed nothing yet. Allocates.
    pub(crate) fn into_features(mut self, frames: &[f32]) -> Vec<f32> {
        let network = self.packed().clone();
        let mut sums = WindowSums::new(network.architecture());
        let column = network.frame_size() * network.architecture().frames_per_column();
        let whole = &frames[..frames.len() / column * column];
        for chunk in whole.chunks(self.most_columns() * column) {
            self.advance(chunk, &mut |column| sums.add(column));
        }
        let mut features = Vec::new();
        sums.features_into(&mut features);
        features
    }
}
