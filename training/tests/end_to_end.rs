//! A whole run through the program: data in either layout to a model that tags, results, pictures.

mod common;

use std::path::Path;
use std::sync::Arc;

use common::{failed, json, program, sound, succeeded, text, train};
use hamiltone_engine::model::{Model, ModelFile};
use hamiltone_engine::tagging::ClipClassifier;

/// A whole picture that shows something, with these words in it.
fn check_picture(path: &Path, words: &[&str]) {
    let svg = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let picture = roxmltree::Document::parse(&svg).unwrap();
    let count = |tag: &str| {
        let of_tag = |node: &roxmltree::Node<'_, '_>| node.has_tag_name(tag);
        picture.descendants().filter(of_tag).count()
    };
    assert_eq!(picture.root_element().tag_name().name(), "svg");
    assert!(count("rect") + count("polyline") + count("circle") > 5);
    let said: String = picture
        .descendants()
        .filter(|node| node.is_text())
        .filter_map(|node| node.text())
        .collect();
    for word in words {
        assert!(
            said.contains(word),
            "{} lacks {word}: {said}",
            path.display()
        );
    }
}

/// The engine takes the model and tags sounds that it did not learn from. Returns its labels for
/// noise and for a tone.
fn check_model(path: &Path, name: &str) -> [String; 2] {
    let model = Arc::new(Model::read(path).unwrap());
    assert_eq!(model.card().name, name);
    assert_eq!(model.card().labels.len(), 2);
    assert_eq!(model.card().accuracy.len(), 1);
    assert!(!model.card().licence.is_empty());
    [false, true].map(|is_tone| {
        let mut clip = ClipClassifier::new(model.clone(), 16_000).unwrap();
        clip.push(&sound(is_tone, 777));
        let probabilities = clip.finish();
        assert!((probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-4);
        let best = usize::from(probabilities[1] > probabilities[0]);
        model.card().labels[best].clone()
    })
}

#[test]
fn a_folder_of_sets_with_metadata_csv() {
    let folder = tempfile::tempdir().unwrap();
    common::write_metadata_layout(folder.path());
    let out = folder.path().join("deep/run");
    let name = "a < b & \"c\"";
    let mut more = vec!["--folds", "2,1,2", "--epochs", "10", "--name", name];
    more.extend(["--batch", "4", "--learning-rate", "0.02"]); // enough to learn tones from noise
    more.extend(["--channels", "8", "--blocks", "3"]);
    let run = train(folder.path(), "instruments", &out, &more)
        .output()
        .unwrap();
    let said = succeeded(&run);
    assert!(said.contains("over 2 folds, 12 clips"), "{said}");
    let progress = text(&run.stderr);
    for shown in [
        "epoch 1 of 10",
        "epoch 10 of 10",
        "fold 1: accuracy",
        "fold 2: accuracy",
    ] {
        assert!(progress.contains(shown), "{progress}");
    }
    let results = json(&out.join("results.json"));
    assert_eq!(results["recipe"]["task"], "instruments");
    assert_eq!(results["labels"], serde_json::json!(["flute", "side_drum"]));
    assert_eq!(results["clips"], 30);
    assert!(results["parameters"].as_u64().unwrap() > 100);
    assert!(
        results["accuracy"]["mean"].as_f64().unwrap() > 0.8,
        "{results}"
    );
    assert!(results["mean_recall"]["deviation"].is_f64());
    let folds = results["folds"].as_array().unwrap();
    assert_eq!(
        folds.len(),
        2,
        "a fold counts once, however often it is named"
    );
    for (fold, number) in folds.iter().zip(1..) {
        assert_eq!(fold["fold"], number);
        assert_eq!(fold["test_clips"], 6);
        assert!(fold["validation_clips"].as_u64().unwrap() >= 2);
        let best = fold["best_epoch"].as_u64().unwrap() as usize;
        let epochs = fold["epochs"].as_array().unwrap();
        let loss = |epoch: usize| epochs[epoch - 1]["validation_loss"].as_f64().unwrap();
        assert_eq!(epochs.len(), 10);
        assert!((1..=10).all(|epoch| loss(best) <= loss(epoch)));
        let of_fold = out.join(format!("fold{number}"));
        let answers = check_model(&of_fold.join("model.safetensors"), name);
        assert_eq!(answers, ["side drum", "flute"]);
        check_picture(&of_fold.join("curves.svg"), &[name, "epoch", "validation"]);
        check_picture(
            &of_fold.join("confusion.svg"),
            &["side drum", "true label", "answer"],
        );
    }
    check_picture(&out.join("confusion.svg"), &["flute", "over 2 folds"]);
    redraw_gives_the_same(&out);
    shipping_puts_the_means_on_the_card(&out);
}

/// `ship` takes one fold's network under another name, with what all folds measured.
fn shipping_puts_the_means_on_the_card(out: &Path) {
    let models = out.join("shipped");
    std::fs::create_dir(&models).unwrap();
    let ship = |fold: &str, name: &str| {
        let mut command = program();
        command.args(["ship", "--fold", fold, "--name", name]);
        command.arg("--run").arg(out).arg("--models").arg(&models);
        command.output().unwrap()
    };
    succeeded(&ship("1", "mine"));
    let card = ModelFile::read(&models.join("mine.safetensors"))
        .unwrap()
        .card;
    let results = json(&out.join("results.json"));
    assert_eq!(card.name, "mine");
    assert_eq!(
        Some(card.accuracy[0].value),
        results["accuracy"]["mean"].as_f64()
    );
    assert!(
        card.accuracy[0].protocol.contains("2 folds"),
        "{:?}",
        card.accuracy
    );
    assert!(card.accuracy.iter().any(|a| a.protocol.contains("fold 1")));
    assert!(failed(&ship("9", "mine")).contains("fold9"));
    assert!(failed(&ship("1", "../mine")).contains("no name"));
}

/// `draw` makes the pictures of a run from its results alone.
fn redraw_gives_the_same(out: &Path) {
    let pictures = out.join("again");
    let results = out.join("results.json");
    let draw = |results: &Path| {
        let mut command = program();
        command.arg("draw").arg("--results").arg(results);
        command.arg("--out").arg(&pictures).output().unwrap()
    };
    succeeded(&draw(&results));
    for (drawn, before) in [
        ("curves-fold1.svg", "fold1/curves.svg"),
        ("confusion.svg", "confusion.svg"),
    ] {
        let read = |path: std::path::PathBuf| std::fs::read_to_string(path).unwrap();
        assert!(
            read(pictures.join(drawn)) == read(out.join(before)),
            "{drawn}"
        );
    }
    assert!(failed(&draw(&out.join("recipe.json"))).contains("holds no results"));
}

#[test]
fn the_official_layout_of_esc50() {
    let folder = tempfile::tempdir().unwrap();
    common::write_official_layout(folder.path());
    let out = folder.path().join("run");
    let more = ["--folds", "5", "--json", "--quiet"];
    let run = train(folder.path(), "esc10", &out, &more).output().unwrap();
    let printed: serde_json::Value = serde_json::from_str(&succeeded(&run)).unwrap();
    assert_eq!(printed, json(&out.join("results.json")));
    assert_eq!(text(&run.stderr), "", "--quiet is quiet");
    assert_eq!(
        printed["labels"],
        serde_json::json!(["dog", "rain"]),
        "cows are not in ESC-10"
    );
    assert_eq!(printed["folds"][0]["test_clips"], 6);
    check_model(&out.join("fold5/model.safetensors"), "esc10");
    check_picture(&out.join("fold5/curves.svg"), &["esc10, fold 5"]);
}
