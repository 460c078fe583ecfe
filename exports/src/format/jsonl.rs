//! JSON lines: one line per column of tags.

use std::io::{self, Write};

use hamiltone_engine::timeline::{Tag, Timeline};
use serde::Serialize;

use crate::series::Series;

/// It rises when a field changes its meaning or is removed.
const LINE_VERSION: u32 = 1;

#[derive(Serialize)]
struct Line<'a> {
    format_version: u32,
    time_s: f64,
    top: Vec<Tag>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<u32>,
}

pub(super) fn write(timeline: &Timeline, target: &mut dyn Write) -> io::Result<()> {
    print(timeline, Series::SINGLE, target)
}

/// With a field `file` if several files share the output, and a field `channel` if one was selected.
pub(super) fn print(timeline: &Timeline, series: Series, target: &mut dyn Write) -> io::Result<()> {
    for column in timeline.columns.iter() {
        let named = column.named(&timeline.labels);
        let line = Line {
            format_version: LINE_VERSION,
            time_s: timeline.start_s + named.time_s,
            top: named.top,
            file: series.several.then_some(timeline.source.as_str()),
            channel: timeline.channel,
        };
        serde_json::to_writer(&mut *target, &line)?;
        target.write_all(b"\n")?;
    }
    Ok(())
}
