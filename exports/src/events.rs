//! Events as rows: of one timeline, and of all files of a run.

use std::io::{self, Write};

use hamiltone_engine::timeline::Event;

use crate::clock::Clock;
use crate::fields::{cell, rows};

/// The version of the table.
const EVENTS_VERSION: u32 = 1;

/// Columns are only added at the end; any other change raises [`EVENTS_VERSION`].
pub(crate) const HEADER: [&str; 6] = [
    "format_version",
    "start_s",
    "end_s",
    "label",
    "mean_probability",
    "peak_probability",
];

/// The fields of an event of a timeline that starts at `offset_s`.
pub(crate) fn record(event: &Event, offset_s: f64) -> [String; HEADER.len()] {
    [
        EVENTS_VERSION.to_string(),
        format!("{:.3}", offset_s + event.start_s),
        format!("{:.3}", offset_s + event.end_s),
        cell(&event.label),
        format!("{:.4}", event.mean_probability),
        format!("{:.4}", event.peak_probability),
    ]
}

/// Writes one CSV table of the events of many files: the columns of the format `csv`, then `file`, `channel` and `clock`.
/// Memory does not grow with the rows.
pub struct EventTable<W: Write>(csv::Writer<W>);

impl<W: Write> EventTable<W> {
    /// Writes the header.
    ///
    /// # Errors
    /// If `target` cannot be written to.
    pub fn new(target: W) -> io::Result<Self> {
        let mut rows = rows(target);
        rows.write_record(HEADER.into_iter().chain(["file", "channel", "clock"]))?;
        Ok(Self(rows))
    }

    /// Adds the events of a file. `channel` counts from 1; `None` is a mix of all. `recorded_at` is the start of the
    /// recording, as in the timeline.
    ///
    /// # Errors
    /// If the target cannot be written to.
    pub fn add(
        &mut self,
        file: &str,
        channel: Option<u32>,
        recorded_at: Option<&str>,
        events: impl IntoIterator<Item = Event>,
    ) -> io::Result<()> {
        let channel = channel.map_or_else(String::new, |channel| channel.to_string());
        let clock = recorded_at.and_then(Clock::new);
        for event in events {
            let record = record(&event, 0.0);
            let fields = record.iter().map(String::as_str);
            let clock = clock
                .as_ref()
                .map_or_else(String::new, |clock| clock.at(event.start_s));
            self.0
                .write_record(fields.chain([file, &channel, &clock]))?;
        }
        Ok(())
    }

    /// Flushes the table and returns its target.
    ///
    /// # Errors
    /// If the target cannot be written to.
    pub fn finish(self) -> io::Result<W> {
        let target = self.0.into_inner();
        target.map_err(|error| error.into_error())
    }
}
