//! Damage that the probe does not show.

use hamiltone_engine::model::{Model, ModelError};

use crate::common::{model_file, small};
use crate::{altered, refusal};

#[test]
fn a_changed_bit_is_noticed_by_the_checksums() {
    let file = model_file(small(4), 1);
    let bytes = file.to_bytes().unwrap();
    let checksums = file.card.checksums.clone().unwrap();
    assert_eq!(checksums.weights_sha256.len(), 64);
    // The lowest bit of a weight: no probe can notice that.
    let mut weights = bytes.clone();
    weights[bytes.len() - 4] ^= 1;
    assert!(matches!(refusal(&weights), ModelError::Checksum("weights")));
    let text = |from: &str, to: &str| {
        let at = bytes
            .windows(from.len())
            .position(|part| part == from.as_bytes());
        let (at, mut changed) = (at.unwrap(), bytes.clone());
        changed[at..at + to.len()].copy_from_slice(to.as_bytes());
        changed
    };
    for (from, to) in [
        ("random weights", "random weightz"),
        ("label 2", "label 7"),
        ("1e-10", "1e-11"), // the floor of the spectrum, which the probe's sound never reaches
        (&checksums.card_sha256[..8], "00000000"),
    ] {
        assert!(
            matches!(refusal(&text(from, to)), ModelError::Checksum("card")),
            "{from}"
        );
    }
    let other = &checksums.weights_sha256[..8];
    assert!(matches!(
        refusal(&text(other, "00000000")),
        ModelError::Checksum("card")
    ));
}

#[test]
fn a_file_from_before_there_were_checksums_is_read() {
    let old = altered(&model_file(small(4), 1), |_| (), |_| ());
    let model = Model::from_bytes(&old).unwrap();
    assert!(model.card().checksums.is_none());
}
