//! `hamiltone analyze --thresholds`: thresholds of single labels.

mod common;

use common::{LABELS, Workplace, timeline};
use hamiltone_engine::timeline::Timeline;

fn labels_of(timeline: &Timeline) -> Vec<&str> {
    let mut labels: Vec<&str> = timeline.events.iter().map(|e| e.label.as_str()).collect();
    labels.dedup();
    labels
}

#[test]
fn a_label_is_on_from_its_own_threshold() {
    let place = Workplace::new();
    place.wav("a.wav", 32_000, 3.0);
    let run = |more: &[&str]| {
        let ran = place.run(&[&["analyze", "a.wav", "--model", "tiny"], more].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
        timeline(&ran.stdout)
    };
    place.file(
        "high.csv",
        b"label,threshold\r\nRAIN,1\r\nclock,1\r\nsea,1\r\n\"dog, small\",1\r\n",
    );
    assert!(
        run(&["--thresholds", "high.csv", "--threshold", "0.01"])
            .events
            .is_empty()
    );
    place.file("one.csv", b"label,threshold\n\"dog, small\",0.01\n");
    let one = run(&["--thresholds", "one.csv", "--threshold", "1"]);
    assert_eq!(labels_of(&one), ["dog, small"]);
    // The JSON states the levels of the labels that it lists.
    let index = one
        .labels
        .iter()
        .position(|label| label == LABELS[1])
        .unwrap();
    for (label, level) in one.on_levels.iter().enumerate() {
        assert_eq!(*level, if label == index { 0.01 } else { 1.0 });
    }
    assert_eq!(one.on_levels.len(), one.labels.len());
}

#[test]
fn results_with_other_thresholds_are_not_up_to_date() {
    let place = Workplace::new();
    place.wav("in/a.wav", 32_000, 3.0);
    let run = |thresholds: &[&str]| {
        let arguments = ["analyze", "in", "--model", "tiny", "--out", "out"];
        let ran = place.run(&[&arguments[..], thresholds].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.stderr.contains("(1 up to date")
    };
    assert!(!run(&[]));
    assert!(run(&[]));
    place.file("t.csv", b"label,threshold\nrain,0.5\n");
    assert!(!run(&["--thresholds", "t.csv"]));
    assert!(run(&["--thresholds", "t.csv"]));
    place.file("t.csv", b"label,threshold\nrain,1\n");
    assert!(
        !run(&["--thresholds", "t.csv"]),
        "the contents count, not the name"
    );
}

#[test]
fn wrong_files_and_labels_that_compete_are_errors() {
    let place = Workplace::new();
    place.wav("a.wav", 32_000, 1.0);
    place.file("good.csv", b"label,threshold\nrain,0.5\nowl,0.5\n");
    place.file("bad.csv", b"label,threshold\nrain,0.5\nrain,0.6\n");
    let run = |file: &str, more: &[&str]| {
        let arguments = ["analyze", "a.wav", "--model", "tiny", "--thresholds", file];
        place.run(&[&arguments[..], more].concat())
    };
    let ran = run("good.csv", &[]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let warning = "warning: --thresholds good.csv: 1 label unknown to the model tiny: owl";
    assert!(ran.stderr.contains(warning), "{}", ran.stderr);
    let ran = run("bad.csv", &["--out", "out"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(
        ran.stderr
            .contains("line 3: the label \"rain\" is listed twice"),
        "{}",
        ran.stderr
    );
    assert!(!place.path("out").exists(), "nothing is written");
    let ran = run("good.csv", &["--among", "rain", "--among", "sea"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("compete"), "{}", ran.stderr);
}
