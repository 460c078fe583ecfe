//! The table of formats, pictures, and files that are never overwritten.

mod common;

use std::collections::HashSet;

use common::{bytes_of, format, timeline};
use hamiltone_engine::timeline::{Columns, Timeline};
use hamiltone_exports::{Format, write_all};

/// The picture's red, green and blue, row after row.
fn pixels_of(timeline: &Timeline) -> Vec<u8> {
    let bytes = bytes_of(timeline, format("png"));
    let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes))
        .read_info()
        .unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!(info.width, 1600);
    pixels
}

#[test]
fn the_picture_is_brighter_for_higher_probabilities() {
    let pixels = pixels_of(&timeline());
    let brightness = |x: usize, y: usize| -> u32 {
        let at = (y * 1600 + x) * 3;
        pixels[at..at + 3].iter().map(|&v| u32::from(v)).sum()
    };
    // The first row is one of the two that change places in the middle.
    let row = 84 + 17;
    let (early, late) = (brightness(300, row), brightness(1540, row));
    assert!(early.abs_diff(late) > 100, "{early} and {late}");
    let colours: HashSet<&[u8]> = pixels.chunks(3).collect();
    assert!(colours.len() > 60, "{} colours", colours.len());
}

#[test]
fn the_picture_is_empty_in_gaps() {
    let mut timeline = timeline();
    timeline.columns = Columns::default();
    for step in (1..=10).chain(30..=40) {
        timeline.columns.push(f64::from(step) * 0.25, [(0, 0.9)]);
    }
    (timeline.gaps[0].start_s, timeline.gaps[0].end_s) = (2.5, 7.25);
    let pixels = pixels_of(&timeline);
    let row = &pixels[(84 + 17) * 1600 * 3..][..1600 * 3];
    let at = |seconds: f64| (260.0 + seconds / 10.0 * 1300.0) as usize * 3;
    let bright = |from_s: f64, to_s: f64| {
        let pixels = row[at(from_s)..at(to_s)].chunks(3);
        pixels.filter(|pixel| pixel[0] > 150).count()
    };
    assert_eq!(bright(2.6, 7.1), 0);
    assert!(bright(0.1, 2.4) > 200 && bright(7.6, 9.9) > 200);
}

#[test]
fn an_empty_timeline_is_written_in_every_format() {
    let mut empty = timeline();
    empty.columns = Columns::default();
    empty.events.clear();
    empty.gaps.clear();
    empty.duration_s = 0.0;
    for format in Format::ALL {
        format.write(&empty, &mut Vec::new()).unwrap();
    }
}

#[test]
fn nothing_is_overwritten_and_a_group_keeps_one_number() {
    let folder = tempfile::tempdir().unwrap();
    let formats = [Format::JSON, format("reaper"), Format::CSV];
    std::fs::write(folder.path().join("take.reaper.csv"), "mine").unwrap();
    let first = write_all(&timeline(), &formats, folder.path(), "take").unwrap();
    let second = write_all(&timeline(), &formats, folder.path(), "take").unwrap();
    let names = |paths: &[std::path::PathBuf]| -> Vec<String> {
        let name =
            |path: &std::path::PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
        paths.iter().map(name).collect()
    };
    assert_eq!(
        names(&first),
        ["take-2.json", "take-2.reaper.csv", "take-2.csv"]
    );
    assert_eq!(
        names(&second),
        ["take-3.json", "take-3.reaper.csv", "take-3.csv"]
    );
    assert_eq!(
        std::fs::read(folder.path().join("take.reaper.csv")).unwrap(),
        b"mine"
    );
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        7,
        "no unfinished files remain"
    );
}

#[test]
fn a_folder_that_cannot_be_created_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a file");
    std::fs::write(&file, "x").unwrap();
    let error = write_all(&timeline(), &[Format::JSON], &file.join("below"), "take").unwrap_err();
    assert!(error.to_string().contains("a file"), "{error}");
    assert!(error.to_string().contains("another folder"), "{error}");
}

#[test]
fn names_and_endings_are_one_to_one() {
    let endings: HashSet<_> = Format::ALL.map(Format::ending).into_iter().collect();
    assert_eq!(endings.len(), Format::ALL.len());
    for format in Format::ALL {
        assert_eq!(format.name().parse::<Format>().unwrap(), format);
    }
    assert!(
        "mp3"
            .parse::<Format>()
            .unwrap_err()
            .to_string()
            .contains("reaper")
    );
}

#[test]
fn the_documentation_names_every_format_with_its_ending() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/FORMATS.md");
    let text = std::fs::read_to_string(path).unwrap();
    for format in Format::ALL {
        assert!(text.contains(&format!("\n## {format}\n")), "{format}");
        let row = format!("| `{format}` | `.{}` |", format.ending());
        assert!(text.contains(&row), "{row}");
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
