//! Short runs end with the weights that they ended with on 2026-11-30, before the trainer was shared with research
//! (commit 886c24c): a change of structure changes no result. `common/golden.rs` says how the values were made.

mod common;

use std::path::Path;

use common::golden::{Summary, check, command, summary};
use common::{Trial, succeeded};

/// One after the other: fresh weights (two folds), a pruned student of the first, a head by epochs and one by logistic
/// regression on the first's trunk.
fn runs(trial: &Trial) -> Vec<(&'static str, Vec<String>)> {
    let first = trial.path("fresh/fold1/model.safetensors");
    let on = |table: &str| format!("start = {{ model = {first:?}{table} }}");
    let set = |settings: &[String]| {
        let no_silence = "augmentation.late_beginnings = 0.0".to_owned(); // as then
        let settings = settings.iter().chain([&no_silence]);
        settings
            .flat_map(|s| ["--set".to_owned(), s.clone()])
            .collect()
    };
    let pruning = "pruning = { score = \"l1\", plan = { uniform = { share = 0.5, blocks = 1 } }, multiple = 1 }";
    vec![
        (
            "fresh",
            [set(&[]), ["--folds", "1,2"].map(str::to_owned).to_vec()].concat(),
        ),
        (
            "student",
            set(&[
                on(""),
                pruning.to_owned(),
                format!("distillation = {{ teacher = {first:?} }}"),
            ]),
        ),
        ("views", set(&[on(", frozen = true, views = 2")])),
        (
            "logistic",
            set(&[
                on(", frozen = true, views = 2, head = \"logistic\""),
                "augmentation.mixup_share = 0.0".to_owned(),
                "label_smoothing = 0.0".to_owned(),
                "temporal_pooling = \"statistics\"".to_owned(),
            ]),
        ),
    ]
}

#[test]
fn short_runs_end_with_the_same_weights_as_before() {
    let trial = Trial::new();
    let mut found = Summary::new();
    for (name, settings) in runs(&trial) {
        let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
        let own = trial.command(name, &settings);
        succeeded(&command(&own).output().unwrap());
        for fold in 1..=2 {
            let model = trial.path(&format!("{name}/fold{fold}/model.safetensors"));
            if model.is_file() {
                found.insert(format!("{name}, fold {fold}"), summary(&model));
            }
        }
    }
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/same_weights.json");
    check(&golden, &found);
}
