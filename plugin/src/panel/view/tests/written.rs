//! Files that were written can be found again: by the file manager and by their path.

use std::path::PathBuf;

use super::*;

const SIZES: [PanelSize; 2] = [PanelSize::MIN, PanelSize::DEFAULT];

#[test]
fn a_file_that_the_panel_saved_can_be_shown_and_its_path_copied() {
    for page in ["Tags", "Roll", "Labels"] {
        for size in SIZES {
            let mut bench = Bench::new(page, size, snapshot());
            if page == "Tags" && !bench.shows("Tag roll") {
                continue; // no space for the roll in a small window
            }
            assert!(!bench.shows("Copy path"), "{page}: nothing was saved yet");
            let path = PathBuf::from("/music/a folder/notes of a session with a long name.csv");
            bench.done = Some(Done {
                text: "Saved notes of a session with a long name.csv".to_owned(),
                written: vec![path.clone()],
            });
            bench.pictures(2);
            bench.click(bench.middle_of("Show"));
            assert_eq!(bench.wanted, [Action::Reveal(path.clone())], "{page}");
            bench.click(bench.middle_of("Copy path"));
            assert_eq!(bench.copied, [path.to_string_lossy()], "{page}");
            bench.done.as_mut().unwrap().written.clear(); // a file that was loaded
            bench.pictures(2);
            assert!(!bench.shows("Copy path"), "{page}");
        }
    }
}

#[test]
fn every_file_of_a_timeline_has_a_path_to_copy() {
    for size in SIZES {
        let mut bench = Bench::new("Outputs", size, snapshot());
        assert!(!bench.shows("Copy path"), "there is no folder");
        let files = ["json", "png", "mid"].map(|e| PathBuf::from(format!("/music/take.{e}")));
        bench.snapshot.bounce.written = files.to_vec();
        bench.pictures(2);
        bench.click(bench.middle_of("Show"));
        assert_eq!(bench.wanted, [Action::Reveal(files[0].clone())]);
        bench.click(bench.middle_of("Copy path"));
        bench.pictures(2);
        bench.click(bench.area_of("take.mid").center());
        assert_eq!(bench.copied, ["/music/take.mid"]);
        bench.snapshot.bounce.written.truncate(1);
        bench.pictures(2);
        bench.click(bench.middle_of("Copy path"));
        assert_eq!(bench.copied.last().unwrap(), "/music/take.json");
    }
}

#[test]
fn the_folder_of_reports_can_be_shown_and_copied() {
    for size in SIZES {
        let mut bench = Bench::new("Outputs", size, snapshot());
        let folder = PathBuf::from("/music/reports");
        bench.snapshot.report_folder = Some(folder.clone());
        bench.pictures(2);
        bench.click(bench.middle_of("Show"));
        bench.click(bench.middle_of("Copy path"));
        assert_eq!(bench.wanted, [Action::Reveal(folder)]);
        assert_eq!(bench.copied, ["/music/reports"]);
    }
}

#[test]
fn the_keyboard_reaches_both_buttons() {
    let mut bench = Bench::new("Labels", PanelSize::DEFAULT, snapshot());
    let path = PathBuf::from("/music/notes.csv");
    bench.done = Some(Done {
        text: "Saved notes.csv".to_owned(),
        written: vec![path.clone()],
    });
    for _ in 0..80 {
        bench.press_key(egui::Key::Tab);
        let update = bench.output.platform_output.accesskit_update.as_ref();
        let update = update.unwrap();
        let focus = update.nodes.iter().find(|(id, _)| *id == update.focus);
        if let Some("Show" | "Copy path") = focus.and_then(|(_, node)| node.label()) {
            bench.press_key(egui::Key::Enter);
        }
    }
    assert!(bench.wanted.contains(&Action::Reveal(path)));
    assert!(
        bench
            .copied
            .iter()
            .any(|copied| copied == "/music/notes.csv")
    );
}
