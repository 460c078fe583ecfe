//! A run that is killed and started again ends as if nothing had been.

mod common;

use std::process::Stdio;
use std::time::{Duration, Instant};

use common::{Trial, failed, json, succeeded};
use serde_json::Value;

const EPOCHS: usize = 6;

/// Epochs in a run's checkpoint.
fn epochs_done(trial: &Trial, out: &str) -> usize {
    let path = trial.path(out).join("fold1/progress.json");
    let Ok(text) = std::fs::read_to_string(path) else {
        return 0;
    };
    let progress: Value = serde_json::from_str(&text).unwrap(); // whole, whenever one looks
    progress["epochs"].as_array().unwrap().len()
}

/// Starts the run and kills it as soon as `epochs` are done. Returns how many were.
fn kill_after(trial: &Trial, out: &str, epochs: usize, more: &[&str]) -> usize {
    let mut command = trial.command(out, more);
    let mut run = command.stderr(Stdio::null()).spawn().unwrap();
    let patience = Instant::now() + Duration::from_secs(120);
    while epochs_done(trial, out) < epochs {
        assert!(Instant::now() < patience && run.try_wait().unwrap().is_none());
        std::thread::sleep(Duration::from_millis(1));
    }
    run.kill().unwrap();
    run.wait().unwrap();
    epochs_done(trial, out)
}

/// The results without what the clock decides. Numbers that went through a file may differ in
/// their last bit.
fn without_clock(mut results: Value) -> Value {
    fn clean(value: &mut Value) {
        match value {
            Value::Object(map) => {
                map.remove("seconds");
                map.remove("cpu_seconds");
                map.values_mut().for_each(clean);
            }
            Value::Array(list) => list.iter_mut().for_each(clean),
            Value::Number(number) if number.is_f64() => {
                *value = format!("{:.12}", number.as_f64().unwrap()).into();
            }
            _ => {}
        }
    }
    clean(&mut results);
    results
}

#[test]
fn a_killed_run_goes_on_to_the_same_weights_and_results() {
    let trial = Trial::new();
    let epochs = EPOCHS.to_string();
    let more = ["--epochs", epochs.as_str()];
    succeeded(&trial.run("through", &more));
    let first = kill_after(&trial, "killed", 1, &more);
    let second = kill_after(&trial, "killed", first + 1, &more);
    assert!((1..EPOCHS).contains(&first) && (2..EPOCHS).contains(&second));
    succeeded(&trial.run("killed", &more));
    let read = |out: &str, name: &str| std::fs::read(trial.path(out).join(name)).unwrap();
    let model = "fold1/model.safetensors";
    assert!(
        read("through", model) == read("killed", model),
        "other weights"
    );
    let results = |out: &str| without_clock(json(&trial.path(out).join("results.json")));
    assert_eq!(results("through"), results("killed"));
    let seed = trial.run("other", &[more[0], more[1], "--seed", "2"]);
    succeeded(&seed);
    assert!(
        read("through", model) != read("other", model),
        "the seed does nothing"
    );
}

/// One process trains a fold at a time; one that was killed keeps nobody out.
#[test]
fn a_second_process_on_the_same_fold_is_refused() {
    let trial = Trial::new();
    let more = ["--epochs", "200"];
    let mut first = trial.command("run", &more);
    let mut first = first.stderr(Stdio::null()).spawn().unwrap();
    let patience = Instant::now() + Duration::from_secs(120);
    while epochs_done(&trial, "run") == 0 {
        assert!(Instant::now() < patience && first.try_wait().unwrap().is_none());
        std::thread::sleep(Duration::from_millis(1));
    }
    for restart in [false, true] {
        let more = [&more[..], if restart { &["--restart"] } else { &[] }].concat();
        let message = failed(&trial.run("run", &more));
        for words in ["another process is training in", "fold1", "--out"] {
            assert!(message.contains(words), "{message}");
        }
    }
    assert!(first.try_wait().unwrap().is_none(), "the first goes on");
    first.kill().unwrap();
    first.wait().unwrap();
    let done = epochs_done(&trial, "run");
    kill_after(&trial, "run", done + 1, &more);
}

/// As a fold that an earlier program began and did not finish.
fn begun_by_an_earlier_program(trial: &Trial, out: &str, seed: &str) -> std::process::Output {
    let more = ["--seed", seed];
    succeeded(&trial.run(out, &more));
    let path = trial.path(out).join("fold1/progress.json");
    let mut progress = json(&path);
    progress.as_object_mut().unwrap().remove("streams");
    progress["test"] = Value::Null;
    std::fs::write(&path, progress.to_string()).unwrap();
    trial.run(out, &more)
}

/// Every seed and fold has random numbers of its own since 2026-12; those of seed 1, the default, are as before.
#[test]
fn a_fold_that_was_begun_with_other_random_numbers_is_refused() {
    let trial = Trial::new();
    succeeded(&begun_by_an_earlier_program(&trial, "one", "1"));
    let message = failed(&begun_by_an_earlier_program(&trial, "two", "2"));
    for words in ["earlier version", "--seed 2", "--restart", "--out"] {
        assert!(message.contains(words), "{message}");
    }
}

