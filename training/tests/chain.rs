//! One network after the other: trained, pruned, distilled into the pruned shape, and taken to
//! other labels.

mod common;

use std::path::Path;

use common::{Trial, failed, json, model, set, succeeded, train, write_metadata_layout};
use hamiltone_engine::model::ModelFile;
use hamiltone_training::audio_cache::AudioCache;
use hamiltone_training::dataset::{Dataset, Task, load_audio, split};
use hamiltone_training::evaluation::evaluate;
use hamiltone_training::recipe::Recipe;

const PRUNING: &str = "pruning = { score = \"l1\", plan = { uniform = { share = 0.5, blocks = 1 } }, \
                       multiple = 1 }";

#[test]
fn trained_pruned_distilled() {
    let trial = Trial::new();
    succeeded(&set(&trial, "whole", &["name = \"whole\""]));
    let start = format!(
        "start = {{ model = {:?} }}",
        trial.path("whole/fold{fold}/model.safetensors")
    );
    succeeded(&set(&trial, "pruned", &[&start, PRUNING]));
    let whole = model(&trial.path("whole/fold1/model.safetensors"));
    let pruned = model(&trial.path("pruned/fold1/model.safetensors"));
    let filters = |file: &ModelFile| -> Vec<usize> {
        let blocks = file.card.architecture.blocks.iter();
        blocks.flat_map(|block| block.filters.clone()).collect()
    };
    assert_eq!(filters(&whole), [2, 2, 4, 4]);
    assert_eq!(filters(&pruned), [2, 2, 2, 2]);
    assert_eq!(pruned.card.parent.as_deref(), Some("whole"));
    assert!(pruned.card.pruning.as_ref().unwrap().contains("l1: 50 %"));
    // The same sounds: nothing to add.
    assert_eq!(pruned.card.licence, whole.card.licence);
    assert_eq!(pruned.card.training_data, whole.card.training_data);
    assert!(pruned.card.parameters < whole.card.parameters);
    let results = json(&trial.path("pruned/results.json"));
    assert_eq!(results["parameters"], pruned.card.parameters);
    assert_eq!(
        results["folds"][0]["multiply_adds_per_second"],
        pruned.card.multiply_adds_per_second
    );

    let shape = format!(
        "shape_of = {:?}",
        trial.path("pruned/fold{fold}/model.safetensors")
    );
    let teacher = format!(
        "distillation = {{ teacher = {:?}, weight = 0.9 }}",
        trial.path("whole/fold{fold}/model.safetensors")
    );
    succeeded(&set(&trial, "distilled", &[&shape, &teacher]));
    succeeded(&set(&trial, "alone", &[&shape]));
    let [distilled, alone] = ["distilled", "alone"]
        .map(|out| model(&trial.path(&format!("{out}/fold1/model.safetensors"))));
    assert_eq!(distilled.card.architecture, pruned.card.architecture);
    assert_ne!(distilled.weights, alone.weights); // it did listen
    assert_eq!(distilled.card.pruning, None);

    // A model's own shape decides how short a crop may be.
    let message = failed(&set(&trial, "short", &[&start, "crop_s = [0.1, 0.1]"]));
    assert!(message.contains("crop_s begins at 0.1 s"), "{message}");
}

