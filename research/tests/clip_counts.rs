//! `clip-counts`: a recipe with more and more training clips.

#[path = "../../training/tests/common/mod.rs"]
mod common;

use common::Trial;
use hamiltone_research::clip_counts::{ClipCountsArguments, clip_counts};

#[test]
fn accuracy_is_reported_by_training_clips_of_each_label() {
    let trial = Trial::new();
    let recipe = trial.path("small.toml");
    let settings = "task = 'esc10'\nname = 'small'\nchannels = 8\nepochs = 1\nvalidation_share = 0.0\n\
                    crop_s = [0.5, 0.5]\n";
    std::fs::write(&recipe, settings).unwrap();
    let arguments = ClipCountsArguments {
        data: trial.data.clone(),
        cache: Some(trial.path("cache")),
        recipe: vec![recipe],
        clips: vec![2, 4, 50],
        seeds: vec![1, 2],
        out: trial.path("runs"),
        report: trial.path("report/clips.md"),
        quiet: true,
    };
    clip_counts(&arguments).unwrap();
    let report = std::fs::read_to_string(&arguments.report).unwrap();
    let head = "| recipe | labels | folds | 2 clips | 4 clips |\n";
    assert!(
        report.contains(head),
        "a label has 12 clips outside a fold: {report}"
    );
    let row = report.lines().last().unwrap();
    assert!(
        row.starts_with("| small | 2 | 5 | ") && row.contains(" ± "),
        "{row}"
    );
    assert!(arguments.report.with_extension("svg").is_file());
    for (clips, learned) in [(2, 4), (4, 8)] {
        let path = trial.path(&format!("runs/small/clips{clips}-seed2/results.json"));
        let results = common::json(&path);
        assert_eq!(results["folds"][4]["training_clips"], learned);
        assert_eq!(
            results["folds"][4]["test_clips"], 6,
            "the test keeps all of its clips"
        );
    }
    // A second call makes no run again.
    let model = trial.path("runs/small/clips2-seed1/fold1/model.safetensors");
    let made = || std::fs::metadata(&model).unwrap().modified().unwrap();
    let before = made();
    clip_counts(&arguments).unwrap();
    assert_eq!(made(), before);
    assert_eq!(std::fs::read_to_string(&arguments.report).unwrap(), report);
}
