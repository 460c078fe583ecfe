//! `hamiltone analyze` over a library: folders of results, formats, the journal, the summary.

mod common;

use common::{Workplace, timeline};

fn lines(place: &Workplace, name: &str) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(place.path(name)).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// A folder with three files, and what analyses it.
fn library() -> Workplace {
    let place = Workplace::new();
    for (name, seconds) in [("in/a.wav", 2.0), ("in/b.wav", 1.5), ("in/sub/c.wav", 1.0)] {
        place.wav(name, 32_000, seconds);
    }
    place
}

const ANALYZE: [&str; 6] = ["analyze", "in", "--model", "tiny", "--out", "out"];

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
    assert!(ran.stderr.contains("1 file is up to date"), "{ran:?}");
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
            assert!(ran.stderr.contains("3 files are up to date"), "{ran:?}");
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
    assert!(ran.stderr.contains("2 files are up to date"), "{ran:?}");
    assert_eq!(files(), before, "the results keep their paths");
    let ran = place.run(&ANALYZE);
    assert!(ran.stderr.contains("3 files are up to date"), "{ran:?}");
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
        assert_eq!(
            ran.stderr.contains("3 files are up to date"),
            round == 1,
            "{ran:?}"
        );
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
        assert_eq!(table.headers().unwrap().len(), 17);
        let leading = &rows[0]["leading"];
        let first = table.records().next().unwrap().unwrap();
        assert_eq!(&first[12], leading["label"].as_str().unwrap());
        assert_eq!(&first[14], leading["on"].to_string().as_str());
        assert_eq!(table.records().map(Result::unwrap).count(), 3);
    }
}

#[test]
fn warnings_are_in_the_timeline_and_in_the_summary() {
    let place = Workplace::new();
    let bytes = std::fs::read(place.wav("a.wav", 32_000, 2.0)).unwrap();
    place.file("in/cut.wav", &bytes[..bytes.len() / 2]);
    place.file("in/whole.wav", &bytes);
    for round in ["first", "up to date"] {
        let ran = place.run(&[&ANALYZE[..], &["--format", "json", "--format", "jams"]].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
        let rows = lines(&place, "out/summary.jsonl");
        let warning = &rows[0]["warnings"][0];
        assert_eq!(warning["code"], "ends-early", "{round}");
        assert_eq!(rows[1]["warnings"], serde_json::json!([]), "{round}");
        let mut table = csv::Reader::from_path(place.path("out/summary.csv")).unwrap();
        assert_eq!(&table.headers().unwrap()[15], "warnings");
        let cells: Vec<String> = table
            .records()
            .map(|row| row.unwrap()[15].to_owned())
            .collect();
        assert_eq!(cells, [warning["message"].as_str().unwrap(), ""], "{round}");
        let text = std::fs::read_to_string(place.path("out/cut.wav.json")).unwrap();
        let warnings = timeline(&text).warnings;
        assert_eq!(warnings.len(), 1, "{round}: {warnings:?}");
        assert_eq!(warnings[0].code, "ends-early");
        let text = std::fs::read_to_string(place.path("out/whole.wav.json")).unwrap();
        assert!(!text.contains("warnings"), "absent if there are none");
        let jams = json_of(&place, "out/cut.wav.jams");
        assert_eq!(
            jams["annotations"][0]["sandbox"]["warnings"][0]["code"],
            "ends-early"
        );
    }
}

fn json_of(place: &Workplace, name: &str) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(place.path(name)).unwrap()).unwrap()
}

/// One table of all events: the rows of all CSV results with the file, also for files that are up to date.
#[test]
fn the_table_of_events_covers_all_files_of_the_run() {
    let place = library();
    place.file("in/bad.wav", b"not audio");
    let run = || place.run(&[&ANALYZE[..], &["--format", "csv"]].concat());
    let read = |name: &str| std::fs::read_to_string(place.path(name)).unwrap();
    let expected = || {
        let header =
            "format_version,start_s,end_s,label,mean_probability,peak_probability,file,channel\r\n";
        let mut table = header.to_owned();
        for file in ["a.wav", "b.wav", "sub/c.wav"] {
            let rows = read(&format!("out/{file}.csv"));
            for row in rows.lines().skip(1) {
                table += &format!("{row},in/{file},\r\n");
            }
        }
        table
    };
    assert_eq!(run().code, 1);
    assert!(
        expected().lines().count() > 4,
        "there are events: {}",
        expected()
    );
    assert_eq!(read("out/events.csv"), expected());
    assert!(run().stderr.contains("3 files are up to date"));
    assert_eq!(read("out/events.csv"), expected());
    place.wav("in/b.wav", 32_000, 3.0);
    assert!(run().stderr.contains("2 files are up to date"));
    assert_eq!(read("out/events.csv"), expected());
}

