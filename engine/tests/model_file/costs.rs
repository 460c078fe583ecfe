//! What a model costs, and the limits of that.

use std::sync::Arc;

use hamiltone_engine::features::FeatureSettings;
use hamiltone_engine::model::{Card, Cost, Limits, LoadOptions, Model, ModelError, ModelFile};
use hamiltone_engine::network::Architecture;
use hamiltone_engine::network::streaming::{PackedNetwork, StreamingNetwork};

use crate::altered;
use crate::common::{self, model_file, small, small_of_all_kinds};

#[test]
fn what_a_model_costs_is_computed_and_limited() {
    let file = model_file(small(4), 1);
    let names = ["memory_bytes", "multiply_adds_per_second", "parameters"];
    let understated = altered(
        &file,
        |card| names.iter().for_each(|name| card[name] = 1.into()),
        |_| (),
    );
    let card = ModelFile::from_bytes(&understated).unwrap().card;
    let checksums = file.card.checksums.clone();
    assert_eq!(Card { checksums, ..card }, file.card);
    let Card {
        multiply_adds_per_second,
        memory_bytes,
        ..
    } = file.card;
    let bytes = file.to_bytes().unwrap();
    let load = |limits: Limits| {
        let options = LoadOptions {
            limits,
            ..LoadOptions::default()
        };
        Model::load((&bytes[..]).into(), &options)
    };
    let exact = Limits {
        multiply_adds_per_second,
        memory_bytes,
    };
    assert!(load(exact).is_ok());
    for (limits, variable) in [
        (
            Limits {
                memory_bytes: memory_bytes - 1,
                ..exact
            },
            Limits::MEMORY_VARIABLE,
        ),
        (
            Limits {
                multiply_adds_per_second: multiply_adds_per_second - 1,
                ..exact
            },
            Limits::MULTIPLY_ADDS_VARIABLE,
        ),
    ] {
        let error = load(limits).err().unwrap();
        assert!(matches!(error, ModelError::TooCostly(_)), "{error}");
        assert!(error.to_string().contains(variable), "{error}");
    }
}

/// The memory that a card states is enough for the packed weights of a live stream and of files.
#[test]
fn the_stated_memory_is_what_the_network_takes_or_more() {
    let features = FeatureSettings::default();
    for architecture in small_of_all_kinds(4).into_iter().chain([
        Architecture::qcnn10(1.0, 50),
        Architecture::qcnn10(0.5, 10).real(),
        Architecture::doubling(64, 5, true, 1.0, 527),
    ]) {
        let stated = Cost::of(&architecture, &features).memory_bytes;
        let weights = common::weights(&architecture, features.mel_bands, 1);
        let network = PackedNetwork::new(&architecture, features.mel_bands, &weights);
        let network = Arc::new(network);
        let streams = [1, 8].map(|columns| StreamingNetwork::new(network.clone(), columns));
        let taken = network.size_bytes() as u64;
        assert!(taken < stated, "{taken} of {stated}: {architecture:?}");
        assert!(
            stated < 8 * taken + (8 << 20),
            "{taken} of {stated}: {architecture:?}"
        );
        drop(streams);
    }
}
