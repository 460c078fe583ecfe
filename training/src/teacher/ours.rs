//! A network of ours as a teacher.

use std::sync::Arc;

use hamiltone_engine::model::{ModelFile, clip_logits};
use hamiltone_engine::network::streaming::PackedNetwork;

use super::Teacher;

/// A model that judges the very frames that the student sees.
pub struct OurTeacher {
    network: Arc<PackedNetwork>,
}

impl OurTeacher {
    /// With the weights of a model file.
    pub fn new(file: &ModelFile) -> Self {
        let mels = file.card.features.mel_bands;
        let network = PackedNetwork::new(&file.card.architecture, mels, &file.weights);
        Self {
            network: Arc::new(network),
        }
    }
}

impl Teacher for OurTeacher {
    fn logits(&self, _samples: &[f32], frames: &[f32]) -> anyhow::Result<Vec<f32>> {
        Ok(clip_logits(&self.network, frames))
    }
}
