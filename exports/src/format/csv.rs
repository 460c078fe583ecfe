//! The events as CSV (RFC 4180), one row each.

use std::io::{self, Write};

use hamiltone_engine::timeline::Timeline;

use crate::clock::Clock;
use crate::events::{HEADER, record};
use crate::fields::rows;
use crate::series::Series;

pub(super) fn write(timeline: &Timeline, target: &mut dyn Write) -> io::Result<()> {
    print(timeline, Series::SINGLE, target)
}

/// With a column `file` if several files share the output, and a column `channel` if one was selected. A file of its own has a
/// column `clock` if the time of the recording is known; in a shared output, columns cannot depend on the file.
pub(super) fn print(timeline: &Timeline, series: Series, target: &mut dyn Write) -> io::Result<()> {
    let file = series.several.then_some(timeline.source.as_str());
    let channel = timeline.channel.map(|channel| channel.to_string());
    let recorded_at = timeline.recorded_at.as_deref().filter(|_| file.is_none());
    let clock = recorded_at.and_then(Clock::new);
    let mut rows = rows(target);
    if series.first {
        let names = [
            file.map(|_| "file"),
            channel.as_ref().map(|_| "channel"),
            clock.as_ref().map(|_| "clock"),
        ];
        rows.write_record(HEADER.into_iter().chain(names.into_iter().flatten()))?;
    }
    for event in &timeline.events {
        let record = record(event, timeline.start_s);
        let fields = record.iter().map(String::as_str);
        let clock = clock.as_ref().map(|clock| clock.at(event.start_s));
        let last = [file, channel.as_deref(), clock.as_deref()];
        rows.write_record(fields.chain(last.into_iter().flatten()))?;
    }
    rows.flush()
}
