//! `hamiltone analyze --out`: what the tables and results say of recordings: warnings, events, clock times, channels, files that are
//! not read.

mod common;

use common::{ANALYZE, Workplace, json_of, library, lines, timeline};

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

/// One table of all events: the rows of all CSV results with the file, also for files that are up to date.
#[test]
fn the_table_of_events_covers_all_files_of_the_run() {
    let place = library();
    place.file("in/bad.wav", b"not audio");
    let run = || place.run(&[&ANALYZE[..], &["--format", "csv"]].concat());
    let read = |name: &str| std::fs::read_to_string(place.path(name)).unwrap();
    let expected = || {
        let header = "format_version,start_s,end_s,label,mean_probability,peak_probability,file,channel,clock\r\n";
        let mut table = header.to_owned();
        for file in ["a.wav", "b.wav", "sub/c.wav"] {
            let rows = read(&format!("out/{file}.csv"));
            for row in rows.lines().skip(1) {
                table += &format!("{row},in/{file},,\r\n");
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
    assert!(run().stderr.contains("(3 up to date"));
    assert_eq!(read("out/events.csv"), expected());
    place.wav("in/b.wav", 32_000, 3.0);
    assert!(run().stderr.contains("(2 up to date"));
    assert_eq!(read("out/events.csv"), expected());
}

/// Field recordings know the time: results have it beside seconds.
#[test]
fn events_have_the_clock_time_of_the_recording() {
    let place = library();
    let mut bytes = std::fs::read(place.path("in/a.wav")).unwrap();
    let text = b"GUANO|Version: 1.0\nTimestamp: 2021-07-01T23:59:59.5+02:00\n";
    bytes.extend(b"guan");
    bytes.extend((text.len() as u32).to_le_bytes());
    bytes.extend(text);
    place.file("in/a.wav", &bytes);
    let formats = ["--format", "json", "--format", "csv"];
    for round in ["first", "up to date"] {
        let ran = place.run(&[&ANALYZE[..], &formats].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
        let recorded = lines(&place, "out/summary.jsonl")[0]["recorded_at"].clone();
        assert_eq!(recorded, "2021-07-01T23:59:59.5+02:00", "{round}");
        let mut table = csv::Reader::from_path(place.path("out/events.csv")).unwrap();
        assert_eq!(&table.headers().unwrap()[8], "clock");
        let rows: Vec<csv::StringRecord> = table.records().map(Result::unwrap).collect();
        assert!(
            rows.iter()
                .all(|row| row[8].is_empty() == (&row[6] != "in/a.wav")),
            "{rows:?}"
        );
        let mut table = csv::Reader::from_path(place.path("out/a.wav.csv")).unwrap();
        assert_eq!(&table.headers().unwrap()[6], "clock");
        for row in table.records().map(Result::unwrap) {
            let seconds: f64 = row[1].parse().unwrap();
            let ms = 86_399_500 + (seconds * 1e3).round() as u64;
            let (day, second) = (ms / 86_400_000, ms / 1000 % 86_400);
            let (hour, minute) = (second / 3600, second / 60 % 60);
            let expected = format!(
                "2021-07-{:02}T{hour:02}:{minute:02}:{:02}.{:03}+02:00",
                1 + day,
                second % 60,
                ms % 1000
            );
            assert_eq!(&row[6], expected);
        }
        let mut table = csv::Reader::from_path(place.path("out/b.wav.csv")).unwrap();
        assert_eq!(table.headers().unwrap().len(), 6);
    }
    let text = std::fs::read_to_string(place.path("out/a.wav.json")).unwrap();
    assert_eq!(
        timeline(&text).recorded_at.as_deref(),
        Some("2021-07-01T23:59:59.5+02:00")
    );
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
    assert!(ran.stderr.contains("hamiltone: 1 tagged"), "{ran:?}");
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
        ran.stderr
            .contains("11 tagged, 2 failed, 2 skipped (not audio: "),
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

/// One selection table of all files, as Raven shows files that are opened as a sequence; and the labels that were on.
#[test]
fn one_table_for_raven_and_the_labels_of_each_file() {
    let place = common::library();
    place.file("in/ab.wav", b"not audio");
    let ran = place.run(&[&ANALYZE[..], &["--format", "raven", "--threshold", "0.2"]].concat());
    assert_eq!(ran.code, 1, "{ran:?}");
    let text = std::fs::read_to_string(place.path("out/all-files.raven.txt")).unwrap();
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(b'\t')
        .from_reader(text.as_bytes());
    let column = |name: &str| {
        let text = text.lines().next().unwrap();
        text.split('\t')
            .position(|heading| heading == name)
            .unwrap()
    };
    let (begin, path, offset) = (
        column("Begin Time (s)"),
        column("Begin Path"),
        column("File Offset (s)"),
    );
    let starts = [("in/a.wav", 0.0), ("in/b.wav", 2.0), ("in/sub/c.wav", 3.5)];
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    for (number, row) in rows.iter().enumerate() {
        assert_eq!(row[0], (number + 1).to_string());
        let (_, start) = starts.iter().find(|(name, _)| *name == &row[path]).unwrap();
        let number = |column: usize| row[column].parse::<f64>().unwrap();
        assert!(
            (number(begin) - number(offset) - start).abs() < 2e-3,
            "{row:?}"
        );
    }
    // The rows are those of the files' own tables, and their sums those of the summary.
    let summary = lines(&place, "out/summary.jsonl");
    let mut of_files = 0;
    for (name, _) in starts {
        let stem = name.strip_prefix("in/").unwrap();
        let table = std::fs::read_to_string(place.path(&format!("out/{stem}.raven.txt"))).unwrap();
        of_files += table.lines().count() - 1;
        let row = summary.iter().find(|row| row["file"] == name).unwrap();
        let on = row["labels_on"].as_array().unwrap();
        assert!(!on.is_empty(), "{row}");
        for label in on {
            let seconds = label["seconds"].as_f64().unwrap();
            let mut sum = 0.0;
            let (heading, end) = (column("Label"), column("End Time (s)"));
            for row in rows
                .iter()
                .filter(|row| row[path] == *name && label["label"] == row[heading])
            {
                sum += row[end].parse::<f64>().unwrap() - row[begin].parse::<f64>().unwrap();
            }
            assert!((seconds - sum).abs() < 0.01, "{label}: {sum}");
            let share = label["share"].as_f64().unwrap();
            assert!((share - seconds / row["duration_s"].as_f64().unwrap()).abs() < 1e-6);
        }
        let lengths: Vec<f64> = on
            .iter()
            .map(|on| on["seconds"].as_f64().unwrap())
            .collect();
        assert!(
            lengths.is_sorted_by(|a, b| a >= b),
            "the longest first: {lengths:?}"
        );
    }
    assert_eq!(of_files, rows.len());
    let mut reader = csv::Reader::from_path(place.path("out/summary.csv")).unwrap();
    assert_eq!(
        reader.headers().unwrap().iter().next_back(),
        Some("labels_on")
    );
    let first = reader.records().next().unwrap().unwrap();
    let cell = first.iter().next_back().unwrap();
    assert!(
        cell.contains(" s (") && cell.contains(" %, peak "),
        "{cell}"
    );
}
