//! `hamiltone analyze --out` where the folder goes away or the run is killed.

mod common;

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use common::{Ran, Workplace};

const ANALYZE: [&str; 8] = [
    "analyze", "in", "--model", "tiny", "--out", "out", "--jobs", "1",
];
/// Files before the long one, which is being analysed when something happens.
const BEFORE: usize = 12;
const ALL: usize = BEFORE + 1;

/// Short files, then one of two minutes.
fn library() -> Workplace {
    let place = Workplace::new();
    for index in 0..BEFORE {
        place.wav(&format!("in/{index:02}.wav"), 8_000, 0.6);
    }
    place.wav("in/long.wav", 8_000, 120.0);
    place
}

/// Starts the command and waits until the short files are done.
fn start(place: &Workplace) -> Child {
    let mut command = place.command(&ANALYZE);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let journal = place.path("out/hamiltone-journal.jsonl");
    let start = Instant::now();
    let done = || {
        let text = std::fs::read_to_string(&journal).unwrap_or_default();
        text.matches("\"sha256\":\"").count() - text.matches("\"sha256\":\"\"").count()
    };
    while done() < BEFORE {
        assert!(child.try_wait().unwrap().is_none(), "it ended too early");
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "it does not get on"
        );
        sleep(Duration::from_millis(1));
    }
    child
}

/// The names in a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// A further run does what is missing, and nothing lies there twice.
fn goes_on(place: &Workplace, known: usize) {
    let ran = place.run(&ANALYZE);
    assert_eq!(ran.code, 0, "{ran:?}");
    let says = ran.stderr.contains(&format!("({known} up to date"));
    assert_eq!(says, known > 0, "{ran:?}");
    let mut expected: Vec<String> = (0..BEFORE)
        .map(|index| format!("{index:02}.wav.json"))
        .collect();
    expected.extend(
        [
            "events.csv",
            "hamiltone-journal.jsonl",
            "long.wav.json",
            "summary.csv",
            "summary.jsonl",
        ]
        .map(str::to_owned),
    );
    assert_eq!(names(&place.path("out")), expected);
    let rows = std::fs::read_to_string(place.path("out/summary.jsonl")).unwrap();
    assert_eq!(rows.lines().count(), ALL);
}

#[test]
fn a_folder_that_vanishes_is_reported_with_what_was_in_it() {
    let place = library();
    let child = start(&place);
    std::fs::remove_dir_all(place.path("out")).unwrap();
    let ran = Ran::new(child.wait_with_output().unwrap());
    assert_eq!(ran.code, 1, "{ran:?}");
    for words in ["out", "removed", "12 files", "run the same command again"] {
        assert!(ran.stderr.contains(words), "{ran:?}");
    }
    assert!(
        !place.path("out").exists(),
        "nothing was written into a new folder"
    );
    goes_on(&place, 0);
}

#[test]
fn another_folder_in_its_place_is_not_written_to() {
    let place = library();
    let child = start(&place);
    std::fs::rename(place.path("out"), place.path("moved")).unwrap();
    std::fs::create_dir(place.path("out")).unwrap();
    let ran = Ran::new(child.wait_with_output().unwrap());
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(names(&place.path("out")).is_empty());
    std::fs::remove_dir(place.path("out")).unwrap();
    std::fs::rename(place.path("moved"), place.path("out")).unwrap();
    goes_on(&place, BEFORE);
}

#[cfg(unix)]
#[test]
fn a_journal_that_vanishes_is_written_again() {
    let place = library();
    let child = start(&place);
    std::fs::remove_file(place.path("out/hamiltone-journal.jsonl")).unwrap();
    let ran = Ran::new(child.wait_with_output().unwrap());
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("journal was removed"), "{ran:?}");
    goes_on(&place, ALL);
}

#[test]
fn results_that_vanish_are_named() {
    let place = library();
    let child = start(&place);
    std::fs::remove_file(place.path("out/03.wav.json")).unwrap();
    let ran = Ran::new(child.wait_with_output().unwrap());
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("03.wav.json"), "{ran:?}");
    goes_on(&place, BEFORE);
}

#[test]
fn a_killed_run_leaves_nothing_that_the_next_one_does_not_remove() {
    let place = library();
    let mut child = start(&place);
    child.kill().unwrap();
    child.wait().unwrap();
    let parts = || {
        let hidden = |name: &String| name.starts_with('.');
        names(&place.path("out"))
            .into_iter()
            .filter(hidden)
            .collect::<Vec<_>>()
    };
    assert!(!parts().is_empty(), "the summary was being written");
    // As a kill in the middle of a result leaves it; the journal says that it was begun.
    let (run, _) = parts()[0]
        .rsplit_once('-')
        .map(|(run, number)| (run.to_owned(), number.to_owned()))
        .unwrap();
    place.file(&format!("out/{run}-99.part"), b"{\"half\":");
    // Those of other programs.
    let others = [".hamiltone-notes.part", ".download.part", "song.wav.part"];
    let others: Vec<PathBuf> = others
        .map(|name| place.file(&format!("out/{name}"), b"mine"))
        .into();
    let ran = place.run(&ANALYZE);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(parts(), [".download.part", ".hamiltone-notes.part"]);
    for other in others {
        assert_eq!(std::fs::read(&other).unwrap(), b"mine");
        std::fs::remove_file(other).unwrap();
    }
    goes_on(&place, ALL);
}