/// Separable blocks from a recipe: trained, pruned, distilled into the pruned shape.
#[test]
fn separable_blocks_go_the_same_way() {
    let trial = Trial::new();
    let trunk = "trunk = [{ filters = [2], pools = true }, { filters = [2, 4], pools = true, \
                 separable = { kernel_size = 5, expanded = [4, 8], residual = [true, false] } }]";
    succeeded(&set(&trial, "whole", &[trunk, "name = \"whole\""]));
    let path = trial.path("whole/fold{fold}/model.safetensors");
    let start = format!("start = {{ model = {path:?} }}");
    succeeded(&set(&trial, "pruned", &[&start, PRUNING]));
    let of_run = |out: &str| model(&trial.path(&format!("{out}/fold1/model.safetensors")));
    let (whole, pruned) = (of_run("whole"), of_run("pruned"));
    assert_eq!(whole.card.architecture.hidden, 4);
    let layers = |file: &ModelFile| -> Vec<usize> {
        let layers = file.card.architecture.layers();
        layers.iter().map(|layer| layer.outputs).collect()
    };
    assert_eq!(layers(&whole), [2, 4, 4, 2, 8, 8, 4]);
    // The first unit adds its input, so its outputs are tied to the block before, which is not pruned.
    assert_eq!(layers(&pruned), [2, 2, 2, 2, 4, 4, 2]);
    let shape = format!(
        "shape_of = {:?}",
        trial.path("pruned/fold{fold}/model.safetensors")
    );
    let teacher = format!("distillation = {{ teacher = {path:?} }}");
    succeeded(&set(&trial, "distilled", &[&shape, &teacher]));
    assert_eq!(
        of_run("distilled").card.architecture,
        pruned.card.architecture
    );

    let message = failed(&set(&trial, "both", &[trunk, &start]));
    assert!(
        message.contains("trunk is for a fresh network"),
        "{message}"
    );
    let sizes = trunk.replace("kernel_size = 5", "kernel_size = 4");
    let message = failed(&set(&trial, "wrong", &[&sizes]));
    assert!(
        message.contains("trunk: the kernel size of a separable block is 4"),
        "{message}"
    );
}

#[test]
fn a_frozen_trunk_stays_and_other_labels_get_a_head() {
    let trial = Trial::new();
    succeeded(&set(&trial, "whole", &[]));
    let other = tempfile::tempdir().unwrap();
    write_metadata_layout(other.path());
    let path = trial.path("whole/fold1/model.safetensors");
    let start = format!("start = {{ model = {path:?}, frozen = true }}");
    let out = other.path().join("run");
    let more = ["--folds", "1", "--set", &start];
    let run = train(other.path(), "instruments", &out, &more).output();
    succeeded(&run.unwrap());
    let (before, after) = (model(&path), model(&out.join("fold1/model.safetensors")));
    assert_eq!(after.card.labels, ["flute", "side drum"]);
    let licence = format!("CC0; its trunk: {}", before.card.licence);
    assert_eq!(after.card.licence, licence);
    let sounds = format!("; its trunk: {}", before.card.training_data);
    assert!(after.card.training_data.ends_with(&sounds));
    // Learned on as a whole, it still says so, once.
    let path_of_second = out.join("fold{fold}/model.safetensors");
    let start = format!("start = {{ model = {path_of_second:?} }}");
    let out = other.path().join("third");
    let more = ["--folds", "1", "--epochs", "1", "--set", &start];
    let run = train(other.path(), "instruments", &out, &more).output();
    succeeded(&run.unwrap());
    let third = model(&out.join("fold1/model.safetensors"));
    let licence = licence.replace("its trunk", "the model it began as");
    assert_eq!(third.card.licence, licence);
    for (name, weights) in &after.weights {
        let same = before.weights[name] == *weights;
        assert_eq!(same, !name.starts_with("head."), "{name}");
    }
    // What the hidden layer had learned is where it begins.
    let distance = |name: &str| {
        let pairs = before.weights[name].iter().zip(&after.weights[name]);
        let apart: f32 = pairs.map(|(a, b)| (a - b).powi(2)).sum();
        apart / before.weights[name].iter().map(|a| a * a).sum::<f32>()
    };
    let hidden = distance("head.hidden.kernel");
    assert!(hidden < 0.5, "{hidden}");
}

