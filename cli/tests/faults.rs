//! Faults of disks, files and other programs while `analyze` and `classify` run.
#![cfg(unix)]

mod common;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::{ANALYZE, Ran, Workplace, library, lines};

fn make_pipe(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}

/// Runs a command that must not wait for anything.
fn at_once(place: &Workplace, arguments: &[&str]) -> Ran {
    let mut command = place.command(arguments);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > Duration::from_secs(60) {
            child.kill().unwrap();
            panic!("{arguments:?} waits");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ran::new(child.wait_with_output().unwrap())
}

#[test]
fn a_named_pipe_or_a_device_is_refused_at_once() {
    let place = library();
    make_pipe(&place.path("in/pipe.wav"));
    symlink("/dev/zero", place.path("in/zero.wav")).unwrap();
    let tiny = ["--model", "tiny"];
    for arguments in [
        &["classify", "in/pipe.wav"][..],
        &["classify", "in"],
        &["analyze", "in/pipe.wav"],
        &["analyze", "in"],
        &["analyze", "in", "--channel", "each"],
        &["analyze", "in", "--out", "out"],
    ] {
        let ran = at_once(&place, &[arguments, &tiny].concat());
        assert_eq!(ran.code, 1, "{arguments:?}: {ran:?}");
        assert!(
            ran.stderr.contains("pipe.wav") && ran.stderr.contains("pipe"),
            "{ran:?}"
        );
    }
    // The others are read.
    let rows = lines(&place, "out/summary.jsonl");
    let errors = rows
        .iter()
        .filter(|row| row.get("error").is_some_and(|error| error.is_string()));
    assert_eq!((rows.len(), errors.count()), (5, 2));
}

#[test]
fn two_runs_never_share_a_folder() {
    let place = library();
    for number in 0..40 {
        place.wav(&format!("in/{number}.wav"), 32_000, 4.0);
    }
    let mut first = place.command(&ANALYZE);
    let mut first = first
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while !place.path("out/.hamiltone-lock").exists() {
        assert!(start.elapsed() < Duration::from_secs(60), "it never began");
        std::thread::sleep(Duration::from_millis(1));
    }
    let second = at_once(&place, &ANALYZE);
    assert!(
        first.try_wait().unwrap().is_none(),
        "too fast to prove anything"
    );
    assert_eq!(second.code, 1, "{second:?}");
    assert!(
        second.stderr.contains("another run of hamiltone"),
        "{second:?}"
    );
    assert_eq!(Ran::new(first.wait_with_output().unwrap()).code, 0);
    assert_eq!(lines(&place, "out/summary.jsonl").len(), 43);
    // The lock goes with the run, also if it is killed.
    assert!(!place.path("out/.hamiltone-lock").exists());
    fs::write(place.path("out/.hamiltone-lock"), "").unwrap();
    assert_eq!(place.run(&ANALYZE).code, 0);
}

#[test]
fn results_of_a_second_library_with_the_same_names_are_told() {
    let place = library();
    assert_eq!(place.run(&ANALYZE).code, 0);
    let again = place.run(&ANALYZE);
    assert!(!again.stderr.contains("replaced"), "{again:?}");
    place.wav("other/in/a.wav", 32_000, 3.0);
    let other = place.run(&["analyze", "other/in", "--model", "tiny", "--out", "out"]);
    assert_eq!(other.code, 0, "{other:?}");
    assert!(
        other
            .stderr
            .contains("1 results of earlier runs were replaced"),
        "{other:?}"
    );
    assert!(other.stderr.contains("a.wav"), "{other:?}");
}

#[test]
fn a_full_disk_stops_the_run_and_leaves_no_partial_file() {
    let place = library();
    let out = place.path("out");
    fs::create_dir(&out).unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=40k", "none"])
        .arg(&out)
        .stderr(Stdio::null())
        .status();
    if !mounted.is_ok_and(|status| status.success()) {
        return hamiltone_test_support::skip("the right to mount a small file system");
    }
    for number in 0..60 {
        place.wav(&format!("in/{number:02}.wav"), 32_000, 1.0);
    }
    let ran = at_once(&place, &ANALYZE);
    let names: Vec<_> = fs::read_dir(&out)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    let whole = |name: &std::ffi::OsString| {
        let bytes = fs::read(out.join(name)).unwrap();
        serde_json::from_slice::<serde_json::Value>(&bytes).is_ok()
    };
    let results: Vec<_> = names
        .iter()
        .filter(|name| name.to_string_lossy().ends_with(".wav.json"))
        .collect();
    let outcome = (ran, results.len(), results.iter().all(|name| whole(name)));
    let hidden: Vec<_> = names
        .iter()
        .filter(|name| name.to_string_lossy().starts_with('.'))
        .cloned()
        .collect();
    Command::new("umount").arg(&out).status().unwrap();
    let (ran, results, whole) = outcome;
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(
        ran.stderr.contains("nothing more can be written"),
        "{ran:?}"
    );
    assert!(whole && (1..60).contains(&results), "{results} results");
    assert!(hidden.is_empty(), "{hidden:?}");
    // Not one error for each file that could not be written.
    assert!(ran.stderr.lines().count() < 40, "{ran:?}");
}

#[test]
fn names_of_files_cannot_control_the_terminal() {
    let place = Workplace::new();
    let name = "a\u{1b}[2J\u{202e}gpj.wav";
    place.wav(name, 32_000, 1.0);
    place.file(&format!("bad{name}"), b"no audio");
    let ran = place.run(&["classify", name, &format!("bad{name}"), "--model", "tiny"]);
    assert_eq!(ran.code, 1);
    for text in [&ran.stdout, &ran.stderr] {
        assert!(text.contains(r"a\u{1b}[2J\u{202e}gpj.wav"), "{text}");
        assert!(
            !text.contains('\u{1b}') && !text.contains('\u{202e}'),
            "{text}"
        );
    }
}

/// A file that grows while it is read: its hash is of less than its results.
#[test]
fn an_input_that_changes_while_it_is_read_is_not_up_to_date() {
    let place = Workplace::new();
    let path = place.wav("in/long.wav", 32_000, 300.0);
    let mut first = place.command(&ANALYZE);
    let mut first = first
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while !place.path("out/.hamiltone-lock").exists() {
        assert!(start.elapsed() < Duration::from_secs(60), "it never began");
        std::thread::sleep(Duration::from_millis(1));
    }
    // Its hash takes a fraction of its analysis.
    std::thread::sleep(Duration::from_millis(300));
    assert!(
        first.try_wait().unwrap().is_none(),
        "too fast to prove anything"
    );
    place.wav("in/long.wav", 32_000, 2.0);
    let ran = Ran::new(first.wait_with_output().unwrap());
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("changed while it was read"), "{ran:?}");
    assert!(!place.path("out/long.wav.json").exists());
    assert!(path.exists());
    assert_eq!(place.run(&ANALYZE).code, 0);
    assert!(place.path("out/long.wav.json").exists());
}
