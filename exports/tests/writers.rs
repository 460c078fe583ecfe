//! Every format, read back.

use std::collections::HashSet;

use hamiltone_engine::timeline::{
    Answer, Columns, Event, Gap, TIMELINE_VERSION, Tag, Timeline, Warning,
};

use hamiltone_exports::{Format, Series, Summary, SummaryRow, write_all};

fn format(name: &str) -> Format {
    name.parse().unwrap()
}

/// Labels that need quoting or cleaning in some formats.
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
        sample_rate: 48_000,
        channel: None,
        warnings: Vec::new(),
        no_events: None,
    }
}

fn bytes(format: Format) -> Vec<u8> {
    bytes_of(&timeline(), format)
}

fn bytes_of(timeline: &Timeline, format: Format) -> Vec<u8> {
    let mut bytes = Vec::new();
    format.write(timeline, &mut bytes).unwrap();
    bytes
}

fn text(format: Format) -> String {
    String::from_utf8(bytes(format)).unwrap()
}

#[test]
fn json_can_be_read_back() {
    let back: Timeline = serde_json::from_str(&text(Format::JSON)).unwrap();
    assert_eq!(back, timeline());
}

#[test]
fn every_line_of_jsonl_is_a_column_in_host_time() {
    let text = text(format("jsonl"));
    assert_eq!(text.lines().count(), 40);
    let first: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(first["time_s"], 90.25);
    assert_eq!(first["top"][1]["label"], "rain, \"heavy\"");
}

#[test]
fn csv_rows_keep_their_columns_whatever_the_labels_hold() {
    let text = text(Format::CSV);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 5);
    assert!(rows.iter().all(|row| row.len() == 6));
    assert_eq!((&rows[0][1], &rows[0][2]), ("90.000", "94.500"));
    assert_eq!(&rows[0][3], HOSTILE[1]);
    assert_eq!(&rows[3][3], "'=1+1", "no formula for a spreadsheet");
}

/// Several files in one CSV: one header, and a last column that names the file, whatever its name.
#[test]
fn csv_of_several_files_names_the_file_in_each_row() {
    let file = "rain, \"heavy\"\u{2028}.wav";
    let mut bytes = Vec::new();
    for first in [true, false] {
        let mut timeline = timeline();
        timeline.source = if first { "a.wav" } else { file }.to_owned();
        let several = true;
        let series = Series { first, several };
        Format::CSV.print(&timeline, series, &mut bytes).unwrap();
    }
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    assert_eq!(&reader.headers().unwrap()[6], "file");
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 10);
    assert_eq!((&rows[4][6], &rows[5][6]), ("a.wav", file));
    // Alone, it is the file format.
    bytes.clear();
    Format::CSV
        .print(&timeline(), Series::SINGLE, &mut bytes)
        .unwrap();
    assert_eq!(String::from_utf8(bytes).unwrap(), text(Format::CSV));
}

#[test]
fn json_lines_of_several_files_name_the_file_in_each_line() {
    let print = |several| {
        let mut bytes = Vec::new();
        let series = Series {
            first: false,
            several,
        };
        format("jsonl")
            .print(&timeline(), series, &mut bytes)
            .unwrap();
        String::from_utf8(bytes).unwrap()
    };
    assert_eq!(print(false), text(format("jsonl")));
    for (line, alone) in print(true).lines().zip(print(false).lines()) {
        let expected = format!("{},\"file\":\"host\"}}", alone.strip_suffix('}').unwrap());
        assert_eq!(line, expected);
    }
}

#[test]
fn json_is_printed_on_one_line() {
    let mut bytes = Vec::new();
    Format::JSON
        .print(&timeline(), Series::SINGLE, &mut bytes)
        .unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert_eq!(text.lines().count(), 1);
    assert_eq!(serde_json::from_str::<Timeline>(&text).unwrap(), timeline());
}

