//! `--shard` and `--merge-summary`. python/tests/test_data_sets.py compares the tables of parts with those of one run.

mod common;

use common::{ANALYZE, Workplace, library, lines};

fn analyze(place: &Workplace, more: &[&str]) -> common::Ran {
    place.run(&[&ANALYZE[..], more].concat())
}

#[test]
fn tables_are_merged_only_when_all_parts_are_done() {
    let place = library();
    let merge = ["analyze", "--out", "out", "--merge-summary"];
    let early = place.run(&merge);
    assert_eq!(early.code, 1);
    assert!(early.stderr.contains("no tables of parts"), "{early:?}");
    assert_eq!(analyze(&place, &["--shard", "1/3"]).code, 0);
    assert_eq!(analyze(&place, &["--shard", "3/3"]).code, 0);
    let partial = place.run(&merge);
    assert_eq!(partial.code, 1);
    assert!(
        partial.stderr.contains("2/3; run them first"),
        "{partial:?}"
    );
    assert!(!place.path("out/summary.csv").exists());
    assert_eq!(analyze(&place, &["--shard", "2/3"]).code, 0);
    assert_eq!(place.run(&merge).code, 0);
    let files: Vec<String> = lines(&place, "out/summary.jsonl")
        .iter()
        .map(|line| line["file"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(files, ["in/a.wav", "in/b.wav", "in/sub/c.wav"]);
    // Tables of an earlier division are not mixed into it.
    assert_eq!(analyze(&place, &["--shard", "1/2"]).code, 0);
    let mixed = place.run(&merge);
    assert!(
        mixed.stderr.contains("tables of 2 and of 3 parts"),
        "{mixed:?}"
    );
}

#[test]
fn another_division_finds_what_is_done() {
    let place = library();
    for shard in ["1/2", "2/2"] {
        assert_eq!(analyze(&place, &["--shard", shard]).code, 0);
    }
    let whole = analyze(&place, &[]);
    assert!(whole.stderr.contains("3 up to date"), "{whole:?}");
    let mut known = 0;
    for shard in ["1/4", "2/4", "3/4", "4/4"] {
        let ran = analyze(&place, &["--shard", shard]);
        for count in 1..=3 {
            if ran.stderr.contains(&format!("({count} up to date")) {
                known += count;
            }
        }
    }
    assert_eq!(known, 3);
}

#[test]
fn wrong_usage_is_explained() {
    let place = library();
    for (arguments, message) in [
        (&["analyze", "in", "--shard", "1/2"][..], "--out"),
        (
            &["analyze", "in", "--out", "out", "--shard", "3/2"],
            "must be K/N",
        ),
        (&["analyze", "--out", "out"], "FILE_OR_FOLDER"),
        (
            &["analyze", "in", "--format", "parquet"],
            "parquet is written to files only",
        ),
        (&["analyze", "--merge-summary"], "--out"),
        (&["embed", "in"], "--out"),
        (
            &["embed", "in", "--out", "e", "--every", "0.1"],
            "at least 0.5",
        ),
    ] {
        let ran = place.run(arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {ran:?}");
        assert!(ran.stderr.contains(message), "{arguments:?}: {ran:?}");
    }
}
