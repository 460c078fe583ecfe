//! A model file that is anything but whole is refused, with words a person can act on.

mod common;

use std::sync::Arc;
use std::time::Instant;

use common::{model_file, small, small_with_all_heads};
use hamiltone_engine::features::FeatureSettings;
use hamiltone_engine::model::{
    Card, Cost, Limits, LoadOptions, MAX_FILE_BYTES, Model, ModelError, ModelFile,
};
use hamiltone_engine::network::Architecture;
use hamiltone_engine::network::streaming::{PackedNetwork, StreamingNetwork};
use hamiltone_engine::tagging::{Tagger, Tags};
use proptest::prelude::*;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use serde_json::json;

/// Writes a model's bytes again with its card, or its tensors, changed behind its back.
fn altered(
    file: &ModelFile,
    card: impl FnOnce(&mut serde_json::Value),
    tensors: impl FnOnce(&mut Vec<(String, Dtype, Vec<usize>, Vec<u8>)>),
) -> Vec<u8> {
    let bytes = file.to_bytes().unwrap();
    let whole = SafeTensors::deserialize(&bytes).unwrap();
    let mut list: Vec<_> = whole
        .tensors()
        .into_iter()
        .map(|(name, view)| {
            (
                name,
                view.dtype(),
                view.shape().to_vec(),
                view.data().to_vec(),
            )
        })
        .collect();
    tensors(&mut list);
    let mut value = serde_json::to_value(&file.card).unwrap();
    card(&mut value);
    // The file is one of those from before there were checksums, or they alone would refuse it.
    value.as_object_mut().unwrap().remove("checksums");
    let header = [("hamiltone".to_owned(), value.to_string())].into();
    let views = list.iter().map(|(name, dtype, shape, data)| {
        (
            name.as_str(),
            TensorView::new(*dtype, shape.clone(), data).unwrap(),
        )
    });
    safetensors::serialize(views, Some(header)).unwrap()
}

fn refusal(bytes: &[u8]) -> ModelError {
    let error = Model::from_bytes(bytes)
        .err()
        .expect("a bad model must be refused");
    assert!(error.to_string().len() > 30, "{error} says too little");
    error
}

#[test]
fn what_was_written_is_read_and_hashed() {
    let file = model_file(small(4), 1);
    let bytes = file.to_bytes().unwrap();
    assert_eq!(ModelFile::from_bytes(&bytes).unwrap(), file);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    file.write(&path).unwrap();
    let model = Model::read(&path).unwrap();
    assert_eq!(model.size_bytes(), bytes.len());
    assert_eq!(model.hash().len(), 64);
    assert_eq!(model.card(), &file.card);
    assert!(file.card.parameters > 0 && file.card.multiply_adds_per_second > 0);
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "nothing is left beside the file");
}

#[test]
fn a_failed_write_leaves_the_old_file() {
    let (old, new) = (model_file(small(4), 1), model_file(small(4), 2));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    old.write(&path).unwrap();
    // Where the new file is made first, nothing can be made.
    std::fs::create_dir(path.with_extension("safetensors.part")).unwrap();
    assert!(matches!(new.write(&path), Err(ModelError::Write { .. })));
    assert_eq!(ModelFile::read(&path).unwrap(), old);
}

#[test]
fn files_that_are_not_models() {
    for bytes in [
        &b""[..],
        b"RIFF....WAVE",
        &[0; 7],
        &[255; 64],
        b"{\"hamiltone\":1}",
    ] {
        assert!(matches!(refusal(bytes), ModelError::NotSafetensors(_)));
    }
    let claims_too_much = [u64::MAX.to_le_bytes().as_slice(), b"{}"].concat();
    assert!(matches!(
        refusal(&claims_too_much),
        ModelError::NotSafetensors(_)
    ));
    let data = [0u8; 4];
    let view = TensorView::new(Dtype::F32, vec![1], &data).unwrap();
    let foreign = safetensors::serialize([("weight", view)], None).unwrap();
    assert!(matches!(refusal(&foreign), ModelError::NoCard));
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(
        Model::read(folder.path()),
        Err(ModelError::Read { .. })
    ));
    let gone = folder.path().join("gone.safetensors");
    let error = Model::read(&gone).err().unwrap();
    assert!(error.to_string().contains("gone.safetensors"), "{error}");
}

