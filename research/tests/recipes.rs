//! Runs that learn from a teacher in ONNX.

#[path = "../../training/tests/common/mod.rs"]
mod common;

use std::path::Path;

use common::{Trial, failed, model, set, succeeded};
use hamiltone_training::recipe::Recipe;

#[test]
fn the_recipes_are_valid() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("recipes");
    let mut maps = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let text = std::fs::read_to_string(entry.path()).unwrap();
        let recipe = Recipe::from_settings(text.parse().unwrap()).unwrap();
        maps.extend(recipe.distillation.unwrap().map);
    }
    assert_eq!(maps, ["urbansound8k_to_audioset.csv"]);
}

#[test]
fn a_teacher_with_its_own_front_end_is_learned_from() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let net = shared.join("teachers/mn04_audioset527.onnx");
    if !net.is_file() {
        hamiltone_test_support::skip(net.display());
        return;
    }
    let trial = Trial::new();
    let map = trial.path("map.csv");
    let distillation =
        |map: &Path| format!("distillation = {{ teacher = {net:?}, map = {map:?}, weight = 1.0 }}");
    std::fs::write(&map, "class,audioset527_index\ndog,74\ndog,75\n").unwrap();
    let message = failed(&set(&trial, "run", &[&distillation(&map)]));
    assert!(
        message.contains("rain") && message.contains("map.csv"),
        "{message}"
    );
    std::fs::write(&map, "class,audioset527_index\ndog,74\ndog,75\nrain,289\n").unwrap();
    succeeded(&set(&trial, "run", &[&distillation(&map)]));
    succeeded(&set(&trial, "alone", &[]));
    let [taught, alone] =
        ["run", "alone"].map(|out| model(&trial.path(out).join("fold1/model.safetensors")));
    assert_ne!(taught.weights, alone.weights);
    let named = format!(
        "{}; its teacher: EfficientAT mn04 (MIT)",
        alone.card.training_data
    );
    assert_eq!(taught.card.training_data, named);
    assert_eq!(taught.card.licence, alone.card.licence);
}
