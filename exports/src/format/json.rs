//! The whole timeline as JSON, as [`Timeline`] serialises itself.

use std::io::{self, Write};

use hamiltone_engine::timeline::Timeline;

use crate::series::Series;

/// Indented.
pub(super) fn write(timeline: &Timeline, target: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *target, timeline)?;
    target.write_all(b"\n")
}

/// On one line.
pub(super) fn print(
    timeline: &Timeline,
    _series: Series,
    target: &mut dyn Write,
) -> io::Result<()> {
    serde_json::to_writer(&mut *target, timeline)?;
    target.write_all(b"\n")
}
