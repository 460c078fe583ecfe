//! Cards of another version, that contradict themselves, or that ask for too much memory.

use hamiltone_engine::model::ModelError;
use serde_json::json;

use crate::common::{model_file, small};
use crate::{altered, refusal};

#[test]
fn a_card_of_another_version_or_none() {
    let file = model_file(small(4), 1);
    let version =
        |number: u32| altered(&file, |card| card["format_version"] = number.into(), |_| ());
    let newer = refusal(&version(99)).to_string();
    assert!(newer.contains("newer Hamiltone"), "{newer}");
    assert!(matches!(
        refusal(&version(0)),
        ModelError::Version { found: 0, .. }
    ));
    let broken = altered(&file, |card| card["labels"] = "rain".into(), |_| ());
    assert!(matches!(refusal(&broken), ModelError::Card(_)));
}

type Change = fn(&mut serde_json::Value);

/// Cards with one change each, and a word that the refusal must say.
fn are_refused(changes: &[(&str, Change)]) {
    let file = model_file(small(4), 1);
    for (what, change) in changes {
        let error = refusal(&altered(&file, change, |_| ()));
        assert!(
            matches!(error, ModelError::Inconsistent(_)),
            "{what}: {error}"
        );
        assert!(error.to_string().contains(what), "{what}: {error}");
    }
}

#[test]
fn a_card_that_contradicts_itself() {
    are_refused(&[
        ("labels", |card| {
            _ = card["labels"].as_array_mut().unwrap().pop()
        }),
        ("label", |card| card["labels"][0] = "".into()),
        ("name", |card| card["name"] = "a\nb".into()),
        ("mel_bands", |card| {
            card["features"]["mel_bands"] = 1_000_000.into()
        }),
        ("hop", |card| card["features"]["hop"] = 0.into()),
        ("hidden", |card| {
            card["architecture"]["hidden"] = 1_000_000.into()
        }),
        ("blocks", |card| card["architecture"]["blocks"] = json!([])),
        ("window", |card| card["default_window_s"] = 1e9.into()),
        ("longest window", |card| {
            card["features"]["fft_size"] = 8_192.into();
            card["features"]["hop"] = 8_192.into();
            card["features"]["sample_rate"] = 8_000.into();
            card["features"]["highest_hz"] = 4_000.into();
        }),
        ("probe", |card| card["probe"]["input_sha256"] = "00".into()),
        // As a 32-bit float it is infinite, and so would be what the probe allows.
        ("logit of inf", |card| {
            card["probe"]["logits"][0] = 1e39.into()
        }),
    ]);
}

/// Few weights; but maps of 69 GB, or a window of 1 GB.
#[test]
fn a_card_that_asks_for_the_whole_memory() {
    are_refused(&[
        ("activations", |card| {
            let filters = [2_048, 1].repeat(4);
            let wide = [json!({"filters": filters, "pools": true})];
            let narrow = vec![json!({"filters": [1], "pools": true}); 7];
            card["architecture"]["blocks"] = [&wide[..], &narrow].concat().into();
            card["features"]["mel_bands"] = 256.into();
        }),
        ("window of 10 s", |card| {
            card["architecture"]["blocks"] = json!([{"filters": [2048], "pools": false}]);
            card["features"]["hop"] = 16.into();
            card["features"]["sample_rate"] = 48_000.into();
        }),
    ]);
}

/// What is shown to people: no escapes for their terminals, no novels.
#[test]
fn texts_that_are_not_plain() {
    are_refused(&[
        ("description", |card| {
            card["description"] = "\u{1b}[2J".into()
        }),
        ("training_data", |card| card["training_data"] = "\0".into()),
        ("name", |card| card["name"] = "slow\u{202e}tsaf".into()),
        ("licence", |card| card["licence"] = "free\nof all".into()),
        ("parent", |card| card["parent"] = "p".repeat(5_000).into()),
        ("pruning", |card| card["pruning"] = "p".repeat(5_000).into()),
        ("protocol", |card| {
            let figure = json!({"measure": "accuracy", "value": 0.5, "protocol": "\r"});
            card["accuracy"] = json!([figure]);
        }),
    ]);
}
