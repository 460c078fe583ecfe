//! `hamiltone classify`.

mod common;

use common::{LABELS, Workplace};

#[test]
fn a_line_of_json_for_each_file_in_order() {
    let place = Workplace::new();
    for (name, seconds) in [("b.wav", 1.5), ("a.wav", 3.0), ("sub/c.wav", 0.7)] {
        place.wav(name, 44_100, seconds);
    }
    let ran = place.run(&[
        "classify", "--model", "tiny", "--json", "b.wav", "a.wav", "sub",
    ]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let lines = ran.json_lines();
    let names: Vec<_> = lines
        .iter()
        .map(|line| line["file"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["b.wav", "a.wav", "sub/c.wav"]);
    for (line, seconds) in lines.iter().zip([1.5, 3.0, 0.7]) {
        let fields: Vec<_> = line.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["duration_s", "file", "leading", "top"]);
        assert!((line["duration_s"].as_f64().unwrap() - seconds).abs() < 1e-4);
        let top = line["top"].as_array().unwrap();
        assert_eq!(top.len(), LABELS.len(), "five asked for, four there are");
        let levels: Vec<f64> = top
            .iter()
            .map(|tag| tag["probability"].as_f64().unwrap())
            .collect();
        assert!(levels.is_sorted_by(|a, b| a >= b), "{levels:?}");
        assert!(
            (levels.iter().sum::<f64>() - 1.0).abs() < 1e-4,
            "softmax sums to 1"
        );
        assert!(
            top.iter()
                .all(|tag| LABELS.contains(&tag["label"].as_str().unwrap()))
        );
    }
    assert_eq!(
        ran.stderr, "hamiltone: 3 tagged\n",
        "and no bar, since stderr is not a terminal"
    );
}

#[test]
fn a_table_for_reading() {
    let place = Workplace::new();
    place.wav("a.wav", 48_000, 2.0);
    let ran = place.run(&["classify", "a.wav", "--model", "tiny", "--top", "2"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let lines: Vec<_> = ran.stdout.lines().collect();
    // The leading label is after the length.
    assert!(lines[0].starts_with("a.wav  (2.0 s)  "), "{}", lines[0]);
    assert_eq!(lines.len(), 3);
    assert!(
        lines[1..].iter().all(|line| line.ends_with('%')),
        "{}",
        ran.stdout
    );
}

#[test]
fn labels_of_silence_come_with_a_warning() {
    let place = Workplace::new();
    common::write_wav(&place.path("silence.wav"), 44_100, &[0.0; 44_100]);
    let ran = place.run(&["classify", "silence.wav", "--model", "tiny"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(
        ran.stderr.trim_end(),
        "hamiltone: warning: silence.wav: the file is silent; its labels mean nothing"
    );
    let quiet = place.run(&["classify", "silence.wav", "--model", "tiny", "--quiet"]);
    assert_eq!(quiet.stderr, "", "{quiet:?}");
}

#[test]
fn unreadable_files_are_reported_and_the_others_are_read() {
    let place = Workplace::new();
    place.wav("first.wav", 44_100, 1.0);
    place.wav("last.wav", 44_100, 1.0);
    place.file("empty.wav", b"");
    place.file("text.wav", &b"not a sound at all. ".repeat(200));
    let files = ["first.wav", "empty.wav", "text.wav", "gone.wav", "last.wav"];
    let ran = place.run(&[&["classify", "--json", "--model", "tiny"], &files[..]].concat());
    assert_eq!(ran.code, 1, "{ran:?}");
    let names: Vec<_> = ran
        .json_lines()
        .iter()
        .map(|line| line["file"].clone())
        .collect();
    assert_eq!(names, ["first.wav", "last.wav"]);
    for (name, what) in [
        ("empty.wav", "empty"),
        ("text.wav", "not an audio"),
        ("gone.wav", "no such"),
    ] {
        let line = ran.stderr.lines().find(|line| line.contains(name)).unwrap();
        assert!(
            line.starts_with("hamiltone: error: ") && line.contains(what),
            "{line}"
        );
    }
    assert!(ran.stderr.ends_with("hamiltone: 2 tagged, 3 failed\n"));
    assert_eq!(ran.stderr.lines().count(), 4, "{}", ran.stderr);
}

#[test]
fn unusual_sounds_are_classified() {
    let place = Workplace::new();
    common::write_wav(&place.path("one.wav"), 44_100, &[0.5]);
    common::write_wav(&place.path("silence.wav"), 8_000, &vec![0.0; 16_000]);
    let spec = hound::WavSpec {
        channels: 6,
        sample_rate: 192_000,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut writer = hound::WavWriter::create(place.path("nan.wav"), spec).unwrap();
    for _ in 0..6 * 50_000 {
        writer.write_sample(f32::NAN).unwrap();
    }
    writer.finalize().unwrap();
    let files = ["one.wav", "silence.wav", "nan.wav"];
    let ran = place.run(&[&["classify", "--json", "--model", "tiny"], &files[..]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.json_lines().len(), 3);
    for line in ran.json_lines() {
        for tag in line["top"].as_array().unwrap() {
            assert!(
                (0.0..=1.0).contains(&tag["probability"].as_f64().unwrap()),
                "{line}"
            );
        }
    }
}

#[test]
fn a_header_of_no_channels_is_an_error() {
    let place = Workplace::new();
    let mut bytes = std::fs::read(place.wav("a.wav", 44_100, 0.5)).unwrap();
    bytes[22..24].copy_from_slice(&[0, 0]); // the count of channels of a WAV
    place.file("zero.wav", &bytes);
    let ran = place.run(&["classify", "zero.wav", "--model", "tiny"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""));
    assert!(ran.stderr.contains("zero.wav"), "{}", ran.stderr);
}

#[test]
fn a_file_cut_off_gives_its_answer_with_a_warning() {
    let place = Workplace::new();
    let bytes = std::fs::read(place.wav("a.wav", 44_100, 4.0)).unwrap();
    place.file("cut.wav", &bytes[..bytes.len() / 2]);
    let ran = place.run(&["classify", "cut.wav", "--model", "tiny", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!((ran.json_lines()[0]["duration_s"].as_f64().unwrap() - 2.0).abs() < 0.05);
    assert!(
        ran.stderr.contains("warning: cut.wav: the file ends early"),
        "{}",
        ran.stderr
    );
    let quiet = place.run(&[
        "classify", "cut.wav", "--model", "tiny", "--json", "--quiet",
    ]);
    assert_eq!((quiet.code, quiet.stderr.as_str()), (0, ""));
    assert_eq!(quiet.stdout, ran.stdout);
}

/// The model inside the program answers, with no file around.
#[test]
fn the_built_in_model() {
    let place = Workplace::new();
    place.wav("a.wav", 44_100, 2.0);
    let ran = place.run(&["classify", "--json", "a.wav"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.json_lines()[0]["top"].as_array().unwrap().len(), 5);
}

#[test]
fn wrong_usage_is_exit_code_2() {
    let place = Workplace::new();
    for arguments in [
        &["classify"][..],
        &["classify", "a.wav", "--top", "0"],
        &["classify", "a.wav", "--top", "many"],
        &["classify", "a.wav", "--frobnicate"],
        &["listen", "a.wav"],
        &[],
    ] {
        let ran = place.run(arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {ran:?}");
        assert!(
            ran.stderr.contains("--help") || ran.stderr.contains("Usage"),
            "{}",
            ran.stderr
        );
    }
    let help = place.run(&["--help"]);
    assert_eq!(help.code, 0);
    assert!(
        ["analyze", "classify", "models"]
            .iter()
            .all(|command| help.stdout.contains(command))
    );
}

#[test]
fn only_the_labels_that_were_named_compete() {
    let place = Workplace::new();
    place.wav("a.wav", 48_000, 2.0);
    let words = [
        "--model",
        "tiny",
        "--json",
        "--among",
        "SEA",
        "--among",
        "dog, small",
    ];
    let ran = place.run(&[&["classify", "a.wav"], &words[..]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    let lines = ran.json_lines();
    let top = lines[0]["top"].as_array().unwrap();
    let mut labels: Vec<&str> = top
        .iter()
        .map(|tag| tag["label"].as_str().unwrap())
        .collect();
    labels.sort_unstable();
    assert_eq!(labels, ["dog, small", "sea"]);
    let sum: f64 = top
        .iter()
        .map(|tag| tag["probability"].as_f64().unwrap())
        .sum();
    assert!((sum - 1.0).abs() < 1e-4, "{sum}");
    // A timeline names no other label either.
    let arguments = ["analyze", "a.wav", "--threshold", "0.01"];
    let ran = place.run(&[&arguments, &words[..2], &words[3..5]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    let lines = ran.json_lines();
    let events = lines[0]["events"].as_array().unwrap();
    assert!(!events.is_empty(), "{}", lines[0]);
    assert!(events.iter().all(|event| event["label"] == "sea"));
}

/// If no label of a choice is ahead of the others, none leads: in the text, the table and JSON.
#[test]
fn an_unclear_choice_among_genres_is_reported() {
    let place = Workplace::new();
    let tone = |frame: u32| 0.37 * (frame as f32 * 440.0 * std::f32::consts::TAU / 32_000.0).sin();
    let samples: Vec<f32> = (0..64_000).map(tone).collect();
    common::write_wav(&place.path("a.wav"), 32_000, &samples);
    let among = ["--among", "genres"];
    let table = place.run(&[&["classify", "a.wav"], &among[..]].concat());
    assert_eq!(table.code, 0, "{table:?}");
    assert!(
        table
            .stdout
            .lines()
            .next()
            .unwrap()
            .ends_with("no clear genre"),
        "{}",
        table.stdout
    );
    let json = place.run(&[&["classify", "a.wav", "--json"], &among[..]].concat());
    assert_eq!(json.json_lines()[0]["leading"]["on"], false);
    let list = place.run(&[&["analyze", "a.wav", "--format", "text"], &among[..]].concat());
    assert!(list.stdout.contains("no clear genre"), "{}", list.stdout);
    // Without a choice there is always a leading label.
    let ran = place.run(&["classify", "a.wav", "--model", "tiny", "--json"]);
    let leading = &ran.json_lines()[0]["leading"];
    assert_eq!(
        leading["path"],
        serde_json::json!([leading["label"]]),
        "no hierarchy"
    );
}

#[test]
fn unknown_labels_are_refused_with_suggestions() {
    let place = Workplace::new();
    place.wav("a.wav", 48_000, 1.0);
    let ran = place.run(&["classify", "a.wav", "--model", "tiny", "--among", "dog"]);
    assert_ne!(ran.code, 0);
    assert!(
        ran.stderr.contains("did you mean dog, small?"),
        "{}",
        ran.stderr
    );
    let ran = place.run(&["classify", "a.wav", "--model", "tiny", "--among", "polka"]);
    assert!(ran.stderr.contains("hamiltone inspect"), "{}", ran.stderr);
}
