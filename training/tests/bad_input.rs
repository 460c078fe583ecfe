//! Bad input ends in a message that says what to do, and leaves what was there.

mod common;

use std::path::{Path, PathBuf};
use std::process::Output;

use common::{
    Trial, failed, json, sound, succeeded, text, train, write_metadata_layout, write_wav,
};

fn says(output: &Output, words: &[&str]) {
    let message = failed(output);
    for word in words {
        assert!(message.contains(word), "lacks {word:?}: {message}");
    }
}

/// A data set of instruments, and a run on it.
struct Instruments {
    folder: tempfile::TempDir,
}

impl Instruments {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        write_metadata_layout(folder.path());
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("instruments").join(name)
    }

    /// Replaces part of the list.
    fn edit(&self, from: &str, to: &str) {
        let path = self.path("metadata.csv");
        let list = std::fs::read_to_string(&path).unwrap();
        assert!(list.contains(from));
        std::fs::write(path, list.replacen(from, to, 1)).unwrap();
    }

    fn run(&self, more: &[&str]) -> Output {
        let out = self.folder.path().join("run");
        let more = [&["--folds", "1"], more].concat();
        train(self.folder.path(), "instruments", &out, &more)
            .output()
            .unwrap()
    }
}

#[test]
fn data_that_is_not_there() {
    let trial = Trial::new();
    let nowhere = trial.path("nowhere");
    let run = |data: &Path, task: &str| {
        let mut command = train(data, task, &trial.path("run"), &[]);
        command.output().unwrap()
    };
    says(
        &run(&nowhere, "esc10"),
        &["there is no folder", "nowhere", "--data"],
    );
    says(
        &run(&trial.data, "gtzan"),
        &["no gtzan data", "metadata.csv"],
    );
    says(
        &run(&trial.data, "esc11"),
        &["esc11", "possible values", "esc10"],
    );
    says(
        &trial.run("run", &["--folds", "9"]),
        &["no fold 9", "1, 2, 3, 4, 5"],
    );
    assert!(!trial.path("run").exists(), "nothing was begun");
}

#[test]
fn lists_that_cannot_be_right() {
    let data = Instruments::new();
    data.edit("duration_s,license", "seconds,licence");
    says(
        &data.run(&[]),
        &["metadata.csv lacks the columns duration_s, license"],
    );
    let data = Instruments::new();
    data.edit("0.600", "long");
    says(
        &data.run(&[]),
        &["metadata.csv", "line: 2", "invalid float"],
    );
    let data = Instruments::new();
    data.edit("0.600", "-1");
    says(&data.run(&[]), &["side_drum_00.wav lasts -1 s"]);
    let trial = Trial::new();
    let list = trial.data.join("meta/esc50.csv");
    let text = std::fs::read_to_string(&list).unwrap();
    std::fs::write(
        &list,
        text.replacen("1-10-A-0.wav,1,", "1-10-A-0.wav,first,", 1),
    )
    .unwrap();
    says(&trial.run("run", &[]), &["1-10-A-0.wav", "no fold number"]);
    // The same recording in two folds makes a false score.
    std::fs::write(
        &list,
        text.replacen("1-10-A-0.wav,1,", "2-20-A-0.wav,1,", 1),
    )
    .unwrap();
    says(
        &trial.run("run", &[]),
        &["recording 20 stands in the folds", "false"],
    );
}

#[test]
fn audio_that_is_missing_or_broken() {
    let data = Instruments::new();
    let broken = [
        ("audio/flute/flute_03.wav", None),
        ("audio/flute/flute_04.wav", Some(&b"RIFF but no sound"[..])),
        ("audio/side_drum/side_drum_07.wav", Some(&b""[..])),
    ];
    for (name, contents) in broken {
        match contents {
            None => std::fs::remove_file(data.path(name)).unwrap(),
            Some(bytes) => std::fs::write(data.path(name), bytes).unwrap(),
        }
    }
    let all = [
        "3 of 30 clips cannot be read",
        "flute_03.wav",
        "no such file",
        "flute_04.wav",
        "side_drum_07.wav",
        "empty",
    ];
    says(&data.run(&["--strict"]), &all);
    let run = data.run(&[]);
    succeeded(&run);
    let warning = text(&run.stderr);
    assert!(all.iter().all(|words| warning.contains(words)), "{warning}");
    let results = json(&data.folder.path().join("run/results.json"));
    assert_eq!(
        (&results["clips"], &results["clips_left_out"]),
        (&27.into(), &3.into())
    );
    // Another clip that is missing now is another set of clips: the run that is there stays.
    std::fs::remove_file(data.path("audio/flute/flute_05.wav")).unwrap();
    says(
        &data.run(&[]),
        &["4 of 30 clips", "on other clips", "--restart"],
    );
}

