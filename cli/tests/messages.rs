//! Errors: one style, suggestions, exit codes; and the closing line of a run.

mod common;

use common::{ANALYZE, Workplace, library};

#[test]
fn wrong_arguments_have_exit_code_2_and_a_suggestion() {
    let place = Workplace::new();
    place.wav("a.wav", 32_000, 1.0);
    place.file("no-such-labels.csv", b"label,threshold\nrian,0.5\n");
    for (arguments, words) in [
        (
            &["analyse", "a.wav"][..],
            "a similar subcommand exists: 'analyze'",
        ),
        (
            &["analyze", "a.wav", "--modle", "tiny"],
            "similar argument exists: '--model'",
        ),
        (
            &["analyze", "a.wav", "--model", "tinny"],
            "there is no model \"tinny\"; did you mean tiny?",
        ),
        (&["inspect", "genral-half"], "did you mean general-half"),
        (
            &["analyze", "a.wav", "--model", "tiny", "--among", "dogs"],
            "did you mean dog, small?",
        ),
        (
            &["classify", "a.wav", "--among", "gnres"],
            "did you mean genres?",
        ),
        (
            &["analyze", "a.wav", "--format", "audcity"],
            "similar value exists: 'audacity'",
        ),
        (
            &["analyze", "a.wav", "--format", "audacity"],
            "add --out DIR",
        ),
        (
            &["analyze", "a.wav", "--format", "csv", "--format", "json"],
            "add --out DIR",
        ),
        (
            &[
                "analyze",
                "a.wav",
                "--model",
                "tiny",
                "--thresholds",
                "no-such-labels.csv",
            ],
            "unknown to the model tiny: rian (did you mean rain?)",
        ),
    ] {
        let ran = place.run(arguments);
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (2, ""),
            "{arguments:?}: {ran:?}"
        );
        assert!(ran.stderr.starts_with("hamiltone: error: "), "{ran:?}");
        assert!(ran.stderr.contains(words), "{words}: {}", ran.stderr);
    }
}

#[test]
fn files_are_named_once_and_without_numbers_of_the_system() {
    let place = Workplace::new();
    place.wav("a.wav", 32_000, 1.0);
    std::fs::copy(place.path("a.wav"), place.path("song.ogg")).unwrap();
    for (arguments, expected) in [
        (&["analyze", "gone.wav"][..], "gone.wav: no such file"),
        (
            &["analyze", "a.wav", "--model", "gone.safetensors"],
            "model gone.safetensors: no such file",
        ),
        (
            &["analyze", "a.wav", "--model", "song.ogg"],
            "model song.ogg: is not a model: models are .safetensors files made by hamiltone-training",
        ),
        (
            &["models", "--add", "gone.safetensors"],
            "gone.safetensors: no such file",
        ),
        (
            &["analyze", "a.wav", "--thresholds", "gone.csv"],
            "--thresholds: gone.csv: No such file or directory",
        ),
        (
            &["analyze", "a.wav", "--out", "a.wav/out"],
            "a.wav/out: cannot be written to: Not a directory",
        ),
    ] {
        let ran = place.run(arguments);
        assert_eq!(ran.code, 1, "{ran:?}");
        let expected = format!("hamiltone: error: {expected}\n");
        #[cfg(unix)]
        assert_eq!(ran.stderr, expected, "{arguments:?}");
        assert!(
            !ran.stderr.contains("os error"),
            "{expected}: {}",
            ran.stderr
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_stdout_is_named() {
    let place = Workplace::new();
    place.wav("a.wav", 32_000, 1.0);
    for arguments in [
        &["models"][..],
        &["analyze", "a.wav", "--model", "tiny"],
        &["man"],
    ] {
        let full = std::fs::File::options()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let output = place.command(arguments).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let stderr = String::from_utf8(output.stderr).unwrap();
        let expected = "hamiltone: error: stdout cannot be written to: No space left on device";
        assert!(stderr.contains(expected), "{stderr}");
    }
}

/// The formats are listed in one place, which help, messages and documents follow.
#[test]
fn the_formats_are_the_same_everywhere() {
    let place = Workplace::new();
    let formats = hamiltone_decoding::FORMATS;
    let unwrapped = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let help = place.run(&["--help"]).stdout;
    assert!(unwrapped(&help).contains(formats), "{help}");
    place.file("text.wav", b"This is no sound. ".repeat(10).as_slice());
    let refused = place.run(&["classify", "text.wav"]).stderr;
    assert!(refused.contains(formats), "{refused}");
    let document = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/USER_GUIDE.md");
    let guide = unwrapped(&std::fs::read_to_string(document).unwrap());
    assert!(guide.contains(formats), "USER_GUIDE.md lists others");
}

#[test]
fn a_run_ends_with_one_line_that_counts_everything() {
    let place = library();
    place.file("in/bad.wav", b"not audio");
    for name in [
        "in/notes.txt",
        "in/sub/more.txt",
        "in/cover.jpg",
        "in/README",
        "in/._a.wav",
    ] {
        place.file(name, b"x");
    }
    let last = |arguments: &[&str]| {
        let ran = place.run(arguments);
        assert_eq!(ran.code, 1, "{ran:?}");
        ran.stderr.lines().last().unwrap_or_default().to_owned()
    };
    let skipped =
        "5 skipped (not audio: 2 txt, 1 jpg, 1 resource forks of macOS, 1 without extension)";
    assert_eq!(
        last(&ANALYZE),
        format!("hamiltone: 3 tagged, 1 failed, {skipped}; table: out/summary.csv")
    );
    assert_eq!(
        last(&ANALYZE),
        format!(
            "hamiltone: 3 tagged (3 up to date from an earlier run; --again repeats them), 1 failed, {skipped}; table: \
             out/summary.csv"
        )
    );
    assert_eq!(
        last(&["classify", "in", "--model", "tiny"]),
        format!("hamiltone: 3 tagged, 1 failed, {skipped}")
    );
    assert!(!last(&[&ANALYZE[..], &["-q"]].concat()).contains("tagged"));
    assert_eq!(
        place
            .run(&["classify", "in/a.wav", "--model", "tiny"])
            .stderr,
        ""
    );
}
