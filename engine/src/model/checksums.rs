//! Checksums that show damage to a model file which its probe would not.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::file::hex;
use super::{Card, ModelError};
use crate::network::streaming::Weights;

/// SHA-256 of what a model file holds, as 64 lower-case hexadecimal digits.
///
/// The probe compares logits with a tolerance, since kernels add in different orders. So it accepts most
/// changes of a single weight, and everything in the card that it does not use.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checksums {
    /// Of all tensors as little-endian `f32`, in the order of
    /// [`Architecture::parameters`](crate::network::Architecture::parameters).
    pub weights_sha256: String,
    /// Of the card's JSON text as it stands in the file, with zeros for the digits of this field.
    pub card_sha256: String,
}

/// Digits of a SHA-256.
const DIGITS: usize = 64;

/// Fills in the card's checksums. Returns the card's text for the file.
pub(super) fn fill_in(card: &mut Card, weights: &Weights) -> Result<String, ModelError> {
    let unreadable = |error: serde_json::Error| ModelError::Card(error.to_string());
    let blank = "0".repeat(DIGITS);
    card.checksums = Some(Checksums {
        weights_sha256: weights_sha256(card, weights),
        card_sha256: blank.clone(),
    });
    let text = serde_json::to_string(card).map_err(unreadable)?;
    let digest = hex(&Sha256::digest(text.as_bytes()));
    if let Some(checksums) = &mut card.checksums {
        checksums.card_sha256.clone_from(&digest);
    }
    Ok(replace_digest(&text, &blank, &digest))
}

/// Compares a card's checksums, if it has them, with its text and its weights.
pub(super) fn check(card: &Card, text: &str, weights: &Weights) -> Result<(), ModelError> {
    let Some(stated) = &card.checksums else {
        return Ok(()); // written before there were checksums
    };
    let blank = "0".repeat(DIGITS);
    let blanked = replace_digest(text, &stated.card_sha256, &blank);
    if hex(&Sha256::digest(blanked.as_bytes())) != stated.card_sha256 {
        return Err(ModelError::Checksum("card"));
    }
    if weights_sha256(card, weights) != stated.weights_sha256 {
        return Err(ModelError::Checksum("weights"));
    }
    Ok(())
}

/// Replaces the digest behind the field's name, and nothing else that happens to have the same digits.
fn replace_digest(text: &str, from: &str, to: &str) -> String {
    let field = |digest: &str| format!("\"card_sha256\":\"{digest}\"");
    text.replacen(&field(from), &field(to), 1)
}

fn weights_sha256(card: &Card, weights: &Weights) -> String {
    let mut hasher = Sha256::new();
    for shape in card.architecture.parameters(card.features.mel_bands) {
        let values = weights.get(&shape.name).into_iter().flatten();
        let bytes: Vec<u8> = values.flat_map(|value| value.to_le_bytes()).collect();
        hasher.update(&bytes);
    }
    hex(&hasher.finalize())
}
