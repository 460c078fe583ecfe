//! Checksums, for damage to a model file that its probe does not show.

use sha2::{Digest, Sha256};

use super::card::{Card, Checksums};
use super::error::ModelError;
use super::hash::{hex, sha256};
use crate::network::streaming::Weights;

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
    let digest = sha256(text.as_bytes());
    if let Some(checksums) = &mut card.checksums {
        checksums.card_sha256.clone_from(&digest);
    }
    Ok(replace_digest(&text, &blank, &digest))
}

/// Compares the checksums of a card, if it has any, with its text and its weights.
pub(super) fn check(card: &Card, text: &str, weights: &Weights) -> Result<(), ModelError> {
    let Some(stated) = &card.checksums else {
        return Ok(()); // written before there were checksums
    };
    let blank = "0".repeat(DIGITS);
    let blanked = replace_digest(text, &stated.card_sha256, &blank);
    if sha256(blanked.as_bytes()) != stated.card_sha256 {
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
