//! Measuring finished models against their teacher.

use std::path::Path;

use hamiltone_engine::model::ModelFile;
use hamiltone_research::general::{AgreementArguments, agreement, agreements};

use super::gathered::told;

/// A run's last measurement is what the command says of its model, and puts into its card; windows say something
/// else, and what is no general tagger is refused.
pub(crate) fn agreement_measures(
    material: &str,
    teacher: &str,
    model: &Path,
    progress: &serde_json::Value,
) {
    let model = model.to_str().unwrap();
    let ask = |more: &[&str]| {
        let line = ["--material", material, "--teacher", teacher];
        agreements(&told::<AgreementArguments>(&[&line, more].concat()))
    };
    let twice = ask(&["--model", model, model]).unwrap();
    let [(name, measured), (_, again)] = &twice[..] else {
        panic!("{twice:?}")
    };
    assert_eq!((name.as_str(), measured), ("general", again));
    let kept = &progress["records"].as_array().unwrap().last().unwrap()["agreement"];
    assert_eq!(kept["segments"], measured.segments);
    for (what, value) in [
        (
            "mean_average_precision",
            measured.all.mean_average_precision,
        ),
        ("top_1", measured.all.top_1),
    ] {
        let kept = kept[what].as_f64().unwrap();
        assert!((kept - value).abs() < 1e-9, "{what}: {kept}, {value}");
    }
    let live = &ask(&["--model", model, "--window", "2"]).unwrap()[0].1;
    assert_eq!(live.segments, measured.segments);
    assert_eq!(
        (live.all.labels, live.all.sure),
        (measured.all.labels, measured.all.sure)
    );
    let fewer = &ask(&["--model", model, "--segments", "2"]).unwrap()[0].1;
    assert_eq!(fewer.segments, 2);
    let none = ask(&["--model", model, "--segments", "0"]).unwrap_err();
    assert!(none.to_string().contains("--segments"), "{none:#}");

    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.safetensors");
    let mut before = ModelFile::read(Path::new(model)).unwrap();
    before.card.accuracy.clear();
    ModelFile::seal(before.card, before.weights)
        .and_then(|file| file.write(&copy))
        .unwrap();
    let line = ["--material", material, "--teacher", teacher, "--quiet"];
    let more = ["--into-cards", "--model", copy.to_str().unwrap()];
    agreement(&told::<AgreementArguments>(
        &[line.as_slice(), &more].concat(),
    ))
    .unwrap();
    let after = ModelFile::read(&copy).unwrap();
    let [accuracy] = &after.card.accuracy[..] else {
        panic!("{:?}", after.card.accuracy)
    };
    assert_eq!(accuracy.value, measured.all.mean_average_precision);
    assert_eq!(
        after.weights,
        ModelFile::read(Path::new(model)).unwrap().weights
    );

    let other = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/esc10.safetensors");
    let error = format!("{:#}", ask(&["--model", other]).unwrap_err());
    assert!(error.contains("not a general tagger"), "{error}");
}
