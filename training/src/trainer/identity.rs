//! Which model a training began with, whatever its card says by now.

use std::path::Path;

use anyhow::Context;
use hamiltone_engine::model::ModelFile;
use sha2::{Digest, Sha256};

use crate::files::hex;

/// SHA-256 of a file.
///
/// # Errors
/// If it cannot be read.
pub fn file_sha256(path: &Path) -> anyhow::Result<String> {
    let bytes = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    Ok(hex(&Sha256::digest(bytes)))
}

/// SHA-256 of a model's weights, as [`Checksums::weights_sha256`](hamiltone_engine::model::Checksums) has it. It stays
/// the same where only the card changes: figures, calibration, the gain for quiet sound.
pub fn weights_sha256(file: &ModelFile) -> String {
    let mut hasher = Sha256::new();
    let mels = file.card.features.mel_bands;
    for parameter in file.card.architecture.parameters(mels) {
        let values = file.weights.get(&parameter.name).into_iter().flatten();
        let bytes: Vec<u8> = values.flat_map(|value| value.to_le_bytes()).collect();
        hasher.update(&bytes);
    }
    hex(&hasher.finalize())
}