#[test]
fn text_is_aligned_and_says_if_there_are_no_events() {
    let mut timeline = timeline();
    timeline.start_s = 0.0;
    timeline.events.truncate(2);
    let text = |timeline: &Timeline| String::from_utf8(bytes_of(timeline, Format::TEXT)).unwrap();
    let expected = "host  (0:10.0, model test, window 2 s)\n  0:00.0 – 0:04.5  rain, \"heavy\"   75 %  \
                    (peak 90 %)\n  0:04.5 – 0:10.0  dog             75 %  (peak 90 %)\n";
    assert_eq!(text(&timeline), expected);
    timeline.events.clear();
    assert!(text(&timeline).ends_with("\n  no label reached its threshold\n"));
    timeline.no_events = Some("no clear genre".to_owned());
    assert!(text(&timeline).ends_with("\n  no clear genre\n"));
}

/// What `--format` prints on a terminal is what `can_be_printed` promises.
#[test]
fn formats_that_need_a_file_are_not_printed() {
    for format in Format::ALL {
        let printed = format.print(&timeline(), Series::SINGLE, &mut Vec::new());
        assert_eq!(printed.is_ok(), format.can_be_printed(), "{format}");
    }
}

#[test]
fn the_summary_has_the_same_rows_as_csv_and_as_json_lines() {
    let tags = ["dog", "rain", "sea", "clock"].map(|label| Tag {
        label: label.to_owned(),
        probability: 0.25,
    });
    let warnings = [Warning {
        code: "gap".to_owned(),
        message: "1.00 s without audio".to_owned(),
    }];
    let leading = Answer {
        label: "dog".to_owned(),
        path: vec!["animal".to_owned(), "dog".to_owned()],
        probability: 0.25,
        on: true,
    };
    let mut summary = Summary::new(Vec::new(), Vec::new()).unwrap();
    let good = SummaryRow {
        file: "a, b.wav",
        sha256: Some("00"),
        duration_s: Some(2.0),
        events: Some(5),
        top: &tags,
        leading: Some(&leading),
        warnings: &warnings,
        channel: Some(2),
        ..SummaryRow::default()
    };
    let bad = SummaryRow {
        file: "b.wav",
        error: Some("not audio"),
        ..SummaryRow::default()
    };
    summary.add(&good).unwrap();
    summary.add(&bad).unwrap();
    let (table, lines) = summary.finish().unwrap();
    let expected = "format_version,file,sha256,duration_s,events,label_1,mean_probability_1,label_2,\
                    mean_probability_2,label_3,mean_probability_3,error,leading_label,leading_path,\
                    leading_is_on,warnings,channel\r\n\
                    1,\"a, b.wav\",00,2.000,5,dog,0.2500,rain,0.2500,sea,0.2500,,dog,animal › dog,true,\
                    1.00 s without audio,2\r\n1,b.wav,,,,,,,,,,not audio,,,,,\r\n";
    assert_eq!(String::from_utf8(table).unwrap(), expected);
    let lines = String::from_utf8(lines).unwrap();
    let rows: Vec<serde_json::Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        (&rows[0]["file"], &rows[0]["top"][2]["label"]),
        (&"a, b.wav".into(), &"sea".into())
    );
    assert_eq!(
        (&rows[0]["leading"]["on"], &rows[0]["warnings"][0]["code"]),
        (&true.into(), &"gap".into())
    );
    assert_eq!(
        (&rows[1]["error"], &rows[1]["events"]),
        (&"not audio".into(), &serde_json::Value::Null)
    );
}

#[test]
fn audacity_reads_three_fields_per_line() {
    let text = text(format("audacity"));
    let lines: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split('\t').collect())
        .collect();
    assert_eq!(lines.len(), 6);
    assert!(lines.iter().all(|fields| fields.len() == 3));
    assert_eq!(lines[0], ["90.000000", "94.500000", "rain, \"heavy\""]);
    assert_eq!(lines[2][2], "tab and line");
    assert_eq!(lines[4][2], "(no name)");
    assert_eq!(lines[5][2], "[not analysed: lost]");
}