/// A recorder with two microphones: each channel has a timeline, and they are not mixed.
#[test]
fn channels_can_be_chosen_or_analysed_separately() {
    let place = Workplace::new();
    let left = common::sound(32_000, 2.0);
    let spec = hound::WavSpec {
        channels: 3,
        sample_rate: 32_000,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    std::fs::create_dir(place.path("in")).unwrap();
    let mut writer = hound::WavWriter::create(place.path("in/poly.wav"), spec).unwrap();
    for (frame, sample) in left.iter().enumerate() {
        let noise = ((frame * 7_919) % 1_000) as f32 / 1_000.0 - 0.5;
        for value in [*sample, noise, 0.0] {
            writer.write_sample(value).unwrap();
        }
    }
    writer.finalize().unwrap();
    common::write_float_wav(&place.path("left.wav"), 32_000, &left);
    let ran = place.run(&[&ANALYZE[..], &["--channel", "each"]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.stderr
            .contains("poly.wav, channel 3: the file is silent"),
        "{ran:?}"
    );
    assert!(
        ran.stderr.contains("1 read, 0 refused, 0 not audio"),
        "{ran:?}"
    );
    let of = |channel: u32| {
        let path = place.path(&format!("out/poly.wav.ch{channel}.json"));
        let timeline = timeline(&std::fs::read_to_string(path).unwrap());
        assert_eq!(timeline.channel, Some(channel));
        timeline
    };
    let alone = timeline(
        &place
            .run(&["analyze", "left.wav", "--model", "tiny"])
            .stdout,
    );
    assert_eq!(
        of(1).columns,
        alone.columns,
        "channel 1 is not mixed with others"
    );
    assert_ne!(of(2).columns, alone.columns);
    let rows = lines(&place, "out/summary.jsonl");
    let channels: Vec<u64> = rows
        .iter()
        .map(|row| row["channel"].as_u64().unwrap())
        .collect();
    assert_eq!(channels, [1, 2, 3]);
    assert_eq!(rows[2]["warnings"][0]["code"], "silent");
    // One channel on stdout, where rows name it.
    let arguments = [
        "analyze",
        "in",
        "--model",
        "tiny",
        "--format",
        "csv",
        "--channel",
        "1",
    ];
    let ran = place.run(&arguments);
    let mut reader = csv::Reader::from_reader(ran.stdout.as_bytes());
    assert_eq!(&reader.headers().unwrap()[6], "channel");
    assert!(reader.records().all(|row| &row.unwrap()[6] == "1"));
    let ran = place.run(&[
        "classify",
        "in/poly.wav",
        "--channel",
        "4",
        "--model",
        "tiny",
    ]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.contains("no channel 4; the file has 3"),
        "{ran:?}"
    );
    assert_eq!(place.run(&["classify", "in", "--channel", "0"]).code, 2);
}

/// Every file of a folder is read, is an error row, or is counted.
#[test]
fn folders_leave_nothing_out_silently() {
    let place = library();
    let fixtures =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../decoding/tests/fixtures");
    for (fixture, name) in [
        ("video.mp4", "in/clip.MP4"),
        ("aac.mov", "in/phone.mov"),
        ("opus.webm", "in/web.webm"),
        ("s16le.w64", "in/long.w64"),
        ("rf64.wav", "in/recorder.rf64"),
        ("small.wav", "in/recorder.bwf"),
        ("au-s16be.au", "in/old.au"),
        ("aac.mka", "in/a.mka"),
        ("wavpack.wv", "in/pack.wv"),
        ("wma.wma", "in/windows.wma"),
    ] {
        std::fs::copy(fixtures.join(fixture), place.path(name)).unwrap();
    }
    place.file("in/notes.txt", b"text");
    place.file("in/sub/cover.jpg", b"picture");
    let ran = place.run(&ANALYZE);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(
        ran.stderr.contains("11 read, 2 refused, 2 not audio"),
        "{ran:?}"
    );
    let rows = lines(&place, "out/summary.jsonl");
    let refused: Vec<_> = rows.iter().filter(|row| !row["error"].is_null()).collect();
    assert_eq!((rows.len(), refused.len()), (13, 2));
    for (row, codec) in refused.iter().zip(["WavPack", "Windows Media"]) {
        let error = row["error"].as_str().unwrap();
        assert!(
            error.contains(codec) && error.contains("ffmpeg -i"),
            "{error}"
        );
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
