//! The commands inspect, bench, completions and man.

mod common;

use common::{LABELS, Workplace};

#[test]
fn inspect_prints_the_card() {
    let place = Workplace::new();
    let ran = place.run(&["inspect", "tiny"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    for wanted in [
        "parameters",
        "licence",
        "SHA-256",
        "multiply-adds",
        LABELS[1],
    ] {
        assert!(ran.stdout.contains(wanted), "{wanted}: {}", ran.stdout);
    }
    let ran = place.run(&["inspect", "models/tiny.safetensors", "--json"]);
    let card: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(card["labels"].as_array().unwrap().len(), LABELS.len());
    assert_eq!(card["hash"].as_str().unwrap().len(), 64);
    // A model for one label at a time: the level of its best label, and figures for recordings it was not fitted to.
    let ran = place.run(&["inspect", "esc10"]);
    for wanted in ["a label is on from ", "90 % precision", "calibration error"] {
        assert!(ran.stdout.contains(wanted), "{wanted}: {}", ran.stdout);
    }
    let ran = place.run(&["inspect", "nobody"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("there are general-half, "), "{ran:?}");
}

#[test]
fn a_model_over_the_limits_is_refused_with_its_cost() {
    let place = Workplace::new();
    for (option, variable) in [
        ("--max-memory", "HAMILTONE_MAX_MEMORY"),
        ("--max-multiply-adds", "HAMILTONE_MAX_MULTIPLY_ADDS"),
    ] {
        let refused = place.run(&["inspect", "tiny", option, "1k"]);
        assert_eq!(refused.code, 1, "{refused:?}");
        for wanted in ["the limit is 1k", option, variable] {
            assert!(refused.stderr.contains(wanted), "{wanted}: {refused:?}");
        }
        // What it asks for is enough.
        let (_, asked) = refused.stderr.split_once(&format!("{variable}=")).unwrap();
        let enough = asked.split(' ').next().unwrap();
        let ran = place.run(&["inspect", "tiny", option, enough]);
        assert_eq!(ran.code, 0, "{enough}: {ran:?}");
        // The list says it too; the built-in models are always there.
        let listed = place.run(&[option, "1k", "models"]);
        assert!(listed.stdout.contains("unusable"), "{listed:?}");
        assert!(listed.stdout.contains("general-half"), "{listed:?}");
        assert_eq!(place.run(&["inspect", "tiny", option, "much"]).code, 2);
    }
}

#[test]
fn inspect_prints_cost_and_checksums() {
    let place = Workplace::new();
    let ran = place.run(&["inspect", "tiny"]);
    assert!(ran.stdout.contains("at most"), "{ran:?}");
    assert!(ran.stdout.contains("(verified)"), "{ran:?}");
    let ran = place.run(&["inspect", "tiny", "--json"]);
    let card: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(card["memory_bytes"].as_u64().unwrap() > 0);
    assert_eq!(
        card["checksums"]["weights_sha256"].as_str().unwrap().len(),
        64
    );
}

#[test]
fn bench_prints_its_results() {
    let place = Workplace::new();
    let ran = place.run(&["bench", "--model", "tiny", "--seconds", "2", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let result: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let (one, all) = (
        result["times_real_time_one_core"].as_f64().unwrap(),
        result["times_real_time_all_cores"].as_f64().unwrap(),
    );
    assert!(one > 1.0 && all > 1.0, "{result}");
    assert!((result["speed_up"].as_f64().unwrap() - all / one).abs() < 1e-6);
    let ran = place.run(&["bench", "--model", "tiny", "--seconds", "1"]);
    assert!(ran.stdout.contains("× real time"), "{ran:?}");
}

#[test]
fn completions_and_man_page_list_the_commands() {
    let place = Workplace::new();
    for arguments in [
        &["completions", "bash"][..],
        &["completions", "zsh"],
        &["completions", "fish"],
        &["man"],
    ] {
        let ran = place.run(arguments);
        assert_eq!(ran.code, 0, "{ran:?}");
        for command in ["analyze", "classify", "inspect"] {
            assert!(ran.stdout.contains(command), "{arguments:?}: no {command}");
        }
    }
    assert_eq!(place.run(&["completions", "tcl"]).code, 2);
}
