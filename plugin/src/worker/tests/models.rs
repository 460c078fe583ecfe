//! Models that change, are missing or are damaged while it plays.

use hamiltone_engine::model::{Calibration, ModelChoice, ModelFile, TaskKind};
use hamiltone_engine::network::{Architecture, ParameterKind};

use super::*;

/// A small network with weights that mean nothing, with these labels.
pub(super) fn write_model(path: &Path, name: &str, labels: &[&str]) {
    write_network(
        path,
        name,
        labels,
        Architecture::qcnn10(0.125, labels.len()),
        0.2,
    );
}

/// The same of another shape, with weights within ± `largest`.
pub(super) fn write_network(
    path: &Path,
    name: &str,
    labels: &[&str],
    architecture: Architecture,
    largest: f32,
) {
    let mut card = Library::with_folders(vec![]).default_model().card().clone();
    card.name = name.to_owned();
    card.task = TaskKind::SingleLabel;
    card.labels = labels.iter().map(|label| label.to_string()).collect();
    (card.groups, card.class_statistics, card.calibration) = (Vec::new(), None, None);
    (card.parents, card.choices) = (Vec::new(), Vec::new());
    card.architecture = architecture;
    let mut random = 1u32;
    let mut next = || {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((random >> 8) as f32 / (1 << 24) as f32 * 2.0 - 1.0) * largest
    };
    let weights = card
        .architecture
        .parameters(card.features.mel_bands)
        .into_iter()
        .map(|shape| {
            let values = (0..shape.count())
                .map(|_| match shape.kind {
                    ParameterKind::Weight => next(),
                    ParameterKind::Scale => 1.0,
                    ParameterKind::Shift => 0.0,
                    ParameterKind::Statistic => f32::from(shape.name.ends_with("variance")),
                })
                .collect();
            (shape.name, values)
        });
    let weights = weights.collect();
    ModelFile::seal(card, weights).unwrap().write(path).unwrap();
}

#[test]
fn another_model_with_other_labels_takes_over_while_it_plays() {
    let mut bench = Bench::new();
    write_model(
        &bench.path("models/three.safetensors"),
        "three",
        &["one", "two", "three"],
    );
    let mut tap = bench.start(true);
    play(&mut tap, &rooster());
    let before = bench.wait("tags", |s| s.probabilities.len() > 3);
    bench.set(|settings| settings.model.name = Some("three".to_owned()));
    bench.wait("the model", |s| {
        s.model.as_ref().is_some_and(|m| m.name == "three")
    });
    play(&mut tap, &rooster());
    let after = bench.wait("its tags", |s| s.probabilities.len() == 3);
    assert!(after.time_s > before.time_s, "the clock goes on");
    assert_eq!(after.troubles, []);
    bench.set(|settings| *settings.model = ModelChoice::default());
    bench.wait("the old model", |s| {
        s.model.as_ref().is_some_and(|m| m.name != "three")
    });
    play(&mut tap, &rooster());
    bench.wait("tags again", |s| s.probabilities.len() > 3);
}

#[test]
fn only_the_labels_that_were_chosen_compete_while_it_plays() {
    let mut bench = Bench::new();
    write_model(
        &bench.path("models/three.safetensors"),
        "three",
        &["one", "two", "three"],
    );
    bench.set(|settings| {
        settings.model.name = Some("three".to_owned());
        settings.among = ["Two", "three", "not known"].map(str::to_owned).into();
    });
    let mut tap = bench.start(true);
    play(&mut tap, &rooster());
    let tags = bench.wait("tags", |s| s.probabilities.len() == 3);
    assert_eq!((&tags.among[..], tags.probabilities[0]), (&[1, 2][..], 0.0));
    assert!((tags.probabilities[1] + tags.probabilities[2] - 1.0).abs() < 1e-5);
    bench.set(|settings| settings.among = vec!["not known".to_owned()]);
    play(&mut tap, &rooster());
    let tags = bench.wait("all labels", |s| {
        s.among.is_empty() && s.probabilities.first().is_some_and(|p| *p > 0.0)
    });
    assert_eq!(tags.troubles, []);
}

