//! Short runs end with the weights that they ended with on 2026-11-30, before the trainer was shared with research
//! (commit 886c24c): a change of structure changes no result.
//!
//! `HAMILTONE_GOLDEN_PROGRAM=PATH cargo test … --test golden` writes the golden values anew, from the runs of that
//! `hamiltone-training`. They hold to a tolerance only, since sums are in another order on other processors.

mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{Trial, program, succeeded};
use hamiltone_engine::model::ModelFile;

/// Relative to the norm of a tensor. On one machine other instruction sets and other numbers of threads gave at most
/// 2e-4.
const TOLERANCE: f64 = 2e-3;

/// By run and tensor: its norm, and its projections on two fixed vectors.
type Summary = BTreeMap<String, BTreeMap<String, [f64; 3]>>;

fn summary(model: &Path) -> BTreeMap<String, [f64; 3]> {
    let weights = ModelFile::read(model).unwrap().weights;
    let of_tensor = |values: &Vec<f32>| {
        let project = |step: f64| {
            let terms = values.iter().enumerate();
            terms
                .map(|(i, v)| f64::from(*v) * (step * i as f64).cos())
                .sum()
        };
        let squares: f64 = values.iter().map(|v| f64::from(*v).powi(2)).sum();
        [squares.sqrt(), project(0.0), project(1.0)]
    };
    let tensors = weights.iter();
    tensors
        .map(|(name, values)| (name.clone(), of_tensor(values)))
        .collect()
}

/// One after the other: fresh weights (two folds), a pruned student of the first, a head by epochs and one by logistic
/// regression on the first's trunk.
fn runs(trial: &Trial) -> Vec<(&'static str, Vec<String>)> {
    let first = trial.path("fresh/fold1/model.safetensors");
    let on = |table: &str| format!("start = {{ model = {first:?}{table} }}");
    let set = |settings: &[String]| {
        let settings = settings.iter();
        settings
            .flat_map(|s| ["--set".to_owned(), s.clone()])
            .collect()
    };
    let pruning = "pruning = { score = \"l1\", plan = { uniform = { share = 0.5, blocks = 1 } }, multiple = 1 }";
    vec![
        ("fresh", ["--folds", "1,2"].map(str::to_owned).to_vec()),
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
                "label_smoothing = 0.0".to_owned(),
                "temporal_pooling = \"statistics\"".to_owned(),
            ]),
        ),
    ]
}

#[test]
fn short_runs_end_with_the_same_weights_as_before() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/runs.json");
    let other = std::env::var_os("HAMILTONE_GOLDEN_PROGRAM").map(PathBuf::from);
    let trial = Trial::new();
    let mut found = Summary::new();
    for (name, settings) in runs(&trial) {
        let own = trial.command(
            name,
            &settings.iter().map(String::as_str).collect::<Vec<_>>(),
        );
        let mut command = Command::new(match &other {
            Some(path) => path.as_os_str(),
            None => own.get_program(),
        });
        command.args(own.get_args());
        command.envs(program().get_envs().filter_map(|(k, v)| Some((k, v?))));
        succeeded(&command.output().unwrap());
        for fold in 1..=2 {
            let model = trial.path(&format!("{name}/fold{fold}/model.safetensors"));
            if model.is_file() {
                found.insert(format!("{name}, fold {fold}"), summary(&model));
            }
        }
    }
    if other.is_some() {
        std::fs::create_dir_all(golden.parent().unwrap()).unwrap();
        let text = serde_json::to_string_pretty(&found).unwrap();
        return std::fs::write(golden, text + "\n").unwrap();
    }
    let text = std::fs::read_to_string(golden).unwrap();
    let expected: Summary = serde_json::from_str(&text).unwrap();
    assert!(found.keys().eq(expected.keys()));
    let mut worst = (0.0, String::new());
    for (run, tensors) in &expected {
        assert!(tensors.keys().eq(found[run].keys()), "{run}");
        for (name, was) in tensors {
            let is = &found[run][name];
            let apart = was.iter().zip(is).map(|(a, b)| (a - b).abs());
            let apart = apart.fold(0.0, f64::max) / was[0].max(1e-3);
            if apart > worst.0 {
                worst = (apart, format!("{run}: {name} was {was:?} and is {is:?}"));
            }
        }
    }
    println!("largest deviation {:.1e}", worst.0);
    assert!(worst.0 < TOLERANCE, "{}", worst.1);
}