#[test]
fn what_cannot_follow_is_said() {
    let trial = Trial::new();
    let says = |settings: &[&str], words: &[&str]| {
        let message = failed(&set(&trial, "run", settings));
        for word in words {
            assert!(message.contains(word), "lacks {word:?}: {message}");
        }
    };
    says(&[PRUNING], &["start.model"]);
    let missing = "start = { model = \"nowhere/fold{fold}.safetensors\" }";
    says(&[missing], &["nowhere/fold1.safetensors", "recipe"]);
    says(&["gain = 3"], &["unknown field", "gain"]);
    says(&["augmentation.gain_db = \"loud\""], &["gain_db"]);
    says(&["no toml"], &["no toml", "setting"]);
    says(
        &["distillation = { teacher = \"a.onnx\" }"],
        &["map of its labels"],
    );
    std::fs::write(trial.path("map.csv"), "").unwrap();
    std::fs::write(trial.path("a.onnx"), "").unwrap();
    let [net, map] = ["a.onnx", "map.csv"].map(|name| trial.path(name));
    let onnx = format!("distillation = {{ teacher = {net:?}, map = {map:?} }}");
    let message = failed(&set(&trial, "onnx", &[&onnx]));
    assert!(message.contains("hamiltone-research train"), "{message}");
}

#[test]
fn the_recipes_of_the_repository_are_valid() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("recipes");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let text = std::fs::read_to_string(entry.path()).unwrap();
        let recipe = Recipe::from_settings(text.parse().unwrap()).unwrap();
        let name = entry.file_name().into_string().unwrap();
        let mut own = ["transfer-", "fine-tuned-"].iter();
        let own = own.find_map(|prefix| name.strip_prefix(prefix));
        assert_eq!(own.is_some(), recipe.start.is_some(), "{name}");
        assert!(
            own.unwrap_or(&name).starts_with(recipe.task.name()),
            "{name}"
        );
        count += 1;
    }
    assert!(count >= 15);
}

/// A head learns from what a frozen trunk made of clips once; what it is judged by is what the
/// whole network says.
#[test]
fn views_of_a_frozen_trunk_are_the_network_s_own() {
    let trial = Trial::new();
    succeeded(&set(&trial, "whole", &[]));
    let path = trial.path("whole/fold1/model.safetensors");
    let start = format!("start = {{ model = {path:?}, frozen = true, views = 3 }}");
    let settings = [&start, "name = \"views\"", "validation_share = 0.3"];
    succeeded(&set(&trial, "views", &settings));
    let (before, after) = (
        model(&path),
        model(&trial.path("views/fold1/model.safetensors")),
    );
    for (name, weights) in &after.weights {
        let same = before.weights[name] == *weights;
        assert_eq!(same, !name.starts_with("head."), "{name}");
    }
    let dataset = Dataset::open(&trial.data, Task::Esc10).unwrap();
    let validation = split(&dataset, 1, 0.3, 1).validation;
    let audio = load_audio(&dataset, &AudioCache::none(32_000), &|| ()).unwrap();
    let audio: Vec<Vec<f32>> = audio.into_iter().map(Result::unwrap).collect();
    let clips: Vec<(&[f32], &[usize])> = validation
        .iter()
        .map(|&clip| (&audio[clip][..], &dataset.clips[clip].labels[..]))
        .collect();
    let judged = evaluate(&after.card, &after.weights, &clips);
    let fold = &json(&trial.path("views/results.json"))["folds"][0];
    let best = &fold["epochs"][fold["best_epoch"].as_u64().unwrap() as usize - 1];
    let loss = best["validation_loss"].as_f64().unwrap();
    assert!((loss - judged.loss).abs() < 1e-4, "{loss} {judged:?}");
    // All folds with several seeds, in one go.
    let more = [
        "--folds",
        "1,2",
        "--seeds",
        "3,4",
        "--channels",
        "8",
        "--set",
        &start,
    ];
    succeeded(&trial.run("seeds", &more));
    let seeds = json(&trial.path("seeds/seeds.json"));
    assert_eq!(seeds["seeds"][1]["seed"], 4);
    assert_eq!(seeds["seeds"][1]["folds"], serde_json::json!([1, 2]));
    let of_seed = |place: usize| {
        let results = json(&trial.path(&format!("seeds/seed{}/results.json", place + 3)));
        results["accuracy"]["mean"].as_f64().unwrap()
    };
    let mean = seeds["accuracy"]["mean"].as_f64().unwrap();
    assert!((mean - (of_seed(0) + of_seed(1)) / 2.0).abs() < 1e-12);

    let whole = format!("start = {{ model = {path:?}, views = 3 }}");
    let message = failed(&set(&trial, "not frozen", &[&whole]));
    assert!(message.contains("frozen = true"), "{message}");
}

