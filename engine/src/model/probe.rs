//! The probe: a reproducible test signal and the network's logits for it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::hash::hex;
use crate::features::{FeatureSettings, FrontEnd, quaternion_frames};
use crate::network::streaming::PackedNetwork;
use crate::network::{Architecture, clip_logits};

/// Columns of the test signal.
const COLUMNS: usize = 3;

/// A test signal made from a seed, its hash, and the logits of the network over all its columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// Seed of the sound.
    pub seed: u64,
    /// SHA-256 (hex) of the sound's samples as little-endian `f32`.
    pub input_sha256: String,
    /// Expected logits, one a label.
    pub logits: Vec<f32>,
}

impl Probe {
    /// The sound of a seed: noise under a falling envelope with three tones, just long enough for
    /// a few columns. Integer arithmetic and multiplications only, so every machine makes the same
    /// bits.
    pub fn sound(seed: u64, features: &FeatureSettings, architecture: &Architecture) -> Vec<f32> {
        let frames = architecture.frames_per_column() * COLUMNS;
        let count = FrontEnd::samples_for(features, frames);
        let mut state = seed ^ 0x9E37_79B9_7F4A_7C15;
        let mut noise = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
        };
        (0..count)
            .map(|i| {
                let envelope = 1.0 - i as f32 / count as f32;
                // Sawtooth tones: exact in every arithmetic, unlike sines.
                let tone = |period: usize| (i % period) as f32 / period as f32 - 0.5;
                0.3 * envelope * noise() + 0.1 * (tone(37) + tone(128) + tone(301))
            })
            .collect()
    }

    /// SHA-256 of samples, in hex.
    pub fn hash(samples: &[f32]) -> String {
        let mut hasher = Sha256::new();
        for sample in samples {
            hasher.update(sample.to_le_bytes());
        }
        hex(&hasher.finalize())
    }

    /// Runs `network` on the sound of `seed`. Takes as long as computing three columns.
    pub fn measure(seed: u64, features: &FeatureSettings, network: &Arc<PackedNetwork>) -> Self {
        let (input_sha256, frames) = Self::frames(seed, features, network.architecture());
        Self {
            seed,
            input_sha256,
            logits: clip_logits(network, &frames),
        }
    }

    /// SHA-256 and quaternion frames of the sound of `seed`.
    pub(super) fn frames(
        seed: u64,
        features: &FeatureSettings,
        architecture: &Architecture,
    ) -> (String, Vec<f32>) {
        let sound = Self::sound(seed, features, architecture);
        (Self::hash(&sound), quaternion_frames(features, &sound))
    }
}