#[test]
fn a_missing_model_is_named_and_the_old_one_plays_on() {
    let mut bench = Bench::new();
    let mut tap = bench.start(true);
    play(&mut tap, &rooster());
    let running = bench
        .wait("tags", |s| !s.probabilities.is_empty())
        .model
        .unwrap()
        .name
        .clone();
    bench.set(|settings| settings.model.name = Some("lost".to_owned()));
    let snapshot = bench.wait("trouble", |s| !s.troubles.is_empty());
    assert_eq!(snapshot.troubles[0].title, "Model missing: lost");
    assert!(snapshot.troubles[0].advice.contains(&running));
    assert_eq!(snapshot.model.unwrap().name, running);
    let time_s = snapshot.time_s;
    play(&mut tap, &rooster());
    bench.wait("more tags", |s| s.time_s > time_s);
    // The file comes back, and someone opens the menu.
    write_model(&bench.path("models/lost.safetensors"), "lost", &["a", "b"]);
    bench.worker.requests().list_models();
    let found = bench.wait("the model", |s| {
        s.model.as_ref().is_some_and(|m| m.name == "lost")
    });
    assert_eq!(found.troubles, []);
    assert!(
        found
            .menu
            .iter()
            .any(|entry| entry.name == "lost" && !entry.built_in)
    );
}

#[test]
fn a_session_with_a_missing_model_starts_with_the_built_in_one() {
    let mut bench = Bench::new();
    bench.set(|settings| settings.model.path = Some(bench.path("birds.safetensors")));
    let mut tap = bench.start(true);
    play(&mut tap, &rooster());
    let snapshot = bench.wait("tags", |s| !s.probabilities.is_empty());
    assert!(
        snapshot.troubles[0].title.contains("birds"),
        "{:?}",
        snapshot.troubles
    );
}

#[test]
fn a_damaged_file_is_no_model() {
    let mut bench = Bench::new();
    let path = bench.path("models/noise.safetensors");
    std::fs::write(&path, [0xA5; 4096]).unwrap();
    bench.set(|settings| settings.model.path = Some(path));
    let _tap = bench.start(false);
    let snapshot = bench.wait("trouble", |s| !s.troubles.is_empty());
    assert_eq!(snapshot.troubles[0].title, "Model cannot be used: noise");
    assert!(snapshot.model.is_some());
}

#[test]
fn a_file_that_was_opened_by_its_path_is_found_again_after_it_moved() {
    let mut bench = Bench::new();
    let elsewhere = bench.path("download.safetensors");
    write_model(&elsewhere, "owls", &["tawny", "barn"]);
    bench.set(|settings| settings.model.path = Some(elsewhere.clone()));
    let _tap = bench.start(false);
    bench.wait("the model", |s| {
        s.model.as_ref().is_some_and(|m| m.name == "owls")
    });
    let saved = bench.params.settings.read().model.clone();
    assert_eq!(saved.name.as_deref(), Some("owls"));
    // The session is opened again when the file has been put into the folder of models.
    std::fs::rename(&elsewhere, bench.path("models/renamed.safetensors")).unwrap();
    let Bench { worker, .. } = &bench;
    worker.stop(true);
    bench.set(|settings| *settings.model = ModelChoice::default());
    bench.wait("the default", |s| {
        s.model.as_ref().is_some_and(|m| m.name != "owls")
    });
    bench.set(|settings| settings.model = saved);
    let found = bench.wait("the model", |s| {
        s.model.as_ref().is_some_and(|m| m.name == "owls")
    });
    assert_eq!(found.troubles, []);
}

