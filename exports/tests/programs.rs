//! Formats of other programs, read back.

mod common;

use common::{HOSTILE, bytes, bytes_of, format, text, timeline};

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

/// A lyric stands directly before the notes that it names, at their tick.
#[test]
fn midi_notes_have_their_labels_as_lyrics() {
    use midly::{MetaMessage, MidiMessage, TrackEventKind};
    let bytes = bytes(format("midi"));
    let file = midly::Smf::parse(&bytes).unwrap();
    let (mut lyrics, mut starts) = (Vec::new(), Vec::new());
    for (at, kind) in timed(&file, 1) {
        match kind {
            TrackEventKind::Meta(MetaMessage::Lyric(text)) => {
                lyrics.push((at, String::from_utf8_lossy(text).into_owned()));
            }
            TrackEventKind::Midi {
                message: MidiMessage::NoteOn { .. },
                ..
            } => {
                assert_eq!(
                    lyrics.last().map(|(lyric, _)| *lyric),
                    Some(at),
                    "lyric first"
                );
                starts.push(at);
            }
            _ => {}
        }
    }
    assert_eq!(lyrics[0], (90.0, "rain, \"heavy\"".to_owned()));
    assert_eq!(lyrics[1], (94.5, "dog".to_owned()));
    let names: usize = lyrics
        .iter()
        .map(|(_, text)| text.split("; ").count())
        .sum();
    assert_eq!(names, starts.len(), "a name for each note");
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
        ["0.000", "4.500", "0", "16000", "rain, \"heavy\""]
    );
    assert_eq!(lines[5][0], "5");
}

/// Each label has a height of its own, and times are in frames of the audio file.
#[test]
fn svl_regions_are_in_frames_at_the_height_of_their_label() {
    let mut timeline = timeline();
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
