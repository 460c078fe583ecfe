use std::collections::HashSet;

use hamiltone_engine::timeline::{Columns, Event, Gap, TIMELINE_VERSION, Timeline};

use super::*;

/// Labels that would break any format that took them as they are.
const HOSTILE: [&str; 5] = ["dog", "rain, \"heavy\"", "tab\tand\nline", "=1+1", ""];

fn timeline() -> Timeline {
    let mut columns = Columns::default();
    for step in 0..40 {
        let dog = (step as f32 / 40.0).min(0.9);
        columns.push(
            f64::from(step + 1) * 0.25,
            [(0, dog), (1, 0.9 - dog), (2, 0.05)],
        );
    }
    let event = |start_s, end_s, label: usize| Event {
        start_s,
        end_s,
        label: HOSTILE[label].to_owned(),
        mean_probability: 0.75,
        peak_probability: 0.9,
    };
    Timeline {
        format_version: TIMELINE_VERSION,
        source: "host".to_owned(),
        model: "test".to_owned(),
        model_hash: "00".to_owned(),
        start_s: 90.0,
        duration_s: 10.0,
        window_s: 2.0,
        refresh_s: 0.25,
        labels: HOSTILE.map(str::to_owned).to_vec(),
        columns,
        events: vec![
            event(0.0, 4.5, 1),
            event(4.5, 10.0, 0),
            event(5.0, 6.0, 2),
            event(7.0, 8.0, 3),
            event(8.5, 9.0, 4),
        ],
        gaps: vec![Gap {
            start_s: 6.0,
            end_s: 6.5,
            reason: "lost".to_owned(),
        }],
        threshold: 0.5,
        on_levels: Vec::new(),
        among: Vec::new(),
    }
}

fn bytes(format: Format) -> Vec<u8> {
    bytes_of(&timeline(), format)
}

fn bytes_of(timeline: &Timeline, format: Format) -> Vec<u8> {
    let mut bytes = Vec::new();
    export(timeline, format, &mut bytes).unwrap();
    bytes
}

fn text(format: Format) -> String {
    String::from_utf8(bytes(format)).unwrap()
}

#[test]
fn json_comes_back_as_it_went() {
    let back: Timeline = serde_json::from_str(&text(Format::Json)).unwrap();
    assert_eq!(back, timeline());
}

#[test]
fn every_line_of_jsonl_is_a_column_in_the_hosts_time() {
    let text = text(Format::Jsonl);
    assert_eq!(text.lines().count(), 40);
    let first: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(first["time_s"], 90.25);
    assert_eq!(first["top"][1]["label"], "rain, \"heavy\"");
}

#[test]
fn csv_rows_keep_their_columns_whatever_the_labels_hold() {
    let text = text(Format::Csv);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 5);
    assert!(rows.iter().all(|row| row.len() == 6));
    assert_eq!((&rows[0][1], &rows[0][2]), ("90.000", "94.500"));
    assert_eq!(&rows[0][3], HOSTILE[1]);
    assert_eq!(&rows[3][3], "'=1+1", "no formula for a spreadsheet");
}

#[test]
fn audacity_reads_three_fields_a_line() {
    let text = text(Format::Audacity);
    let lines: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split('\t').collect())
        .collect();
    assert_eq!(lines.len(), 6);
    assert!(lines.iter().all(|fields| fields.len() == 3));
    assert_eq!(lines[0], ["90.000000", "94.500000", "rain, \"heavy\""]);
    assert_eq!(lines[2][2], "tab and line");
    assert_eq!(lines[4][2], "(no name)");
    assert_eq!(lines[5][2], "[not heard: lost]");
}

#[test]
fn reaper_gets_its_header_and_its_clock() {
    let text = text(Format::Reaper);
    assert!(text.starts_with("#,Name,Start,End,Length\r\n"), "{text}");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(
        rows[0],
        vec!["R1", HOSTILE[1], "1:30.000", "1:34.500", "0:04.500"]
    );
    assert_eq!(rows.len(), 6);
}

#[test]
fn jams_has_what_its_schema_wants() {
    let document: serde_json::Value = serde_json::from_str(&text(Format::Jams)).unwrap();
    assert!(document["file_metadata"]["duration"].as_f64().unwrap() > 0.0);
    assert!(document["file_metadata"]["jams_version"].is_string());
    assert!(document["sandbox"].is_object());
    let annotation = &document["annotations"][0];
    assert_eq!(annotation["namespace"], "tag_open");
    assert!(annotation["annotation_metadata"]["curator"].is_object());
    let data = annotation["data"].as_array().unwrap();
    assert_eq!(data.len(), 5);
    for observation in data {
        assert!(observation["time"].as_f64().unwrap() >= 90.0);
        assert!(observation["duration"].as_f64().unwrap() > 0.0);
        assert!(observation["value"].is_string());
        assert_eq!(observation["confidence"], 0.75);
    }
    let gap = &annotation["sandbox"]["gaps"][0];
    assert_eq!([&gap["start_s"], &gap["end_s"]], [96.0, 96.5]);
}

