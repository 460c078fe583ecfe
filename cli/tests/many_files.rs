//! Memory does not grow with the number of files that `hamiltone analyze --out` is given.
//!
//! `HAMILTONE_MEMORY_FILES=1000,5000,20000 cargo test … --test memory -- --nocapture` measures with other numbers.
#![cfg(target_os = "linux")]

mod common;

use std::process::Child;
use std::thread::sleep;
use std::time::Duration;

use common::{Workplace, sound, write_wav};

/// The most that more files may take, in kB a file. With 1000, 5000 and 20000 files it is .24 in a first run (their
/// paths) and .20 in a run that is given again (the journal's index too); with few files the peaks of two runs differ by
/// more than that. It was 228 while rows for the summary were kept in memory, between freed blocks of audio.
const MOST_PER_FILE: f64 = 4.0;
/// Numbers of files that are compared.
const FILES: &str = "500,2500";

/// Files of different lengths, links to a few, so that they are there at once.
fn library(place: &Workplace, files: usize) {
    std::fs::create_dir_all(place.path("sounds")).unwrap();
    let folder = place.path(&format!("in{files}"));
    std::fs::create_dir(&folder).unwrap();
    for index in 0..files {
        let seconds = 0.5 + 0.1 * (index % 16) as f64;
        let sound_file = place.path(&format!("sounds/{}.wav", index % 16));
        if !sound_file.exists() {
            write_wav(&sound_file, 32_000, &sound(32_000, seconds));
        }
        std::os::unix::fs::symlink(&sound_file, folder.join(format!("{index:05}.wav"))).unwrap();
    }
}

/// The largest resident set of a run, in kB, and of the same run again, which finds all results in the journal.
fn peaks(place: &Workplace, files: usize) -> [f64; 2] {
    library(place, files);
    let (input, out) = (format!("in{files}"), format!("out{files}"));
    let arguments = [
        "analyze", &input, "--model", "tiny", "--out", &out, "--format", "csv", "--jobs", "2",
        "--quiet",
    ];
    [(); 2].map(|()| {
        let mut child = place.command(&arguments).spawn().unwrap();
        let mut peak = 0.0_f64;
        while child.try_wait().unwrap().is_none() {
            peak = peak.max(resident_peak(&child).unwrap_or(0.0));
            sleep(Duration::from_millis(2));
        }
        assert!(child.wait().unwrap().success());
        let rows = std::fs::read_to_string(place.path(&out).join("summary.jsonl")).unwrap();
        assert_eq!(rows.lines().count(), files);
        peak
    })
}

/// VmHWM, while the process runs.
fn resident_peak(child: &Child) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

#[test]
fn memory_does_not_grow_with_the_number_of_files() {
    let numbers = std::env::var("HAMILTONE_MEMORY_FILES").unwrap_or_else(|_| FILES.to_owned());
    let numbers: Vec<usize> = numbers
        .split(',')
        .map(|number| number.parse().unwrap())
        .collect();
    let place = Workplace::new();
    let peaks: Vec<[f64; 2]> = numbers.iter().map(|&files| peaks(&place, files)).collect();
    let more = (numbers[numbers.len() - 1] - numbers[0]) as f64;
    for (run, name) in ["first run", "run again"].iter().enumerate() {
        let peaks: Vec<f64> = peaks.iter().map(|of_runs| of_runs[run]).collect();
        let per_file = (peaks[peaks.len() - 1] - peaks[0]) / more;
        let message =
            format!("{name}: kB at {numbers:?} files: {peaks:?}, {per_file:.2} for each more");
        println!("{message}");
        assert!(per_file < MOST_PER_FILE, "{message}");
    }
}