/// Seed and fold were one number, their XOR: fold 2 of seed 1 began as fold 1 of seed 2.
#[test]
fn other_seeds_of_other_folds_begin_with_other_weights() {
    let trial = Trial::new();
    // Learning next to nothing, the weights are those that a run begins with.
    let still = ["--set", "optimisation.learning_rate=1e-12", "--epochs", "1"];
    let weights = |seed: &str, fold: &str| {
        let out = format!("{seed}-{fold}");
        let more = [&still[..], &["--seed", seed, "--folds", fold]].concat();
        succeeded(&trial.run(&out, &more));
        let model = trial.path(&format!("{out}/fold{fold}/model.safetensors"));
        let file = hamiltone_engine::model::ModelFile::read(&model).unwrap();
        file.weights["head.output.weight"].clone()
    };
    let apart = |a: &[f32], b: &[f32]| {
        let largest = a.iter().zip(b).map(|(a, b)| (a - b).abs());
        largest.fold(0.0, f32::max)
    };
    let [first, second] = [weights("1", "2"), weights("2", "1")];
    assert!(apart(&first, &second) > 0.01);
}

#[test]
fn a_finished_run_is_not_trained_again_and_its_folds_add_up() {
    let trial = Trial::new();
    succeeded(&trial.run("run", &[]));
    let checkpoint = trial.path("run/fold1/progress.json");
    let before = std::fs::read(&checkpoint).unwrap();
    let said = succeeded(&trial.run("run", &["--folds", "3"]));
    assert!(said.contains("over 2 folds"), "{said}");
    succeeded(&trial.run("run", &[]));
    assert_eq!(before, std::fs::read(&checkpoint).unwrap());
    let results = json(&trial.path("run/results.json"));
    let folds = results["folds"].as_array().unwrap().iter();
    assert_eq!(folds.map(|fold| &fold["fold"]).collect::<Vec<_>>(), [1, 3]);
}

#[test]
fn folds_of_two_processes_add_up() {
    let trial = Trial::new();
    let processes = ["1", "3"].map(|fold| {
        let mut command = trial.command("run", &["--folds", fold]);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        command.spawn().unwrap()
    });
    for process in processes {
        succeeded(&process.wait_with_output().unwrap());
    }
    let results = json(&trial.path("run/results.json"));
    let folds = results["folds"].as_array().unwrap().iter();
    assert_eq!(folds.map(|fold| &fold["fold"]).collect::<Vec<_>>(), [1, 3]);
}

/// Settings that are not those of the run in the folder are refused; `--restart` takes them, and
/// leaves nothing of the old run to go on from.
#[test]
fn a_restart_that_cannot_begin_removes_nothing() {
    let trial = Trial::new();
    succeeded(&trial.run("run", &[]));
    let model = trial.path("run/fold1/model.safetensors");
    let before = std::fs::read(&model).unwrap();
    let gone = format!("start.model = {:?}", trial.path("gone.safetensors"));
    let own = format!(
        "start.model = {:?}",
        trial.path("run/fold{fold}/model.safetensors")
    );
    let crops = format!("start.model = {model:?}");
    for (settings, named) in [
        (vec!["--set", &gone], "gone.safetensors"),
        (vec!["--set", &own], "choose another --out"),
        (
            vec!["--set", &crops, "--folds", "2"],
            "choose another --out",
        ),
    ] {
        let message = failed(&trial.run("run", &[&["--restart"], &settings[..]].concat()));
        assert!(message.contains(named), "{message}");
        assert!(message.contains("nothing was removed"), "{message}");
        assert_eq!(std::fs::read(&model).unwrap(), before);
    }
}

#[test]
fn a_fold_does_not_go_on_from_another_model_than_it_began_with() {
    let trial = Trial::new();
    for (out, seed) in [("one", "1"), ("two", "2")] {
        succeeded(&trial.run(out, &["--seed", seed]));
    }
    let start = trial.path("start.safetensors");
    let begin_as = |out: &str| {
        std::fs::copy(trial.path(out).join("fold1/model.safetensors"), &start).unwrap();
    };
    let setting = format!("start.model = {start:?}");
    let go_on = || trial.run("run", &["--set", &setting]);
    begin_as("one");
    succeeded(&go_on());
    // A card says other things of the same weights: that is no other model.
    let mut level = common::program();
    level.args(["level", "--model"]).arg(&start);
    succeeded(&level.output().unwrap());
    // As if it had been stopped before its test.
    let progress = trial.path("run/fold1/progress.json");
    let mut done = json(&progress);
    done["test"] = Value::Null;
    std::fs::write(&progress, done.to_string()).unwrap();
    succeeded(&go_on());
    std::fs::write(&progress, done.to_string()).unwrap();
    begin_as("two");
    let message = failed(&go_on());
    assert!(message.contains("began with other files"), "{message}");
    begin_as("one");
    succeeded(&go_on());
}

#[test]
fn other_settings_need_a_restart_that_forgets_every_fold() {
    let trial = Trial::new();
    succeeded(&trial.run("run", &["--folds", "1,2"]));
    let results = std::fs::read(trial.path("run/results.json")).unwrap();
    let message = failed(&trial.run("run", &["--seed", "5"]));
    assert!(
        message.contains("with other settings") && message.contains("--restart"),
        "{message}"
    );
    assert_eq!(
        results,
        std::fs::read(trial.path("run/results.json")).unwrap()
    );
    succeeded(&trial.run("run", &["--seed", "5", "--restart"]));
    assert_eq!(json(&trial.path("run/results.json"))["recipe"]["seed"], 5);
    let left = std::fs::read_dir(trial.path("run/fold2")).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["lock"]);
}