#[test]
fn a_missing_model_is_named_with_its_hash() {
    let mut bench = Bench::new();
    bench.set(|settings| {
        settings.model.name = Some("lost".to_owned());
        settings.model.hash = Some("0123456789abcdef".repeat(4));
    });
    let _tap = bench.start(false);
    let snapshot = bench.wait("trouble", |s| !s.troubles.is_empty());
    assert_eq!(
        snapshot.troubles[0].title,
        "Model missing: lost, 0123456789ab"
    );
}

#[test]
fn a_second_model_hears_the_same_audio() {
    let mut bench = Bench::new();
    write_model(
        &bench.path("models/two.safetensors"),
        "two",
        &["one", "two"],
    );
    let choice = |name: &str| ModelChoice {
        name: Some(name.to_owned()),
        ..ModelChoice::default()
    };
    bench.set(|settings| settings.compare = Some(choice("two").into()));
    let mut tap = bench.start(true);
    play(&mut tap, &rooster());
    let both = bench.wait("both", |s| {
        let second = s.compared.as_ref().is_some_and(|c| c.smoothed.len() == 2);
        second && s.probabilities.len() > 2
    });
    assert_eq!(both.compared.unwrap().model.name, "two");
    // The first one is not disturbed by the second.
    let (_, alone) = engine_says(&rooster(), bench.params.window_s());
    bench.worker.stop(true);
    let end = bench.wait("the end", |s| s.stream.is_none());
    assert!(distance(&end.probabilities, &alone) < 1e-4);
    bench.set(|settings| settings.compare = Some(choice("gone").into()));
    let _tap = bench.start(true);
    let said = bench.wait("trouble", |s| !s.troubles.is_empty());
    assert_eq!(said.troubles[0].title, "Model missing: gone");
    // Its file comes back, and someone opens the menu.
    write_model(&bench.path("models/gone.safetensors"), "gone", &["a", "b"]);
    bench.worker.requests().list_models();
    bench.wait("the second model", |s| {
        s.compared.as_ref().is_some_and(|c| c.model.name == "gone") && s.troubles.is_empty()
    });
    bench.set(|settings| settings.compare = None);
    bench.wait("one model", |s| {
        s.compared.is_none() && s.troubles.is_empty()
    });
}

/// The built-in model, calibrated so that every label is on from `level`.
fn write_calibrated(path: &Path, level: f32) {
    let bytes = std::fs::read(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/general-half.safetensors"),
    );
    let mut file = ModelFile::from_bytes(&bytes.unwrap()).unwrap();
    let labels = file.card.labels.len();
    file.card.name = "calibrated".to_owned();
    file.card.calibration = Some(Calibration {
        scale: vec![1.0; labels],
        offset: vec![0.0; labels],
        on: vec![level; labels],
        examples: Vec::new(),
        precision: None,
        clips: 0,
        protocol: "made for a test".to_owned(),
    });
    file.write(path).unwrap();
}

#[test]
fn labels_of_a_calibrated_model_are_on_at_their_own_levels_until_the_threshold_moves_them() {
    for (level, threshold, expected) in [(0.99, 0.3, false), (0.8, 0.01, true), (0.05, 0.3, true)] {
        let mut bench = Bench::new();
        write_calibrated(&bench.path("models/calibrated.safetensors"), level);
        bench.set(|settings| settings.model.name = Some("calibrated".to_owned()));
        put(&bench.params.threshold, threshold);
        put(&bench.params.window, 1.0);
        let mut tap = bench.start(true);
        play(&mut tap, &rooster());
        let snapshot = bench.wait("tags", |s| {
            s.model.as_ref().is_some_and(|m| m.name == "calibrated") && s.time_s > 1.0
        });
        assert_eq!(snapshot.on_levels, vec![level; snapshot.on.len()]);
        let some_on = snapshot.on.iter().any(|on| *on);
        assert_eq!(some_on, expected, "from {level} at {threshold}");
    }
}
