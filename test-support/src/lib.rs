//! How a test reports that it was skipped because data or a program is missing.
//!
//! A skipped test passes, and the test harness hides what it prints. [`skip`] therefore writes past the harness, and
//! appends a line to the file that [`FILE`] names, which `cargo xtask test` prints at its end.

#![forbid(unsafe_code)]

use std::fmt::Display;
use std::fs::OpenOptions;
use std::io::{Result, Write};
use std::path::Path;

/// Environment variable with the absolute path of the file to which skipped tests are appended.
pub const FILE: &str = "HAMILTONE_SKIPPED_TESTS";

/// A test, or a part of one, that did not run.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Skipped {
    /// Test program and test: `splits::esc10`.
    pub test: String,
    /// What was not there.
    pub missing: String,
}

/// Reports that the running test is skipped, all of it or a part. The test should then return.
///
/// Works from several threads and processes at a time.
///
/// # Panics
/// The file that [`FILE`] names cannot be written: a skipped test must not go unseen.
pub fn skip(missing: impl Display) {
    let skipped = Skipped {
        test: running_test(),
        missing: missing.to_string(),
    };
    // Not `eprintln!`, which the test harness captures; in one write, since other tests print too.
    let line = format!("SKIPPED {}: {} is missing\n", skipped.test, skipped.missing);
    let _ = std::io::stderr().write_all(line.as_bytes());
    if let Some(file) = std::env::var_os(FILE) {
        append(Path::new(&file), &skipped)
            .unwrap_or_else(|error| panic!("cannot write {}: {error}", file.display()));
    }
}

/// The skipped tests of a run, sorted, each once.
///
/// # Errors
/// If the file cannot be read.
pub fn read(file: &Path) -> Result<Vec<Skipped>> {
    let text = std::fs::read_to_string(file)?;
    let lines = text.lines().filter_map(|line| line.split_once('\t'));
    let mut skipped: Vec<Skipped> = lines
        .map(|(test, missing)| Skipped {
            test: test.to_owned(),
            missing: missing.to_owned(),
        })
        .collect();
    skipped.sort();
    skipped.dedup();
    Ok(skipped)
}

/// One write in append mode, so that lines of several processes do not mix.
fn append(file: &Path, skipped: &Skipped) -> Result<()> {
    let missing = skipped.missing.replace(['\n', '\t'], " ");
    let line = format!("{}\t{missing}\n", skipped.test);
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(file)?
        .write_all(line.as_bytes())
}

/// Test program and test. The harness names a test's thread after it, if it runs tests in threads.
fn running_test() -> String {
    let program = std::env::current_exe().ok();
    let stem = program.as_deref().and_then(Path::file_stem);
    let stem = stem.unwrap_or_default().to_string_lossy().into_owned();
    // Cargo appends a hash: `splits-38a9a5f382d54758`.
    let program = stem.rsplit_once('-').map_or(&stem[..], |(name, _)| name);
    match std::thread::current().name() {
        Some(test) if test != "main" => format!("{program}::{test}"),
        _ => program.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skipped(test: &str, missing: &str) -> Skipped {
        Skipped {
            test: test.to_owned(),
            missing: missing.to_owned(),
        }
    }

    #[test]
    fn each_skipped_test_is_listed_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("skipped");
        let all = [
            skipped("b::two", "a host"),
            skipped("a::one", "data in\tseveral\nlines"),
            skipped("b::two", "a host"),
        ];
        for skipped in &all {
            append(&file, skipped).unwrap();
        }
        let expected = [
            skipped("a::one", "data in several lines"),
            skipped("b::two", "a host"),
        ];
        assert_eq!(read(&file).unwrap(), expected);
    }

    #[test]
    fn threads_do_not_mix_their_lines() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("skipped");
        let tests: Vec<String> = (0..8).map(|thread| format!("t::{thread}")).collect();
        let missing = "x".repeat(1000);
        std::thread::scope(|scope| {
            for test in &tests {
                scope.spawn(|| {
                    (0..50).for_each(|_| append(&file, &skipped(test, &missing)).unwrap())
                });
            }
        });
        let expected: Vec<Skipped> = tests.iter().map(|test| skipped(test, &missing)).collect();
        assert_eq!(read(&file).unwrap(), expected);
    }

    /// Runs itself in a process of its own the way `cargo xtask test` does, and reads what that reported.
    #[test]
    fn a_skipped_test_is_seen_outside_of_its_process() {
        const INNER: &str = "HAMILTONE_TEST_OF_SKIPPING";
        if std::env::var_os(INNER).is_some() {
            skip("a data set");
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("skipped");
        let name = "tests::a_skipped_test_is_seen_outside_of_its_process";
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name])
            .env(FILE, &file)
            .env(INNER, "1")
            .output()
            .unwrap();
        assert!(output.status.success());
        let test = format!("hamiltone_test_support::{name}");
        assert_eq!(read(&file).unwrap(), [skipped(&test, "a data set")]);
        let printed = String::from_utf8(output.stderr).unwrap();
        assert!(printed.contains(&format!("SKIPPED {test}: a data set is missing")));
    }
}
