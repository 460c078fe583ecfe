//! Audacity's label track: start, end and label, with tabs between.

use std::io::{self, Write};

use hamiltone_engine::timeline::Timeline;

use crate::table::{from_zero, one_line};

pub(crate) fn write(timeline: &Timeline, target: &mut dyn Write) -> io::Result<()> {
    let offset_s = timeline.start_s;
    let mut line = |start_s: f64, end_s: f64, label: &str| {
        let Some((start_s, end_s)) = from_zero(start_s + offset_s, end_s + offset_s) else {
            return Ok(());
        };
        writeln!(target, "{start_s:.6}\t{end_s:.6}\t{}", one_line(label))
    };
    for event in &timeline.events {
        line(event.start_s, event.end_s, &event.label)?;
    }
    for gap in &timeline.gaps {
        line(
            gap.start_s,
            gap.end_s,
            &format!("[not heard: {}]", gap.reason),
        )?;
    }
    Ok(())
}