/// A linear head has one optimum: the same for every seed, and better than the head that was there.
#[test]
fn a_head_by_logistic_regression_is_the_best_linear_one() {
    let trial = Trial::new();
    succeeded(&set(&trial, "whole", &[]));
    let path = trial.path("whole/fold1/model.safetensors");
    let start =
        format!("start = {{ model = {path:?}, frozen = true, views = 1, head = 'logistic' }}");
    let fitted = |out: &str, seed: &str| {
        let settings = [&start, seed, "validation_share = 0.1"]; // as it is without a word
        succeeded(&set(&trial, out, &settings));
        model(&trial.path(out).join("fold1/model.safetensors"))
    };
    let [one, two] = [fitted("one", "seed = 1"), fitted("two", "seed = 2")];
    let before = model(&path);
    for (name, weights) in &one.weights {
        assert_eq!(*weights, two.weights[name], "{name}");
        if !name.starts_with("head.") {
            assert_eq!(*weights, before.weights[name], "{name}");
        }
    }
    let teacher = format!("distillation = {{ teacher = {path:?}, temperature = 0.5 }}");
    let taught = fitted("taught", &teacher);
    assert_ne!(taught.weights, one.weights);
    assert_eq!(one.card.architecture.hidden, 0);
    let told_more = fitted("more", "temporal_pooling = 'statistics'");
    let [usual, more] = [&one, &told_more].map(|model| model.card.architecture.features());
    let labels = one.card.labels.len();
    assert_eq!(one.weights["head.output.weight"].len(), labels * usual);
    assert_eq!(told_more.weights["head.output.weight"].len(), labels * more);
    assert!(more > 3 * usual, "{more} {usual}");
    let trained = json(&trial.path("whole/results.json"));
    let linear = json(&trial.path("one/results.json"));
    let fold = &linear["folds"][0];
    assert_eq!(fold["validation_clips"], 0, "all clips teach");
    assert_eq!(fold["training_clips"], 24);
    let epoch = &fold["epochs"][0];
    assert!(epoch["validation_accuracy"].as_f64().unwrap() > 0.5); // of parts held out
    let lost = |which: &str| epoch[which].as_f64().unwrap();
    assert!(lost("training_loss") < lost("validation_loss"), "{epoch}");
    let loss = |results: &serde_json::Value| results["folds"][0]["test"]["loss"].as_f64().unwrap();
    assert!(
        loss(&linear) < loss(&trained),
        "{} {}",
        loss(&linear),
        loss(&trained)
    );

    let untold = format!("start = {{ model = {path:?}, frozen = true, head = 'logistic' }}");
    let message = failed(&set(&trial, "no views", &[&untold]));
    assert!(message.contains("start.views"), "{message}");
}

/// The trunk of a shipped tagger has channels that only silence excites; clips are tested with silence around them.
#[test]
fn a_head_on_a_shipped_tagger_knows_clips_that_it_has_not_learned() {
    let trial = Trial::new();
    let tagger = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/general.safetensors");
    let start =
        format!("start = {{ model = {tagger:?}, frozen = true, views = 3, head = 'logistic' }}");
    let settings = [
        &*start,
        "temporal_pooling = 'statistics'",
        "crop_s = [0.4, 0.6]",
        "augmentation = { mixup_share = 0.0, speed = 0.0, gain_db = 0.0, noise_share = 0.0, mask_mels = 0, mask_frames = 0 }",
    ];
    succeeded(&set(&trial, "transfer", &settings));
    let results = json(&trial.path("transfer/results.json"));
    let accuracy = results["folds"][0]["test"]["accuracy"].as_f64().unwrap();
    assert!(accuracy > 0.9, "{accuracy}");
}
