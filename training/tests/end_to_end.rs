//! A whole run through the program: data in either layout to a model that tags, results, pictures.

mod common;

use std::path::Path;
use std::sync::Arc;

use common::{failed, json, program, sound, succeeded, text, train};
use hamiltone_engine::model::{Model, ModelFile};
use hamiltone_engine::tagging::ClipClassifier;

/// A whole picture that shows something, with these words in it. Returns all it says.
fn check_picture(path: &Path, words: &[&str]) -> String {
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
    said
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
    assert_eq!(folds.len(), 2, "each counts once, however often named");
    for (fold, number) in folds.iter().zip(1..) {
        assert_eq!(fold["fold"], number);
        assert_eq!(fold["test_clips"], 6);
        assert!(fold["validation_clips"].as_u64().unwrap() >= 2);
        let best = fold["best_epoch"].as_u64().unwrap() as usize;
        let epochs = fold["epochs"].as_array().unwrap();
        let loss = |epoch: usize| epochs[epoch - 1]["validation_loss"].as_f64().unwrap();
        assert_eq!(epochs.len(), 10);
        assert!((1..=10).all(|epoch| loss(best) <= loss(epoch)));
        assert!(epochs[9]["validation_mean_recall"].as_f64().unwrap() > 0.4);
        let of_fold = out.join(format!("fold{number}"));
        let answers = check_model(&of_fold.join("model.safetensors"), name);
        assert_eq!(answers, ["side drum", "flute"]);
        let words = [name, "accuracy, %", &format!("kept: epoch {best}")];
        check_picture(&of_fold.join("curves.svg"), &words);
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
    // What was tested: two folds of six clips, not the 30 of the set.
    let protocol = &card.accuracy[0].protocol;
    assert!(protocol.contains("2 folds of files"), "{protocol}");
    assert!(protocol.contains("(12 clips"), "{protocol}");
    assert!(card.accuracy[0].spread.is_some());
    assert!(card.accuracy.iter().any(|a| a.protocol.contains("fold 1")));
    assert!(failed(&ship("9", "mine")).contains("fold9"));
    // Half trained, it has a model and no figures.
    std::fs::create_dir(out.join("fold3")).unwrap();
    let half_trained = out.join("fold3/model.safetensors");
    std::fs::copy(out.join("fold1/model.safetensors"), half_trained).unwrap();
    assert!(failed(&ship("3", "mine")).contains("has not been tested"));
    assert!(failed(&ship("1", "../mine")).contains("not a file name"));
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
    // One fold has no deviation, and its own line says it all but the recall.
    let mut command = program();
    command.args(["ship", "--fold", "5", "--name", "one", "--models"]);
    command.arg(folder.path()).arg("--run").arg(&out);
    succeeded(&command.output().unwrap());
    let card = ModelFile::read(&folder.path().join("one.safetensors")).unwrap();
    let [accuracy, recall] = &card.card.accuracy[..] else {
        panic!("{:?}", card.card.accuracy)
    };
    assert!(accuracy.measure == "accuracy" && accuracy.protocol.contains("(6 clips"));
    assert!(recall.measure == "mean recall" && recall.spread.is_none());
    assert!(recall.protocol.contains("one fold of recordings"));
}

/// Without validation clips the last epoch is kept, and nothing is drawn of what was not measured.
#[test]
fn a_training_without_validation_clips() {
    let trial = common::Trial::new();
    let more = ["--epochs", "3", "--set", "validation_share = 0.0"];
    let run = trial.run("run", &more);
    succeeded(&run);
    let progress = text(&run.stderr);
    assert!(progress.contains("epoch 3 of 3") && !progress.contains("validation"));
    let fold = &json(&trial.path("run/results.json"))["folds"][0];
    assert_eq!(fold["validation_clips"], 0);
    assert_eq!(
        fold["epochs"][0]["validation_mean_recall"],
        serde_json::Value::Null
    );
    let picture = trial.path("run/fold1/curves.svg");
    let said = check_picture(&picture, &["kept: epoch 3", "training"]);
    assert!(
        !said.contains("accuracy") && !said.contains("validation"),
        "{said}"
    );
    redraw_gives_the_same(&trial.path("run"));
}

/// A model for one label at a time learns how sure it may be from clips that its network has not learned from.
#[test]
fn a_model_says_when_no_label_is_clear() {
    let folder = tempfile::tempdir().unwrap();
    let (data, out) = (folder.path().join("sounds"), folder.path().join("out"));
    for seed in 0..110 {
        for (label, is_tone) in [("tone", true), ("noise", false)] {
            let path = data.join(label).join(format!("{seed}.wav"));
            common::write_wav(&path, &sound(is_tone, seed));
        }
    }
    succeeded(
        &train(&data, "folders", &out, &["--folds", "1"])
            .output()
            .unwrap(),
    );
    let path = out.join("fold1/model.safetensors");
    let trained = common::model(&path);
    let calibration = trained.card.calibration.clone().unwrap();
    assert!(
        calibration.protocol.contains("(folders, fold 1)"),
        "{calibration:?}"
    );
    assert_eq!((calibration.scale.len(), calibration.on.len()), (1, 2));
    let clips = json(&out.join("results.json"))["folds"][0]["test_clips"].as_u64();
    assert_eq!(Some(calibration.clips), clips);
    // The command finds the same for a model that has none.
    let mut bare = ModelFile::read(&path).unwrap();
    bare.card.calibration = None;
    bare.write(&path).unwrap();
    let calibrate = |model: &Path, data: &Path, task: &str| {
        let mut command = program();
        command.args(["calibrate", "--fold", "1", "--task", task, "--quiet"]);
        command.arg("--model").arg(model).arg("--data").arg(data);
        command.output().unwrap()
    };
    succeeded(&calibrate(&path, &data, "folders"));
    assert_eq!(common::model(&path).card.calibration, Some(calibration));
    // With other labels, or too few clips, it says so and leaves the file as it is.
    let few = folder.path().join("few");
    common::write_official_layout(&few);
    let before = std::fs::read(&path).unwrap();
    let message = failed(&calibrate(&path, &few, "esc10"));
    assert!(
        message.contains("no model for one of the labels of esc10"),
        "{message}"
    );
    let small = folder.path().join("small");
    succeeded(
        &train(&few, "esc10", &small, &["--folds", "1"])
            .output()
            .unwrap(),
    );
    let small = small.join("fold1/model.safetensors");
    assert_eq!(common::model(&small).card.calibration, None, "of six clips");
    let message = failed(&calibrate(&small, &few, "esc10"));
    assert!(message.contains("6 clips are too few"), "{message}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}