#[test]
fn a_label_without_a_clip_that_can_be_read() {
    let data = Instruments::new();
    std::fs::remove_dir_all(data.path("audio/flute")).unwrap();
    let words = [
        "15 of 30 clips",
        "none of the label \"flute\" is left",
        "flute_14.wav",
    ];
    says(&data.run(&[]), &words);
}

#[test]
fn settings_that_cannot_be() {
    let trial = Trial::new();
    for (option, value, named) in [
        ("--epochs", "0", "--epochs"),
        ("--batch", "1", "--batch"),
        ("--channels", "0", "--channels"),
        ("--blocks", "0", "--blocks"),
        ("--blocks", "70", "--blocks"),
        ("--blocks", "8", "pooled away"),
        ("--learning-rate", "NaN", "--learning-rate"),
    ] {
        says(&trial.run("run", &[option, value]), &[named]);
    }
    // Each would end in a panic, or in a fold that says something else an hour later.
    for (setting, named) in [
        ("augmentation.gain_db = inf", "augmentation.gain_db"),
        ("augmentation.gain_db = -3.0", "augmentation.gain_db"),
        ("augmentation.speed = 1.0", "augmentation.speed"),
        ("augmentation.frequencies = nan", "augmentation.frequencies"),
        (
            "augmentation.noise_share = -0.1",
            "augmentation.noise_share",
        ),
        ("augmentation.mixup_share = 1.5", "augmentation.mixup_share"),
        (
            "augmentation.noise_below_db = [40, 10]",
            "the lower one first",
        ),
        ("augmentation.noise_below_db = [10, inf]", "noise_below_db"),
        (
            "augmentation.late_beginnings = 1.5",
            "augmentation.late_beginnings",
        ),
        ("augmentation.mask_mels = -1", "augmentation.mask_mels"),
        (
            "optimisation.weight_decay = -0.1",
            "optimisation.weight_decay",
        ),
        ("optimisation.warm_up = 1.0", "optimisation.warm_up"),
        (
            "optimisation.average_decay = 1.0",
            "optimisation.average_decay",
        ),
        ("optimisation.clip_norm = 0.0", "optimisation.clip_norm"),
        ("optimisation.clip_norm = nan", "optimisation.clip_norm"),
        (
            "crop_s = [0.1, 3.0]",
            "crop_s begins at 0.1 s, and this network needs at least 0.2 s",
        ),
        ("crop_s = [3.0, 1.0]", "crop_s"),
        ("validation_share = 1.0", "validation_share"),
        ("clips_per_label = 0", "clips_per_label must be 1 or more"),
        (
            "start = { model = \"a\", frozen = true, views = 3, head = \"logistic\" }",
            "augmentation.mixup_share",
        ),
        (
            "distillation = { teacher = \"a\", temperature = inf }",
            "temperature",
        ),
    ] {
        says(&trial.run("run", &["--set", setting]), &[named]);
    }
    assert!(!trial.path("run").exists(), "nothing was begun");
}

#[test]
fn folders_from_which_nothing_can_be_learned() {
    let folder = tempfile::tempdir().unwrap();
    let run = || {
        let out = folder.path().join("../run-on-bad-folders");
        let mut command = train(folder.path(), "folders", &out, &[]);
        command.output().unwrap()
    };
    let write = |name: &str, is_tone: bool| {
        write_wav(&folder.path().join(name), &sound(is_tone, 1));
    };
    let no_label = ["no folders data", "a folder for each label", "kick/1.wav"];
    says(&run(), &no_label);
    write("1.wav", true); // in no label's folder
    says(&run(), &no_label);
    for number in 0..4 {
        write(&format!("kick/wav/{number}.wav"), true);
    }
    let one_label = ["4 clips", "\"kick\"", "nothing to tell it from"];
    says(&run(), &one_label);
    write("snare/wav/1.wav", false);
    let one_group = ["all 5 clips", "\"wav\"", "a folder with a name of its own"];
    says(&run(), &one_group);
}

#[test]
fn a_list_with_one_fold() {
    let trial = Trial::new();
    let list = trial.data.join("meta/esc50.csv");
    let text = std::fs::read_to_string(&list).unwrap();
    let first = |line: &&str| line.starts_with("filename") || line.starts_with("1-");
    let lines: Vec<&str> = text.lines().filter(first).collect();
    std::fs::write(&list, lines.join("\n")).unwrap();
    says(
        &trial.run("run", &[]),
        &["6 groups (10, 10010, 10011, ...)", "two folds at least"],
    );
}

#[test]
fn a_folder_that_cannot_be_written() {
    let trial = Trial::new();
    std::fs::write(trial.path("file"), "mine").unwrap();
    says(
        &trial.run("file", &[]),
        &["cannot be the --out folder", "file"],
    );
    says(&trial.run("file/run", &[]), &["cannot be the --out folder"]);
    assert_eq!(std::fs::read(trial.path("file")).unwrap(), b"mine");
}