#[test]
fn a_file_that_is_too_large_is_refused_before_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.safetensors");
    std::fs::File::create(&path)
        .unwrap()
        .set_len(MAX_FILE_BYTES + 1)
        .unwrap(); // sparse
    assert!(matches!(
        Model::read(&path),
        Err(ModelError::TooLarge { .. })
    ));
}

#[test]
fn a_truncated_file() {
    let bytes = model_file(small(4), 1).to_bytes().unwrap();
    for keep in [8, 100, bytes.len() / 2, bytes.len() - 1] {
        assert!(matches!(
            refusal(&bytes[..keep]),
            ModelError::NotSafetensors(_)
        ));
    }
}

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
        ("licence", |card| card["licence"] = "free\nof all".into()),
        ("parent", |card| card["parent"] = "p".repeat(5_000).into()),
        ("pruning", |card| card["pruning"] = "p".repeat(5_000).into()),
        ("protocol", |card| {
            let figure = json!({"measure": "accuracy", "value": 0.5, "protocol": "\r"});
            card["accuracy"] = json!([figure]);
        }),
    ]);
}

#[test]
fn weights_that_do_not_fit() {
    let file = model_file(small(4), 1);
    let kernel = "blocks.0.convolutions.0.kernel";
    let missing = altered(
        &file,
        |_| (),
        |list| list.retain(|(name, ..)| name != kernel),
    );
    assert!(refusal(&missing).to_string().contains("is missing"));
    let extra = altered(
        &file,
        |_| (),
        |list| {
            list.push(("another".into(), Dtype::F32, vec![1], vec![0; 4]));
        },
    );
    assert!(
        refusal(&extra)
            .to_string()
            .contains("another does not belong")
    );
    let reshaped = altered(
        &file,
        |_| (),
        |list| {
            let tensor = list.iter_mut().find(|(name, ..)| name == kernel).unwrap();
            tensor.2 = vec![tensor.2.iter().product()];
        },
    );
    assert!(matches!(refusal(&reshaped), ModelError::Tensors(_)));
    let halved = altered(
        &file,
        |_| (),
        |list| {
            let tensor = list.iter_mut().find(|(name, ..)| name == kernel).unwrap();
            tensor.3.truncate(tensor.3.len() / 2);
            tensor.1 = Dtype::F16;
        },
    );
    assert!(refusal(&halved).to_string().contains("F16"));
    let wider = altered(
        &file,
        |card| card["architecture"]["hidden"] = 9.into(),
        |_| (),
    );
    assert!(matches!(refusal(&wider), ModelError::Tensors(_)));
    let linear = altered(
        &file,
        |card| card["architecture"]["hidden"] = 0.into(),
        |_| (),
    );
    assert!(matches!(refusal(&linear), ModelError::Tensors(_)));
    let told_more = |word: &'static str| {
        let change = |card: &mut serde_json::Value| {
            card["architecture"]["temporal_pooling"] = word.into();
        };
        refusal(&altered(&file, change, |_| ()))
    };
    assert!(matches!(told_more("statistics"), ModelError::Tensors(_)));
    assert!(matches!(told_more("attention"), ModelError::Card(_)));
}

