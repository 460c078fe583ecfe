//! `hamiltone analyze` over a library: folders of results, formats, the journal, the summary.

mod common;

use common::{ANALYZE, Workplace, library, lines, timeline};

#[test]
fn every_format_is_written_and_can_be_read() {
    let place = library();
    let formats = [
        "json", "csv", "jsonl", "audacity", "reaper", "raven", "svl", "jams", "midi", "png", "text",
    ];
    let mut arguments = ANALYZE.to_vec();
    for format in formats {
        arguments.extend(["--format", format]);
    }
    let ran = place.run(&arguments);
    assert_eq!(ran.code, 0, "{ran:?}");
    let bytes =
        |ending: &str| std::fs::read(place.path(&format!("out/sub/c.wav.{ending}"))).unwrap();
    timeline(std::str::from_utf8(&bytes("json")).unwrap());
    assert!(!lines(&place, "out/sub/c.wav.jsonl").is_empty());
    assert!(bytes("reaper.csv").starts_with(b"#,Name,Start"));
    assert!(bytes("csv").starts_with(b"format_version,"));
    midly::Smf::parse(&bytes("mid")).unwrap();
    let picture = bytes("png");
    png::Decoder::new(std::io::Cursor::new(&picture))
        .read_info()
        .unwrap();
    let jams: serde_json::Value = serde_json::from_slice(&bytes("jams")).unwrap();
    assert_eq!(jams["annotations"][0]["namespace"], "tag_open");
    for ending in ["audacity.txt", "txt", "raven.txt", "svl"] {
        String::from_utf8(bytes(ending)).unwrap();
    }
}

#[test]
fn formats_that_need_files_are_not_printed() {
    let place = library();
    for formats in [
        &["--format", "png"][..],
        &["--format", "json", "--format", "csv"],
    ] {
        let ran = place.run(&[&["analyze", "in", "--model", "tiny"], formats].concat());
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.stderr.contains("--out"), "{ran:?}");
        assert!(ran.stdout.is_empty());
    }
}

#[test]
fn a_second_run_processes_only_new_files() {
    let place = library();
    assert_eq!(place.run(&ANALYZE).code, 0);
    let before = std::fs::read(place.path("out/a.wav.json")).unwrap();
    // Known by its contents: a result that was changed by hand stays as it is.
    std::fs::write(place.path("out/a.wav.json"), "mine").unwrap();
    std::fs::remove_file(place.path("out/b.wav.json")).unwrap();
    place.wav("in/sub/c.wav", 32_000, 1.2); // other contents
    let ran = place.run(&ANALYZE);
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.contains("(1 up to date"), "{ran:?}");
    assert_eq!(
        std::fs::read(place.path("out/a.wav.json")).unwrap(),
        b"mine"
    );
    assert!(place.path("out/b.wav.json").exists());
    let done =
        |line: &serde_json::Value| line["sha256"].as_str().is_some_and(|hash| !hash.is_empty());
    let journal = lines(&place, "out/hamiltone-journal.jsonl");
    assert_eq!(journal.into_iter().filter(done).count(), 5);
    // Another window is another result, and so are other labels, and each is written over the one
    // before; `--again` does everything.
    std::fs::remove_file(place.path("out/a.wav.json")).unwrap();
    place.run(&ANALYZE);
    for other in [
        ["--window", "1"],
        ["--among", "sea"],
        ["--threshold", "0.1"],
    ] {
        for arguments in [&[&ANALYZE[..], &other].concat()[..], &ANALYZE] {
            let ran = place.run(arguments);
            assert!(!ran.stderr.contains("up to date"), "{ran:?}");
            let ran = place.run(arguments);
            assert!(ran.stderr.contains("(3 up to date"), "{ran:?}");
        }
        assert_eq!(std::fs::read(place.path("out/a.wav.json")).unwrap(), before);
    }
    std::fs::write(place.path("out/a.wav.json"), "mine").unwrap();
    let ran = place.run(&[&ANALYZE[..], &["--again"]].concat());
    assert!(!ran.stderr.contains("up to date"), "{ran:?}");
    assert_eq!(std::fs::read(place.path("out/a.wav.json")).unwrap(), before);
}

#[test]
fn a_truncated_journal_is_continued() {
    let place = library();
    assert_eq!(place.run(&ANALYZE).code, 0);
    let journal = place.path("out/hamiltone-journal.jsonl");
    let text = std::fs::read_to_string(&journal).unwrap();
    let last = text.trim_end().rfind('\n').unwrap() + 1;
    std::fs::write(&journal, &text[..last + 30]).unwrap();
    let files = || std::fs::read_dir(place.path("out")).unwrap().count();
    let before = files();
    let ran = place.run(&ANALYZE);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stderr.contains("(2 up to date"), "{ran:?}");
    assert_eq!(files(), before, "the results keep their paths");
    let ran = place.run(&ANALYZE);
    assert!(ran.stderr.contains("(3 up to date"), "{ran:?}");
}

