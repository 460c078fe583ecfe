//! What a program that was killed left in a folder of exports.

use hamiltone_engine::timeline::{Columns, TIMELINE_VERSION, Timeline};
use hamiltone_exports::{Format, write_all};

fn timeline() -> Timeline {
    Timeline {
        format_version: TIMELINE_VERSION,
        source: "host".to_owned(),
        model: "test".to_owned(),
        model_hash: "00".to_owned(),
        start_s: 0.0,
        duration_s: 0.0,
        window_s: 2.0,
        refresh_s: 0.25,
        labels: Vec::new(),
        columns: Columns::default(),
        events: Vec::new(),
        gaps: Vec::new(),
        threshold: 0.5,
        on_levels: Vec::new(),
        among: Vec::new(),
        sample_rate: 48_000,
        channel: None,
        warnings: Vec::new(),
        no_events: None,
    }
}

#[test]
fn hidden_files_of_a_program_that_was_killed_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (abandoned, in_use) = (".hamiltone-export-a.part", ".hamiltone-export-b.part");
    let kept = [
        in_use,
        ".hamiltone-export-c",
        ".hamiltone-notes",
        "download.part",
    ];
    for name in kept.iter().chain([&abandoned]) {
        std::fs::write(path(name), "x").unwrap();
    }
    let held = std::fs::File::open(path(in_use)).unwrap();
    held.lock().unwrap();
    write_all(&timeline(), &[Format::CSV], folder.path(), "take").unwrap();
    assert!(!path(abandoned).exists());
    assert!(kept.iter().all(|name| path(name).exists()));
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        kept.len() + 1
    );
}