#[test]
fn every_head_comes_back_as_it_was() {
    for (architecture, word) in
        small_with_all_heads(4)
            .into_iter()
            .zip([None, Some("statistics"), Some("statistics")])
    {
        let bytes = model_file(architecture.clone(), 1).to_bytes().unwrap();
        let model = Model::from_bytes(&bytes).unwrap();
        assert_eq!(model.card().architecture, architecture);
        // What stands in the file is read by others, too.
        let card = serde_json::to_value(model.card()).unwrap();
        let stands = card["architecture"].get("temporal_pooling");
        assert_eq!(stands.and_then(|stands| stands.as_str()), word);
    }
}

#[test]
fn weights_that_are_damaged() {
    let file = model_file(small(4), 1);
    let with = |name: &'static str, value: f32| {
        altered(
            &file,
            |_| (),
            move |list| {
                let tensor = list.iter_mut().find(|(n, ..)| n == name).unwrap();
                tensor.3[..4].copy_from_slice(&value.to_le_bytes());
            },
        )
    };
    for (name, value) in [
        ("head.output.bias", f32::NAN),
        ("blocks.1.convolutions.1.kernel", f32::INFINITY),
        ("blocks.1.convolutions.1.kernel", 1e20),
        ("blocks.1.norms.0.variance", -1.0),
    ] {
        let error = refusal(&with(name, value));
        assert!(matches!(error, ModelError::Values(_)) && error.to_string().contains(name));
    }
    // Within the range, of the right shape, and wrong: the probe differs.
    let error = refusal(&with("head.output.bias", 7.0));
    assert!(matches!(error, ModelError::Probe { .. }), "{error}");
}

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
    for architecture in small_with_all_heads(4).into_iter().chain([
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

#[test]
fn an_interrupt_ends_loading_and_columns() {
    // Its probe takes a second or so.
    let slow = Architecture::doubling(96, 6, true, 1.0, 4);
    let file = model_file(slow, 1);
    let bytes = file.to_bytes().unwrap();
    let options = LoadOptions {
        limits: Limits::NONE,
        ..LoadOptions::default()
    };
    let start = Instant::now();
    let model = Model::load((&bytes[..]).into(), &options).unwrap();
    let whole = start.elapsed();
    let interrupt = options.interrupt.clone();
    let raiser = std::thread::spawn(move || {
        std::thread::sleep(whole / 8);
        interrupt.raise();
    });
    let start = Instant::now();
    let error = Model::load((&bytes[..]).into(), &options).err().unwrap();
    assert!(matches!(error, ModelError::Interrupted), "{error}");
    assert!(
        start.elapsed() < whole * 3 / 4,
        "{:?} of {whole:?}",
        start.elapsed()
    );
    raiser.join().unwrap();
    let mut tagger = Tagger::new(Arc::new(model), 32_000, 1.0).unwrap();
    tagger.interrupt_by(options.interrupt);
    tagger.push(&common::sound(96_000, 1), &mut |_| {
        panic!("a column after the interrupt")
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    /// A few bytes changed anywhere: refused or (in a place that means nothing) read, never a
    /// panic, never a NaN.
    #[test]
    fn random_damage_never_panics(places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        static WHOLE: std::sync::LazyLock<Vec<u8>> =
            std::sync::LazyLock::new(|| model_file(common::small(4), 1).to_bytes().unwrap());
        static SOUND: std::sync::LazyLock<Vec<f32>> =
            std::sync::LazyLock::new(|| common::sound(16_000, 1));
        let mut bytes = WHOLE.clone();
        for (place, value) in places {
            let index = place.index(bytes.len());
            bytes[index] = value;
        }
        if let Ok(model) = Model::from_bytes(&bytes) {
            let mut tagger = Tagger::new(Arc::new(model), 32_000, 1.0).unwrap();
            let (mut columns, mut finite) = (0, true);
            let mut take = |tags: &Tags<'_>| {
                columns += 1;
                finite &= tags.probabilities.iter().all(|p| (0.0..=1.0).contains(p));
            };
            tagger.push(&SOUND, &mut take);
            tagger.finish(&mut take);
            prop_assert!(columns > 0 && finite);
        }
    }
}