#[test]
fn results_of_a_killed_run_are_not_up_to_date() {
    let place = library();
    let other = [&ANALYZE[..], &["--window", "1"]].concat();
    assert_eq!(place.run(&ANALYZE).code, 0);
    let before = std::fs::read(place.path("out/a.wav.json")).unwrap();
    let journal = place.path("out/hamiltone-journal.jsonl");
    let old = std::fs::read_to_string(&journal).unwrap();
    assert_eq!(place.run(&other).code, 0);
    // As if it had been killed before it could tell what it had done: the last three lines say that.
    let text = std::fs::read_to_string(&journal).unwrap();
    let not_told =
        |line: &&str| !line.contains("\"window_s\":1.0,") || line.contains("\"sha256\":\"\"");
    let cut: String = text
        .lines()
        .filter(not_told)
        .map(|line| line.to_owned() + "\n")
        .collect();
    assert!(cut.len() > old.len() && cut.len() < text.len());
    std::fs::write(&journal, cut).unwrap();
    let ran = place.run(&ANALYZE);
    assert_eq!(ran.code, 0);
    assert!(!ran.stderr.contains("up to date"), "{ran:?}");
    assert_eq!(std::fs::read(place.path("out/a.wav.json")).unwrap(), before);
    assert!(
        !place.path("out/a.wav-2.json").exists(),
        "results of this journal are replaced"
    );
}

#[test]
fn files_of_other_programs_are_left_alone() {
    let place = library();
    // Whisper writes its transcripts there.
    place.file("in/a.wav.json", b"a transcript");
    let run = |more: &[&str]| {
        let arguments = ["analyze", "in", "--model", "tiny", "--out", "in"];
        place.run(&[&arguments[..], more].concat())
    };
    for round in 0..2 {
        let ran = run(&[]);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert_eq!(ran.stderr.contains("(3 up to date"), round == 1, "{ran:?}");
        let transcript = std::fs::read(place.path("in/a.wav.json")).unwrap();
        assert_eq!(transcript, b"a transcript");
        let text = std::fs::read_to_string(place.path("in/a.wav-2.json")).unwrap();
        assert_eq!(timeline(&text).source, "in/a.wav");
        assert!(place.path("in/b.wav.json").exists());
        assert!(
            !place.path("in/b.wav-2.json").exists(),
            "results of this journal are replaced"
        );
    }
    // A format that was never written here is not ours either.
    place.file("in/b.wav.csv", b"a table");
    assert_eq!(run(&["--format", "csv"]).code, 0);
    assert_eq!(
        std::fs::read(place.path("in/b.wav.csv")).unwrap(),
        b"a table"
    );
    assert!(place.path("in/b.wav-2.csv").exists());
}

#[test]
fn a_summary_of_another_program_is_not_overwritten() {
    for name in ["out/summary.csv", "out/summary.jsonl", "out/events.csv"] {
        let place = library();
        place.file(name, b"mine");
        for _ in 0..2 {
            let ran = place.run(&ANALYZE);
            assert_eq!(ran.code, 1, "{ran:?}");
            assert!(
                ran.stderr.contains(name) && ran.stderr.contains("rename it"),
                "{ran:?}"
            );
        }
        assert_eq!(std::fs::read(place.path(name)).unwrap(), b"mine");
        let there = std::fs::read_dir(place.path("out")).unwrap().count();
        assert_eq!(there, 1, "nothing was written");
    }
}

#[test]
fn the_summary_has_a_row_for_each_file_including_bad_ones() {
    let place = library();
    place.file("in/bad.wav", b"no sound");
    for round in 0..2 {
        let ran = place.run(&ANALYZE);
        assert_eq!(ran.code, 1, "{ran:?}");
        let rows = lines(&place, "out/summary.jsonl");
        let files: Vec<&str> = rows
            .iter()
            .map(|row| row["file"].as_str().unwrap())
            .collect();
        assert_eq!(
            files,
            ["in/a.wav", "in/b.wav", "in/bad.wav", "in/sub/c.wav"],
            "{round}"
        );
        assert!(rows[2]["error"].as_str().unwrap().contains("bad.wav"));
        assert_eq!(rows[0]["duration_s"], 2.0);
        assert_eq!(rows[0]["top"].as_array().unwrap().len(), 3);
        let mut table = csv::Reader::from_path(place.path("out/summary.csv")).unwrap();
        assert_eq!(table.headers().unwrap().len(), 19);
        let leading = &rows[0]["leading"];
        let first = table.records().next().unwrap().unwrap();
        assert_eq!(&first[12], leading["label"].as_str().unwrap());
        assert_eq!(&first[14], leading["on"].to_string().as_str());
        assert_eq!(table.records().map(Result::unwrap).count(), 3);
    }
}

#[test]
fn fail_fast_starts_no_file_after_an_error() {
    let place = Workplace::new();
    place.file("in/0.wav", b"no sound");
    for index in 1..60 {
        place.wav(&format!("in/{index:02}x.wav"), 8_000, 0.6);
    }
    let ran = place.run(&[&ANALYZE[..], &["--fail-fast", "--jobs", "1"]].concat());
    assert_eq!(ran.code, 1);
    let rows = lines(&place, "out/summary.jsonl").len();
    assert!(rows < 60, "{rows} rows");
}

#[test]
fn the_number_of_jobs_changes_nothing() {
    let place = library();
    assert_eq!(
        place.run(&[&ANALYZE[..], &["--jobs", "1"]].concat()).code,
        0
    );
    let read = |name: &str| std::fs::read(place.path(&format!("out/{name}"))).unwrap();
    let names = ["a.wav.json", "b.wav.json", "sub/c.wav.json", "summary.csv"];
    let one = names.map(read);
    assert_eq!(
        place
            .run(&[&ANALYZE[..], &["--jobs", "3", "--again"]].concat())
            .code,
        0
    );
    assert_eq!(names.map(read), one);
    let ran = place.run(&[&ANALYZE[..], &["--jobs", "1000000", "--again"]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(names.map(read), one);
    assert_eq!(
        place.run(&[&ANALYZE[..], &["--jobs", "0"]].concat()).code,
        2
    );
}
