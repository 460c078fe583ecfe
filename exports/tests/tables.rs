//! JSON, CSV, JSON lines, text and the summary, read back.

mod common;

use common::{HOSTILE, bytes_of, format, text, timeline};
use hamiltone_engine::timeline::{Answer, Tag, Timeline, Warning};
use hamiltone_exports::{Format, Series, Summary, SummaryRow};

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
        recorded_at: Some("2019-02-20T19:17:30Z"),
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
                    leading_is_on,warnings,channel,recorded_at,labels_on\r\n\
                    1,\"a, b.wav\",00,2.000,5,dog,0.2500,rain,0.2500,sea,0.2500,,dog,animal › dog,true,\
                    1.00 s without audio,2,2019-02-20T19:17:30Z,\r\n1,b.wav,,,,,,,,,,not audio,,,,,,,\r\n";
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