#[test]
fn reaper_has_its_header_and_time_format() {
    let text = text(format("reaper"));
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
fn jams_has_the_fields_of_its_schema() {
    let document: serde_json::Value = serde_json::from_str(&text(format("jams"))).unwrap();
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

/// The events of a track with their times in seconds.
fn timed<'a>(file: &midly::Smf<'a>, track: usize) -> Vec<(f64, midly::TrackEventKind<'a>)> {
    let midly::Timing::Metrical(ticks_per_beat) = file.header.timing else {
        panic!("no metrical timing");
    };
    let mut at = 0u64;
    let events = file.tracks[track].iter().map(|event| {
        at += u64::from(event.delta.as_int());
        let seconds = at as f64 / f64::from(ticks_per_beat.as_int()) * 0.5;
        (seconds, event.kind)
    });
    events.collect()
}

fn markers(bytes: &[u8]) -> Vec<(f64, String)> {
    let file = midly::Smf::parse(bytes).unwrap();
    let events = timed(&file, 0).into_iter();
    let text = |(at, kind)| match kind {
        midly::TrackEventKind::Meta(midly::MetaMessage::Marker(text)) => {
            Some((at, String::from_utf8_lossy(text).into_owned()))
        }
        _ => None,
    };
    events.filter_map(text).collect()
}

#[test]
fn midi_has_one_marker_per_tick_with_all_texts() {
    let markers = markers(&bytes(format("midi")));
    assert_eq!(markers[0], (90.0, "rain, \"heavy\" 75 %".to_owned()));
    let change = "end of rain, \"heavy\"; dog 75 %";
    assert_eq!(markers[1], (94.5, change.to_owned()));
    let gap = "end of tab and line; not analysed: lost";
    assert_eq!(markers[3], (96.0, gap.to_owned()));
    assert!(markers.is_sorted_by(|a, b| a.0 < b.0), "{markers:?}");
    let texts: usize = markers
        .iter()
        .map(|(_, text)| text.split("; ").count())
        .sum();
    assert_eq!(texts, 12);
}

/// Ardour and qtractor import nothing from a file without channel events.
#[test]
fn midi_begins_with_a_channel_event_and_has_a_note_per_event() {
    use midly::{MidiMessage, TrackEventKind};
    let bytes = bytes(format("midi"));
    let file = midly::Smf::parse(&bytes).unwrap();
    assert_eq!(file.header.format, midly::Format::Parallel);
    let first = timed(&file, 0);
    let controller = first
        .iter()
        .find(|(_, kind)| matches!(kind, TrackEventKind::Midi { .. }));
    assert_eq!(controller.unwrap().0, 0.0);
    let mut sounding: std::collections::HashMap<u8, f64> = Default::default();
    let mut notes = Vec::new();
    for (at, kind) in timed(&file, 1) {
        match kind {
            TrackEventKind::Midi { channel, message } => {
                assert_eq!(channel.as_int(), 0);
                match message {
                    MidiMessage::NoteOn { key, vel } => {
                        assert_eq!(vel.as_int(), 95, "75 % of 127");
                        assert!(sounding.insert(key.as_int(), at).is_none());
                    }
                    MidiMessage::NoteOff { key, .. } => {
                        let start = sounding.remove(&key.as_int()).unwrap();
                        notes.push((key.as_int(), start, at));
                    }
                    other => panic!("{other:?}"),
                }
            }
            TrackEventKind::Meta(_) => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(sounding.is_empty());
    notes.sort_by(|a, b| a.1.total_cmp(&b.1));
    assert_eq!(notes.len(), 5);
    assert_eq!(notes[..2], [(37, 90.0, 94.5), (36, 94.5, 100.0)]);
}

#[test]
fn midi_files_of_an_hour_stay_below_ten_million_ticks_and_days_are_possible() {
    let ticks = |start_s: f64| -> u64 {
        let mut timeline = timeline();
        timeline.start_s = start_s;
        let bytes = bytes_of(&timeline, format("midi"));
        let file = midly::Smf::parse(&bytes).unwrap();
        let deltas = file.tracks[0]
            .iter()
            .map(|event| u64::from(event.delta.as_int()));
        deltas.sum()
    };
    assert_eq!(ticks(3_600.0), 3_610 * 1_920);
    assert!(ticks(3_600.0) < 10_000_000);
    assert_eq!(ticks(400_000.0), 400_010 * 1_920);
}

#[test]
fn raven_has_twelve_columns_and_times_in_seconds() {
    let text = text(format("raven"));
    let lines: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split('\t').collect())
        .collect();
    assert_eq!(lines.len(), 6);
    assert!(lines.iter().all(|fields| fields.len() == 12), "{text}");
    assert_eq!(
        lines[0][..5],
        [
            "Selection",
            "View",
            "Channel",
            "Begin Time (s)",
            "End Time (s)"
        ]
    );
    assert_eq!(
        lines[1][3..8],
        ["90.000", "94.500", "0", "16000", "rain, \"heavy\""]
    );
    assert_eq!(lines[5][0], "5");
}

/// Each label has a height of its own, and times are in frames of the audio file.
#[test]
fn svl_regions_are_in_frames_at_the_height_of_their_label() {
    let mut timeline = timeline();
    timeline.start_s = 0.0;
    timeline.sample_rate = 44_100;
    let text = String::from_utf8(bytes_of(&timeline, format("svl"))).unwrap();
    let points: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("<point"))
        .collect();
    assert_eq!(points.len(), 5);
    assert_eq!(
        points[..2],
        [
            r#"<point frame="0" value="1" duration="198450" label="rain, &quot;heavy&quot; 75 %"/>"#,
            r#"<point frame="198450" value="2" duration="242550" label="dog 75 %"/>"#,
        ]
    );
    assert!(text.contains(r#"sampleRate="44100""#) && text.contains(r#"type="regions""#));
}

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

/// A session may begin before the host's zero, and these programs have no negative times.
#[test]
fn nothing_is_before_zero() {
    let mut timeline = timeline();
    timeline.start_s = -5.0; // the first event ends before zero, the second goes on behind it
    timeline.gaps[0].start_s = 1.0;
    let text = |format| String::from_utf8(bytes_of(&timeline, format)).unwrap();

    let document: serde_json::Value = serde_json::from_str(&text(format("jams"))).unwrap();
    let annotation = &document["annotations"][0];
    assert_eq!([&annotation["time"], &annotation["duration"]], [0.0, 5.0]);
    assert_eq!(document["file_metadata"]["duration"], 5.0);
    let data = annotation["data"].as_array().unwrap();
    assert_eq!(data.len(), 4);
    assert_eq!([&data[0]["time"], &data[0]["duration"]], [0.0, 5.0]);
    let gap = &annotation["sandbox"]["gaps"][0];
    assert_eq!([&gap["start_s"], &gap["end_s"]], [0.0, 1.5]);

    let reaper = text(format("reaper"));
    let first = reaper.lines().nth(1).unwrap();
    assert_eq!(first, "R1,dog,0:00.000,0:05.000,0:05.000");
    assert_eq!(reaper.lines().count(), 6);

    let audacity = text(format("audacity"));
    assert_eq!(audacity.lines().next(), Some("0.000000\t5.000000\tdog"));
    assert_eq!(audacity.lines().count(), 5);

    let midi = bytes_of(&timeline, format("midi"));
    let heavy = midi.windows(4).any(|four| four == b"rain");
    assert!(!heavy, "an event before zero has no marker");
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
