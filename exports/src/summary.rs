//! The table of one run over many files.

use std::collections::BTreeMap;
use std::io::{self, Write};

use hamiltone_engine::timeline::{Answer, Event, Tag, Warning};
use serde::Serialize;

use crate::fields::{cell, one_line, rows};

/// The version of the table. Columns are only added at the end; any other change raises it.
pub const SUMMARY_VERSION: u32 = 1;

/// Labels in a row.
pub const SUMMARY_TOP: usize = 3;

/// The result of one file. A file that failed has an `error` and neither results nor labels.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct SummaryRow<'a> {
    /// The path.
    pub file: &'a str,
    /// SHA-256 of the contents, in hexadecimal.
    pub sha256: Option<&'a str>,
    /// The length in seconds.
    pub duration_s: Option<f64>,
    /// The number of events.
    pub events: Option<usize>,
    /// Labels with their mean probabilities, highest first. The first [`SUMMARY_TOP`] are written.
    pub top: &'a [Tag],
    /// Why there are no results.
    pub error: Option<&'a str>,
    /// The leading label.
    pub leading: Option<&'a Answer>,
    /// Warnings about the file.
    pub warnings: &'a [Warning],
    /// The channel, from 1; `None` for a mix of all.
    pub channel: Option<u32>,
    /// When the recording began, as in the timeline.
    pub recorded_at: Option<&'a str>,
    /// The labels that were on, by [`LabelOn::of_events`].
    pub labels_on: &'a [LabelOn],
}

/// How long a label was on in a file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LabelOn {
    /// Its name.
    pub label: String,
    /// Seconds of all its events.
    pub seconds: f64,
    /// These seconds as a share of the file, 0 to 1.
    pub share: f64,
    /// The highest probability in its events.
    pub peak_probability: f32,
}

impl LabelOn {
    /// The labels of the events of a file of `duration_s` seconds, the longest first; those of equal length by their peak.
    pub fn of_events(events: impl IntoIterator<Item = Event>, duration_s: f64) -> Vec<Self> {
        let mut labels: BTreeMap<String, (f64, f32)> = BTreeMap::new();
        for event in events {
            let (seconds, peak) = labels.entry(event.label).or_default();
            *seconds += event.end_s - event.start_s;
            *peak = peak.max(event.peak_probability);
        }
        let labels = labels.into_iter();
        let mut labels: Vec<Self> = labels
            .map(|(label, (seconds, peak_probability))| Self {
                label,
                seconds,
                share: if duration_s > 0.0 {
                    (seconds / duration_s).min(1.0)
                } else {
                    0.0
                },
                peak_probability,
            })
            .collect();
        labels.sort_by(|a, b| {
            let by_peak = || b.peak_probability.total_cmp(&a.peak_probability);
            b.seconds.total_cmp(&a.seconds).then_with(by_peak)
        });
        labels
    }

    /// `Speech 12.3 s (41 %, peak 98 %)`.
    fn in_short(&self) -> String {
        let Self {
            label,
            seconds,
            share,
            peak_probability,
        } = self;
        format!(
            "{} {seconds:.1} s ({:.0} %, peak {:.0} %)",
            one_line(label),
            100.0 * share,
            100.0 * peak_probability
        )
    }
}

/// Writes the table as CSV and as JSON lines, one row at a time: memory does not grow with the rows.
pub struct Summary<W: Write> {
    table: csv::Writer<W>,
    lines: W,
}

impl<W: Write> Summary<W> {
    /// Writes the header of the CSV.
    ///
    /// # Errors
    /// If `table` cannot be written to.
    pub fn new(table: W, lines: W) -> io::Result<Self> {
        let mut table = rows(table);
        table.write_record(header())?;
        Ok(Self { table, lines })
    }

    /// Adds a row to both.
    ///
    /// # Errors
    /// If one of them cannot be written to.
    pub fn add(&mut self, row: &SummaryRow<'_>) -> io::Result<()> {
        let line = Line {
            format_version: SUMMARY_VERSION,
            file: row.file,
            sha256: row.sha256,
            duration_s: row.duration_s,
            events: row.events,
            top: top(row),
            error: row.error,
            leading: row.leading,
            warnings: row.warnings,
            channel: row.channel,
            recorded_at: row.recorded_at,
            labels_on: row.labels_on,
        };
        serde_json::to_writer(&mut self.lines, &line)?;
        self.lines.write_all(b"\n")?;
        Ok(self.table.write_record(record(row))?)
    }

    /// Flushes both and returns them: the CSV, then the JSON lines.
    ///
    /// # Errors
    /// If one of them cannot be written to.
    pub fn finish(mut self) -> io::Result<(W, W)> {
        self.lines.flush()?;
        let table = self.table.into_inner();
        Ok((table.map_err(|error| error.into_error())?, self.lines))
    }
}

/// A row as JSON.
#[derive(Serialize)]
struct Line<'a> {
    format_version: u32,
    file: &'a str,
    sha256: Option<&'a str>,
    duration_s: Option<f64>,
    events: Option<usize>,
    top: &'a [Tag],
    error: Option<&'a str>,
    leading: Option<&'a Answer>,
    warnings: &'a [Warning],
    channel: Option<u32>,
    recorded_at: Option<&'a str>,
    labels_on: &'a [LabelOn],
}

fn top<'a>(row: &SummaryRow<'a>) -> &'a [Tag] {
    &row.top[..row.top.len().min(SUMMARY_TOP)]
}

fn header() -> Vec<String> {
    let mut header = ["format_version", "file", "sha256", "duration_s", "events"]
        .map(str::to_owned)
        .to_vec();
    for rank in 1..=SUMMARY_TOP {
        header.extend([format!("label_{rank}"), format!("mean_probability_{rank}")]);
    }
    let last = [
        "error",
        "leading_label",
        "leading_path",
        "leading_is_on",
        "warnings",
        "channel",
        "recorded_at",
        "labels_on",
    ];
    header.extend(last.map(str::to_owned));
    header
}

/// A row as CSV.
fn record(row: &SummaryRow<'_>) -> Vec<String> {
    let mut record = vec![
        SUMMARY_VERSION.to_string(),
        row.file.to_owned(),
        row.sha256.unwrap_or_default().to_owned(),
        row.duration_s
            .map_or_else(String::new, |seconds| format!("{seconds:.3}")),
        row.events
            .map_or_else(String::new, |events| events.to_string()),
    ];
    for rank in 0..SUMMARY_TOP {
        record.extend(match top(row).get(rank) {
            Some(tag) => [tag.label.clone(), format!("{:.4}", tag.probability)],
            None => Default::default(),
        });
    }
    record.push(row.error.unwrap_or_default().to_owned());
    record.extend(match row.leading {
        Some(answer) => [
            answer.label.clone(),
            answer.path.join(" › "),
            answer.on.to_string(),
        ],
        None => Default::default(),
    });
    let warnings = row.warnings.iter().map(|warning| warning.message.as_str());
    record.push(warnings.collect::<Vec<_>>().join("; "));
    let channel = row.channel;
    record.push(channel.map_or_else(String::new, |channel| channel.to_string()));
    record.push(row.recorded_at.unwrap_or_default().to_owned());
    let labels_on = row.labels_on.iter().map(LabelOn::in_short);
    record.push(cell(&labels_on.collect::<Vec<_>>().join("; ")));
    record
}
