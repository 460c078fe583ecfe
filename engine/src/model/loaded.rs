use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::file::{hex, read_bytes};
use super::statistics::softmax;
use super::{Calibration, Card, ModelError, ModelFile, OnLevels, Probe, TaskKind};
use crate::network::streaming::{PackedNetwork, StreamingNetwork};
use crate::tagging::WindowSums;

/// A logit of the probe may be off by this share of the largest logit, or of 1 if all are smaller: kernels
/// add in different orders, and a damaged file is off by far more.
const PROBE_TOLERANCE: f32 = 1e-3;

/// A model that was read, checked, probed and packed to run. Immutable: share it in an `Arc`.
pub struct Model {
    card: Card,
    hash: String,
    size_bytes: usize,
    network: Arc<PackedNetwork>,
}

impl Model {
    /// Reads a model file. Takes milliseconds to tenths of a second, by the size of the network.
    ///
    /// # Errors
    /// If it cannot be read, or anything in it is not as it should be.
    pub fn read(path: &Path) -> Result<Self, ModelError> {
        Self::from_bytes(&read_bytes(path)?)
    }

    /// The same from memory.
    ///
    /// # Errors
    /// If anything in it is not as it should be.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        let ModelFile { card, weights } = ModelFile::from_bytes(bytes)?;
        let network = PackedNetwork::new(&card.architecture, card.features.mel_bands, &weights);
        let model = Self {
            hash: hash_bytes(bytes),
            size_bytes: bytes.len(),
            network: Arc::new(network),
            card,
        };
        model.check_probe()?;
        Ok(model)
    }

    /// What the model says of itself.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// SHA-256 of the file, lower-case hex: the model's identity.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Size of the file in bytes.
    pub fn size_bytes(&self) -> usize {
        self.size_bytes
    }

    /// The weights, packed to run.
    pub fn network(&self) -> &Arc<PackedNetwork> {
        &self.network
    }

    /// Logits to probabilities, in place, as the model's task wants it; calibrated, where the card says how.
    pub fn activate(&self, logits: &mut [f32]) {
        if let Some(calibration) = &self.card.calibration {
            calibration.apply(logits);
        }
        match self.card.task {
            TaskKind::SingleLabel => softmax(logits),
            TaskKind::MultiLabel => {
                logits
                    .iter_mut()
                    .for_each(|logit| *logit = 1.0 / (1.0 + (-*logit).exp()));
            }
        }
    }

    /// From which of these probabilities each label is on.
    pub fn on_levels(&self) -> OnLevels<'_> {
        let calibration = self.card.calibration.as_ref();
        calibration.map_or(OnLevels::COMMON, Calibration::on_levels)
    }

    /// The probe of a network, to write into its card: run it once, state what it says.
    pub fn make_probe(seed: u64, card: &Card, network: &Arc<PackedNetwork>) -> Probe {
        let (input_sha256, frames) = Probe::frames(seed, &card.features, &card.architecture);
        Probe {
            seed,
            input_sha256,
            logits: clip_logits(network, &frames),
        }
    }

    fn check_probe(&self) -> Result<(), ModelError> {
        let said = Self::make_probe(self.card.probe.seed, &self.card, &self.network);
        let expected = &self.card.probe.logits;
        let largest = expected
            .iter()
            .fold(1f32, |largest, logit| largest.max(logit.abs()));
        let differences = said.logits.iter().zip(expected).map(|(a, b)| (a - b).abs());
        // A NaN must count as the worst there is, not vanish in a maximum.
        let off = differences.fold(0f32, |worst, d| if d <= worst { worst } else { d });
        let allowed = PROBE_TOLERANCE * largest;
        if off <= allowed {
            Ok(())
        } else {
            Err(ModelError::Probe { off, allowed })
        }
    }
}

/// Logits over all columns of a clip, given its quaternion frames; frames that make no whole
/// column are left out. Without a single column: the logits of silence in feature space (zeros).
pub fn clip_logits(network: &Arc<PackedNetwork>, frames: &[f32]) -> Vec<f32> {
    let (mut hidden, mut logits) = (Vec::new(), Vec::new());
    network.logits_into(&clip_features(network, frames), &mut hidden, &mut logits);
    logits
}

/// Features of a clip, given its quaternion frames, as [`clip_logits`] has them.
pub fn clip_features(network: &Arc<PackedNetwork>, frames: &[f32]) -> Vec<f32> {
    let mut stream = StreamingNetwork::new(network.clone(), 8);
    let mut sums = WindowSums::new(network.architecture());
    let column = network.frame_size() * network.architecture().frames_per_column();
    let whole = &frames[..frames.len() / column * column];
    for chunk in whole.chunks(8 * column) {
        stream.advance(chunk, &mut |column| sums.add(column));
    }
    let mut features = Vec::new();
    sums.features_into(&mut features);
    features
}

/// SHA-256 in hex.
pub(super) fn hash_bytes(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}
