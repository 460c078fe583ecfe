//! `hamiltone models`, and invalid model files.

mod common;

use common::{Workplace, tiny_model};
use hamiltone_engine::model::{Accuracy, OtherCorpus};

#[test]
fn a_table_of_100_columns_with_every_model() {
    let place = Workplace::new();
    let mut file = tiny_model();
    file.card.name = "a name that is longer than any name that a person would choose".to_owned();
    file.card.description = "Quaternion CNN for a description that does not fit: ".repeat(4);
    file.card.licence = "CC BY-SA 3.0 + Philharmonia terms (no sale as is)".to_owned();
    file.write(&place.path("models/long.safetensors")).unwrap();
    let ran = place.run(&["models"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let header = ran.stdout.lines().next().unwrap();
    assert_eq!(
        header.split_whitespace().collect::<Vec<_>>(),
        ["NAME", "LABELS", "COST", "LICENCE", "FOR"]
    );
    let folder = place.path("models");
    for line in ran.stdout.lines() {
        let fits = line.chars().count() <= 100 || line.ends_with(folder.to_str().unwrap());
        assert!(fits, "{line}");
    }
    let row = |name: &str| {
        let mut rows = ran.stdout.lines();
        rows.find(|line| line.starts_with(name)).unwrap().to_owned()
    };
    let tiny = row("tiny");
    for cell in ["4", "none stated", "in the card"] {
        let expected = cell != "none stated";
        assert_eq!(tiny.contains(cell), expected, "{tiny}");
    }
    assert!(row("a name that").contains("special terms"));
    assert!(row("a name that").contains('…'));
    let half = row("general-half");
    for cell in ["527", "264 M", "share-alike", "AudioSet's 527 labels"] {
        assert!(half.contains(cell), "{half}");
    }
    assert!(
        ran.stdout.contains("Built in: general-half, "),
        "{}",
        ran.stdout
    );
}

#[test]
fn the_same_as_json() {
    let place = Workplace::new();
    let ran = place.run(&["models", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let list: Vec<serde_json::Value> = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(list[0]["source"], "built in");
    let tiny = list.iter().find(|model| model["name"] == "tiny").unwrap();
    assert_eq!(tiny["labels"].as_array().unwrap().len(), 4);
    assert_eq!(tiny["hash"].as_str().unwrap().len(), 64);
    assert!(tiny["parameters"].as_u64().unwrap() > 0);
}

#[test]
fn a_bad_file_in_the_folder_is_listed_with_its_reason() {
    let place = Workplace::new();
    place.file("models/broken.safetensors", b"not a model");
    let table = place.run(&["models"]);
    assert_eq!(table.code, 0, "{table:?}");
    let line = table
        .stdout
        .lines()
        .find(|line| line.starts_with("unusable"))
        .unwrap();
    assert!(line.contains("broken.safetensors"), "{line}");
    let ran = place.run(&["models", "--json"]);
    let list: Vec<serde_json::Value> = serde_json::from_str(&ran.stdout).unwrap();
    let broken = list.iter().find(|model| model["name"] == "broken").unwrap();
    assert!(broken["error"].as_str().unwrap().contains("safetensors"));
}

#[test]
fn a_model_is_found_by_name_by_path_and_by_the_name_of_a_file() {
    let place = Workplace::new();
    place.wav("a.wav", 44_100, 1.0);
    std::fs::copy(
        place.path("models/tiny.safetensors"),
        place.path("elsewhere"),
    )
    .unwrap();
    let answers = ["tiny", "models/tiny.safetensors", "elsewhere"].map(|model| {
        let ran = place.run(&["classify", "a.wav", "--json", "--model", model]);
        assert_eq!(ran.code, 0, "{model}: {ran:?}");
        ran.stdout
    });
    assert!(answers.iter().all(|answer| *answer == answers[0]));
}

#[test]
fn invalid_model_files_are_clear_errors() {
    let place = Workplace::new();
    place.wav("a.wav", 44_100, 0.5);
    let good = tiny_model().to_bytes().unwrap();
    let mut giant_header = good.clone();
    giant_header[..8].copy_from_slice(&(1u64 << 60).to_le_bytes());
    let mut flipped = good.clone();
    let exponent = flipped.len() - 5;
    flipped[exponent] ^= 0x40; // a 1 becomes huge, yet finite: only the probe can tell
    place.file("empty.safetensors", b"");
    place.file(
        "text.safetensors",
        &b"It was a bright cold day. ".repeat(100),
    );
    place.file("cut.safetensors", &good[..good.len() / 2]);
    place.file("giant.safetensors", &giant_header);
    place.file("flipped.safetensors", &flipped);
    std::fs::create_dir(place.path("folder.safetensors")).unwrap();
    for name in [
        "empty", "text", "cut", "giant", "flipped", "folder", "missing",
    ] {
        let file = format!("{name}.safetensors");
        for command in ["classify", "analyze"] {
            let ran = place.run(&[command, "a.wav", "--model", &file]);
            assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{ran:?}");
            assert!(
                ran.stderr.starts_with("hamiltone: error: model "),
                "{}",
                ran.stderr
            );
            assert!(
                ran.stderr.contains(&file) && ran.stderr.lines().count() == 1,
                "{}",
                ran.stderr
            );
        }
    }
    place.file("models/owl.safetensors", &good[..100]);
    let damaged = place.run(&["classify", "a.wav", "--model", "owl"]);
    assert_eq!(damaged.code, 1);
    assert!(
        damaged.stderr.contains("model owl: not a complete"),
        "not called missing: {}",
        damaged.stderr
    );
    let unknown = place.run(&["classify", "a.wav", "--model", "nightingale"]);
    assert_eq!(unknown.code, 2, "a wrong argument");
    assert!(unknown.stderr.contains("nightingale"), "{}", unknown.stderr);
    assert!(
        unknown.stderr.contains("tiny"),
        "lists the models: {}",
        unknown.stderr
    );
}

#[test]
fn models_are_added_to_the_folder_and_never_over_another() {
    let place = Workplace::new();
    std::fs::rename(
        place.path("models/tiny.safetensors"),
        place.path("tiny.safetensors"),
    )
    .unwrap();
    let add = |more: &[&str]| place.run(&[&["models", "--add", "tiny.safetensors"], more].concat());
    let ran = add(&[]);
    assert_eq!(
        (ran.code, ran.stdout.trim_end()),
        (0, "tiny.safetensors: added"),
        "{ran:?}"
    );
    assert!(place.run(&["inspect", "tiny"]).stdout.contains("tiny"));
    assert!(add(&[]).stdout.contains("was added already"));
    let other = common::tiny_model_of(&["one", "two"]).to_bytes().unwrap();
    place.file("tiny.safetensors", &other);
    let ran = add(&[]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("--replace"), "{}", ran.stderr);
    let kept = std::fs::read(place.path("models/tiny.safetensors")).unwrap();
    assert_ne!(kept, other);
    assert!(add(&["--replace"]).stdout.contains("replaced"));
    let kept = std::fs::read(place.path("models/tiny.safetensors")).unwrap();
    assert_eq!(kept, other);
    place.file("none.safetensors", b"no model");
    let ran = place.run(&["models", "--add", "none.safetensors", "tiny.safetensors"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(
        ran.stdout.contains("was added already"),
        "the good one is still taken"
    );
}

#[test]
fn every_accuracy_states_its_scope() {
    let place = Workplace::new();
    let mut file = tiny_model();
    let figure = |measure: &str, other_corpora| Accuracy {
        measure: measure.to_owned(),
        value: 0.708,
        spread: None,
        protocol: "five folds of actors".to_owned(),
        other_corpora,
    };
    let elsewhere = OtherCorpus {
        corpus: "Elsewhere".to_owned(),
        clips: 480,
        recall: 0.22,
        protocol: "made for a test".to_owned(),
    };
    file.card.accuracy = vec![
        figure("accuracy", Vec::new()),
        figure("mean recall", vec![elsewhere]),
    ];
    file.write(&place.path("models/tiny.safetensors")).unwrap();
    let ran = place.run(&["inspect", "tiny"]);
    for words in [
        "other corpora: not measured",
        "other corpora: Elsewhere: recall 22.0 %, n 480",
    ] {
        assert!(ran.stdout.contains(words), "{}", ran.stdout);
    }
}