#[test]
fn midi_markers_stand_where_the_events_are() {
    let bytes = bytes(Format::Midi);
    let file = midly::Smf::parse(&bytes).unwrap();
    let midly::Timing::Metrical(ticks_a_beat) = file.header.timing else {
        panic!("no metrical timing");
    };
    let mut at = 0u64;
    let mut markers = Vec::new();
    for event in &file.tracks[0] {
        at += u64::from(event.delta.as_int());
        if let midly::TrackEventKind::Meta(midly::MetaMessage::Marker(text)) = event.kind {
            let seconds = at as f64 / f64::from(ticks_a_beat.as_int()) * 0.5;
            markers.push((seconds, String::from_utf8_lossy(text).into_owned()));
        }
    }
    assert_eq!(markers.len(), 12);
    assert_eq!(markers[0], (90.0, "rain, \"heavy\" 75 %".to_owned()));
    assert_eq!(markers[1], (94.5, "end of rain, \"heavy\"".to_owned()));
    assert_eq!(markers[2], (94.5, "dog 75 %".to_owned()));
}

#[test]
fn a_day_is_not_too_long_for_midi() {
    let mut timeline = timeline();
    timeline.start_s = 86_400.0;
    let mut bytes = Vec::new();
    export(&timeline, Format::Midi, &mut bytes).unwrap();
    let file = midly::Smf::parse(&bytes).unwrap();
    let ticks: u64 = file.tracks[0]
        .iter()
        .map(|e| u64::from(e.delta.as_int()))
        .sum();
    assert_eq!(ticks, 86_410 * 20_000);
}

/// The picture's red, green and blue, row after row.
fn pixels_of(timeline: &Timeline) -> Vec<u8> {
    let bytes = bytes_of(timeline, Format::Png);
    let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes))
        .read_info()
        .unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!(info.width, 1600);
    pixels
}

#[test]
fn the_picture_is_brighter_where_the_label_is_surer() {
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
fn the_picture_is_empty_where_nothing_was_heard() {
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

/// A session may begin before the host's zero, and these programs have nothing there.
#[test]
fn nothing_is_before_zero() {
    let mut timeline = timeline();
    timeline.start_s = -5.0; // the first event ends before zero, the second goes on behind it
    timeline.gaps[0].start_s = 1.0;
    let text = |format| String::from_utf8(bytes_of(&timeline, format)).unwrap();

    let document: serde_json::Value = serde_json::from_str(&text(Format::Jams)).unwrap();
    let annotation = &document["annotations"][0];
    assert_eq!([&annotation["time"], &annotation["duration"]], [0.0, 5.0]);
    assert_eq!(document["file_metadata"]["duration"], 5.0);
    let data = annotation["data"].as_array().unwrap();
    assert_eq!(data.len(), 4);
    assert_eq!([&data[0]["time"], &data[0]["duration"]], [0.0, 5.0]);
    let gap = &annotation["sandbox"]["gaps"][0];
    assert_eq!([&gap["start_s"], &gap["end_s"]], [0.0, 1.5]);

    let reaper = text(Format::Reaper);
    let first = reaper.lines().nth(1).unwrap();
    assert_eq!(first, "R1,dog,0:00.000,0:05.000,0:05.000");
    assert_eq!(reaper.lines().count(), 6);

    let audacity = text(Format::Audacity);
    assert_eq!(audacity.lines().next(), Some("0.000000\t5.000000\tdog"));
    assert_eq!(audacity.lines().count(), 5);

    let midi = bytes_of(&timeline, Format::Midi);
    let heavy = midi.windows(4).any(|four| four == b"rain");
    assert!(!heavy, "an event before zero has no marker");
}

#[test]
fn a_timeline_of_nothing_is_written_in_every_format() {
    let mut empty = timeline();
    empty.columns = Columns::default();
    empty.events.clear();
    empty.gaps.clear();
    empty.duration_s = 0.0;
    for format in Format::ALL {
        export(&empty, format, &mut Vec::new()).unwrap();
    }
}

#[test]
fn nothing_is_overwritten_and_a_group_keeps_one_number() {
    let folder = tempfile::tempdir().unwrap();
    let formats = [Format::Json, Format::Reaper, Format::Csv];
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
        "nothing is left over"
    );
}

#[test]
fn a_folder_that_cannot_be_is_said_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a file");
    std::fs::write(&file, "x").unwrap();
    let error = write_all(&timeline(), &[Format::Json], &file.join("below"), "take").unwrap_err();
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
    let text = include_str!("../../docs/FORMATS.md");
    for format in Format::ALL {
        assert!(text.contains(&format!("\n## {format}\n")), "{format}");
        let row = format!("| `{format}` | `.{}` |", format.ending());
        assert!(text.contains(&row), "{row}");
    }
}
