//! `hamiltone analyze` to stdout, and to a folder of results.

mod common;

use std::io::{Read, Write};
use std::process::Stdio;

use common::{LABELS, Ran, Workplace, timeline};
use hamiltone_engine::model::{Calibration, TaskKind};
use hamiltone_engine::timeline::{Event, Timeline};

const CSV_HEADER: &str = "format_version,start_s,end_s,label,mean_probability,peak_probability";

#[test]
fn a_timeline_on_stdout() {
    let place = Workplace::new();
    place.wav("a.wav", 44_100, 5.0);
    let ran = place.run(&["analyze", "a.wav", "--model", "tiny", "--window", "1"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(
        ran.stdout.lines().count(),
        1,
        "one line of JSON per file if stdout is not a terminal"
    );
    let timeline = timeline(&ran.stdout);
    assert_eq!(
        (timeline.source.as_str(), timeline.model.as_str()),
        ("a.wav", "tiny")
    );
    assert_eq!(
        (timeline.window_s, timeline.labels.len()),
        (1.0, LABELS.len())
    );
    assert!((timeline.duration_s - 5.0).abs() < 1e-3);
    let columns = 5.0 / timeline.refresh_s;
    assert!(
        (timeline.columns.len() as f64 - columns).abs() <= 2.0,
        "columns are at a constant distance"
    );
    assert!(
        timeline
            .columns
            .iter()
            .is_sorted_by(|a, b| a.time_s < b.time_s)
    );
    assert!(timeline.columns.iter().last().unwrap().time_s <= 5.0 + timeline.refresh_s);
    assert!(
        timeline
            .events
            .iter()
            .all(|event| event.start_s < event.end_s)
    );
}

#[test]
fn csv_for_one_and_for_several() {
    let place = Workplace::new();
    place.wav("in/a.wav", 44_100, 3.0);
    let one = place.run(&["analyze", "in", "--model", "tiny", "--format", "csv"]);
    assert_eq!(one.code, 0, "{one:?}");
    assert_eq!(one.stdout.lines().next().unwrap(), CSV_HEADER);
    place.wav("in/b, too.wav", 44_100, 3.0);
    let two = place.run(&["analyze", "in", "--model", "tiny", "--format", "csv"]);
    assert_eq!(two.code, 0, "{two:?}");
    let mut reader = csv::Reader::from_reader(two.stdout.as_bytes());
    assert_eq!(
        reader
            .headers()
            .unwrap()
            .iter()
            .collect::<Vec<_>>()
            .join(","),
        format!("{CSV_HEADER},file")
    );
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert!(
        rows.iter()
            .all(|row| LABELS.contains(&&row[3]) && &row[0] == "1"),
        "{rows:?}"
    );
    let of = |file: &str| rows.iter().filter(|row| &row[6] == file).count();
    assert!(
        of("in/a.wav") > 0 && of("in/a.wav") == of("in/b, too.wav"),
        "{rows:?}"
    );
    assert_eq!(of("in/a.wav"), one.stdout.lines().count() - 1);
}

#[test]
fn json_lines_of_several_files_say_which() {
    let place = Workplace::new();
    place.wav("in/a.wav", 44_100, 2.0);
    let arguments = ["analyze", "in", "--model", "tiny", "--format", "jsonl"];
    let one = place.run(&arguments).json_lines();
    assert!(!one.is_empty() && one.iter().all(|line| line.get("file").is_none()));
    place.wav("in/b \"too\".wav", 44_100, 2.0);
    let both = place.run(&arguments).json_lines();
    for file in ["in/a.wav", "in/b \"too\".wav"] {
        let lines: Vec<_> = both.iter().filter(|line| line["file"] == file).collect();
        assert_eq!(lines.len(), one.len());
        assert_eq!(lines[0]["time_s"], one[0]["time_s"]);
        assert_eq!(lines[0]["top"].as_array().unwrap().len(), 4);
    }
    assert_eq!(both.len(), 2 * one.len());
}

#[test]
fn text_for_reading() {
    let place = Workplace::new();
    place.wav("a.wav", 44_100, 3.0);
    let ran = place.run(&["analyze", "a.wav", "--model", "tiny", "--format", "text"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(
        ran.stdout.lines().next().unwrap(),
        "a.wav  (0:03.0, model tiny, window 2 s)"
    );
    assert!(ran.stdout.contains("0:03.0  "), "{}", ran.stdout);
}

#[test]
fn a_folder_of_results_keeps_the_structure() {
    let place = Workplace::new();
    for name in ["in/x.wav", "in/deep/x.wav", "in/deep/er/y.WAV"] {
        place.wav(name, 22_050, 1.0);
    }
    place.file("in/notes.txt", b"no audio");
    let ran = place.run(&["analyze", "in", "--model", "tiny", "--out", "results/json"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{ran:?}");
    for (name, source) in [
        ("x.wav", "in/x.wav"),
        ("deep/x.wav", "in/deep/x.wav"),
        ("deep/er/y.WAV", "in/deep/er/y.WAV"),
    ] {
        let path = place.path("results/json").join(format!("{name}.json"));
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(timeline(&text).source, source);
    }
    let ran = place.run(&[
        "analyze",
        "in",
        "--model",
        "tiny",
        "--out",
        "results/csv",
        "--format",
        "csv",
    ]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let text = std::fs::read_to_string(place.path("results/csv/deep/x.wav.csv")).unwrap();
    assert_eq!(text.lines().next().unwrap(), CSV_HEADER);
}

#[test]
fn two_inputs_never_share_a_result() {
    let place = Workplace::new();
    place.wav("one/x.wav", 22_050, 1.0);
    place.wav("two/x.wav", 22_050, 1.5);
    let run = |inputs: &[&str]| {
        let ran = place.run(&[&["analyze", "--model", "tiny", "--out", "out"], inputs].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.stderr
    };
    let source = |name: &str| {
        let text = std::fs::read_to_string(place.path("out").join(name)).unwrap();
        timeline(&text).source
    };
    let inputs = ["one/x.wav", "two/x.wav", "one", "two"];
    let names = [
        "x.wav.json",
        "x.wav-2.json",
        "one/x.wav.json",
        "two/x.wav.json",
    ];
    let sources = ["one/x.wav", "two/x.wav", "one/x.wav", "two/x.wav"];
    run(&inputs);
    assert_eq!(names.map(source), sources);
    // Results are up to date if they are the newest of this name.
    assert!(run(&inputs).contains("(4 up to date"));
    assert!(!run(&["two/x.wav"]).contains("up to date"));
    assert_eq!(source("x.wav.json"), "two/x.wav");
    assert!(run(&inputs).contains("(3 up to date"));
    assert_eq!(names.map(source), sources);
    assert!(run(&inputs).contains("(4 up to date"));
}

#[cfg(unix)]
#[test]
fn a_pipe_is_read_except_with_an_output_folder() {
    let place = Workplace::new();
    let wav = place.wav("a.wav", 22_050, 1.0);
    let run = |arguments: &[&str]| {
        let mut command = place.command(&[&["analyze", "--model", "tiny"], arguments].concat());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut pipe = child.stdin.take().unwrap();
        // A refused pipe is not read to its end.
        let _ = pipe.write_all(&std::fs::read(&wav).unwrap());
        drop(pipe);
        Ran::new(child.wait_with_output().unwrap())
    };
    let ran = run(&["/dev/stdin"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!((timeline(&ran.stdout).duration_s - 1.0).abs() < 1e-3);
    for (arguments, what) in [
        (&["/dev/stdin", "--out", "out"][..], "without --out"),
        (&["/dev/zero", "--out", "out"], "without --out"),
        (&["-"], "/dev/stdin"),
    ] {
        let ran = run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{ran:?}");
        assert!(ran.stderr.contains(what), "{ran:?}");
    }
}

#[test]
fn the_rate_of_a_file_hardly_matters() {
    let place = Workplace::new();
    let rates = [32_000, 44_100, 48_000, 96_000, 250_000, 384_000];
    let timelines = rates.map(|rate| {
        let name = format!("{rate}.wav");
        common::write_wav(&place.path(&name), rate, &common::full_sound(rate, 4.0));
        let ran = place.run(&["analyze", &name, "--model", "tiny"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        timeline(&ran.stdout)
    });
    let level = |timeline: &Timeline, column: usize, label: &str| {
        let column = timeline
            .columns
            .get(column)
            .unwrap()
            .named(&timeline.labels);
        let tag = column.top.iter().find(|tag| tag.label == label);
        tag.unwrap().probability
    };
    for other in &timelines[1..] {
        assert!(timelines[0].columns.len().abs_diff(other.columns.len()) <= 1);
        for column in 0..timelines[0].columns.len().min(other.columns.len()) {
            for label in LABELS {
                let (a, b) = (
                    level(&timelines[0], column, label),
                    level(other, column, label),
                );
                assert!(
                    (a - b).abs() < 0.02,
                    "column {column}, {label}: {a} and {b}"
                );
            }
        }
    }
    // The comparison means something only if a probability changes over time.
    let range = |label: &str| {
        let levels = (0..timelines[0].columns.len()).map(|c| level(&timelines[0], c, label));
        let (low, high) = levels.fold((1f32, 0f32), |(l, h), p| (l.min(p), h.max(p)));
        high - low
    };
    let largest = LABELS.map(range).into_iter().fold(0f32, f32::max);
    assert!(largest > 0.05, "{largest}");
}

#[test]
fn missing_folders_and_folders_without_audio() {
    let place = Workplace::new();
    place.wav("good.wav", 44_100, 1.0);
    place.file("texts/a.txt", b"x");
    let ran = place.run(&["analyze", "texts", "nowhere", "good.wav", "--model", "tiny"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert_eq!(ran.json_lines().len(), 1);
    assert!(
        ran.stderr
            .contains("texts: no files of an audio or video format"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("nowhere: no such file"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_bad_file_with_an_output_folder() {
    let place = Workplace::new();
    place.wav("in/good.wav", 44_100, 1.0);
    place.file("in/bad.wav", b"RIFF....WAVEbut not really");
    let ran = place.run(&["analyze", "in", "--model", "tiny", "--out", "out"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("in/bad.wav"), "{}", ran.stderr);
    let results = |entry: &std::io::Result<std::fs::DirEntry>| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_str().unwrap().ends_with(".wav.json")
    };
    let written: Vec<_> = std::fs::read_dir(place.path("out"))
        .unwrap()
        .filter(results)
        .collect();
    assert_eq!(written.len(), 1, "{written:?}");
}

#[test]
fn an_unwritable_folder_is_reported_before_any_file_is_read() {
    let place = Workplace::new();
    place.wav("a.wav", 44_100, 1.0);
    place.file("file", b"");
    let ran = place.run(&["analyze", "a.wav", "missing.wav", "--out", "file/out"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{ran:?}");
    assert!(
        ran.stderr
            .starts_with("hamiltone: error: file/out: cannot be written to"),
        "{}",
        ran.stderr
    );
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
}

#[test]
fn wrong_usage_is_exit_code_2() {
    let place = Workplace::new();
    place.wav("a.wav", 44_100, 0.5);
    for arguments in [
        &["analyze"][..],
        &["analyze", "a.wav", "--window", "0.1"],
        &["analyze", "a.wav", "--window", "60"],
        &["analyze", "a.wav", "--window", "NaN"],
        &["analyze", "a.wav", "--format", "xml"],
        &["analyze", "a.wav", "--out", "a.wav"],
    ] {
        let ran = place.run(arguments);
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (2, ""),
            "{arguments:?}: {ran:?}"
        );
    }
}

#[test]
fn a_closed_stdout_is_not_a_failure() {
    let place = Workplace::new();
    for index in 0..40 {
        place.wav(&format!("in/{index}.wav"), 16_000, 2.0);
    }
    for arguments in [
        &["analyze", "in", "--model", "tiny"][..],
        &["classify", "in", "--model", "tiny", "--json"],
        &["models"],
        &["models", "--add", "models/tiny.safetensors"],
    ] {
        let mut command = place.command(arguments);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let mut stderr = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut stderr)
            .unwrap();
        assert_eq!(
            (child.wait().unwrap().code(), stderr.as_str()),
            (Some(0), ""),
            "{arguments:?}"
        );
    }
}

#[test]
fn events_of_a_calibrated_model_are_of_labels_over_their_own_levels() {
    let place = Workplace::new();
    place.wav("a.wav", 44_100, 6.0);
    let mut file = common::tiny_model();
    file.card.name = "calibrated".to_owned();
    file.card.task = TaskKind::MultiLabel;
    let (labels, levels) = (LABELS.len(), [0.9, 0.1, 0.5, 0.4]);
    file.card.calibration = Some(Calibration {
        scale: vec![0.5; labels],
        offset: vec![40.0, -40.0, 0.0, 0.0],
        on: levels.to_vec(),
        examples: vec![0, 3, 0, 1],
        precision: Some(0.9),
        clips: 10,
        protocol: "made for a test".to_owned(),
    });
    file.write(&place.path("models/calibrated.safetensors"))
        .unwrap();
    let with = |arguments: &[&str]| {
        let usual = ["analyze", "a.wav", "--model", "calibrated"];
        let ran = place.run(&[&usual[..], arguments].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
        timeline(&ran.stdout)
    };
    let usual = with(&[]);
    assert_eq!((usual.threshold, &usual.on_levels[..]), (0.3, &levels[..]));
    let of = |timeline: &Timeline, label: usize| {
        let named = |event: &&Event| event.label == LABELS[label];
        timeline.events.iter().filter(named).count()
    };
    assert_eq!(of(&usual, 0), 1, "always over its level");
    assert_eq!(of(&usual, 1), 0, "never");
    for (label, level) in levels.iter().enumerate() {
        let over = usual.columns.iter().any(|column| {
            let mut top = column.top();
            top.any(|(index, probability)| index == label && probability >= *level)
        });
        assert_eq!(of(&usual, label) > 0, over, "{}", LABELS[label]);
    }
    let higher = with(&["--threshold", "0.63"]);
    let pairs = higher.on_levels.iter().zip(levels);
    assert!(
        pairs
            .clone()
            .all(|(moved, own)| *moved > own && *moved < 1.0)
    );
    let inspected = place.run(&["inspect", "calibrated"]);
    for words in ["calibrated", "90 %", "2 of 4 labels", "made for a test"] {
        assert!(inspected.stdout.contains(words), "{}", inspected.stdout);
    }
}