#[test]
fn checkpoints_that_are_damaged_or_of_another_network() {
    let trial = Trial::new();
    succeeded(&trial.run("run", &[]));
    succeeded(&trial.run("wide", &["--channels", "8"]));
    let progress = trial.path("run/fold1/progress.json");
    // As it was before the test: the run would go on from its checkpoint.
    let mut unfinished = json(&progress);
    unfinished["test"] = serde_json::Value::Null;
    let steps = unfinished["steps"].as_u64().unwrap();
    let name = format!("fold1/checkpoint-{steps}.safetensors");
    let checkpoint = trial.path("run").join(&name);
    let whole = std::fs::read(&checkpoint).unwrap();
    std::fs::write(&progress, unfinished.to_string()).unwrap();
    for damaged in [&whole[..whole.len() / 2], &whole[..5], &[]] {
        std::fs::write(&checkpoint, damaged).unwrap();
        says(&trial.run("run", &[]), &["is damaged", "--restart"]);
    }
    // With its hash; without it, it would be a damaged one.
    let hash = format!("fold1/checkpoint-{steps}.sha256");
    for file in [&name, &hash] {
        std::fs::copy(trial.path("wide").join(file), trial.path("run").join(file)).unwrap();
    }
    says(&trial.run("run", &[]), &["another network", "--restart"]);
    std::fs::remove_file(&checkpoint).unwrap();
    says(&trial.run("run", &[]), &["cannot be read", "--restart"]);
    std::fs::write(&progress, &unfinished.to_string()[..40]).unwrap();
    says(
        &trial.run("run", &[]),
        &["progress.json is damaged", "--restart"],
    );
    succeeded(&trial.run("run", &["--restart"]));
}

/// Neither other clips nor a restart that fails may cost the run that is there.
#[test]
fn a_run_survives_what_fails_in_its_folder() {
    let trial = Trial::new();
    succeeded(&trial.run("run", &[]));
    let read = || {
        [
            "recipe.json",
            "results.json",
            "fold1/progress.json",
            "fold1/model.safetensors",
        ]
        .map(|name| std::fs::read(trial.path("run").join(name)).unwrap())
    };
    let before = read();
    let clip = trial.data.join("audio/1-10-A-0.wav");
    let sound = std::fs::read(&clip).unwrap();
    std::fs::remove_file(&clip).unwrap();
    says(
        &trial.run("run", &["--restart", "--seed", "9", "--strict"]),
        &["1-10-A-0.wav"],
    );
    std::fs::write(&clip, sound).unwrap();
    let list = trial.data.join("meta/esc50.csv");
    let text = std::fs::read_to_string(&list).unwrap();
    std::fs::write(
        &list,
        text.replace("1-10-A-0.wav,1,0,dog", "1-10-A-0.wav,1,0,rain"),
    )
    .unwrap();
    says(
        &trial.run("run", &["--folds", "2"]),
        &["on other clips", "--restart"],
    );
    assert!(before == read(), "something of the run is lost");
    std::fs::write(&list, text).unwrap();
    // What a run that was killed while it wrote left beside its files goes with the next one.
    let left_over = ["results.json.part7-0", "fold2/progress.json.part7-12"]
        .map(|name| trial.path("run").join(name));
    std::fs::create_dir_all(trial.path("run/fold2")).unwrap();
    left_over
        .iter()
        .for_each(|path| std::fs::write(path, "{").unwrap());
    succeeded(&trial.run("run", &["--folds", "1,2"]));
    assert!(left_over.iter().all(|path| !path.exists()), "{left_over:?}");
}

/// Opening a pipe would wait until somebody writes to it.
#[cfg(unix)]
#[test]
fn a_pipe_in_a_data_set_is_refused_at_once() {
    let data = Instruments::new();
    let path = data.path("audio/flute/flute_03.wav");
    std::fs::remove_file(&path).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.unwrap().success());
    says(
        &data.run(&["--strict"]),
        &[
            "1 of 30 clips cannot be read",
            "flute_03.wav",
            "a named pipe",
        ],
    );
}

#[test]
fn a_cut_sound_is_told() {
    let data = Instruments::new();
    let path = data.path("audio/flute/flute_03.wav");
    let whole = std::fs::read(&path).unwrap();
    // Another length in each process: a sound that is in the cache is not decoded, and not told, again.
    let length = whole.len() / 2 - 2 * (std::process::id() as usize % 4_096);
    std::fs::write(&path, &whole[..length]).unwrap();
    let run = data.run(&[]);
    succeeded(&run);
    let warning = text(&run.stderr);
    let cut = warning.lines().find(|line| line.contains("flute_03.wav"));
    assert!(
        cut.is_some_and(|line| line.ends_with("the rest of it is used")),
        "{warning}"
    );
}
