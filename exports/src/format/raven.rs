//! A selection table for Raven: tab-separated, one selection per event. Times are those in the audio file.

use std::io::{self, Write};

use hamiltone_engine::timeline::Timeline;

use crate::selections::SelectionTable;

pub(super) fn write(timeline: &Timeline, target: &mut dyn Write) -> io::Result<()> {
    let mut table = SelectionTable::new(target)?;
    let events = timeline.events.iter().cloned();
    table.add(
        &timeline.source,
        timeline.channel,
        timeline.duration_s,
        events,
    )?;
    table.finish()?;
    Ok(())
}
