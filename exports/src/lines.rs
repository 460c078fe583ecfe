//! JSON lines: a column of tags a line.

use std::io::{self, Write};

use hamiltone_engine::timeline::{TIMELINE_VERSION, Tag, Timeline};
use serde::Serialize;

#[derive(Serialize)]
struct Line {
    format_version: u32,
    time_s: f64,
    top: Vec<Tag>,
}

pub(crate) fn write(timeline: &Timeline, target: &mut dyn Write) -> io::Result<()> {
    for column in timeline.columns.iter() {
        let named = column.named(&timeline.labels);
        let line = Line {
            format_version: TIMELINE_VERSION,
            time_s: timeline.start_s + named.time_s,
            top: named.top,
        };
        serde_json::to_writer(&mut *target, &line)?;
        target.write_all(b"\n")?;
    }
    Ok(())
}
