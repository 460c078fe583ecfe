//! A label track for Audacity: start, end and label, separated by tabs.

use std::io::{self, Write};

use hamiltone_engine::timeline::Timeline;

use crate::fields::{from_zero, gap_label, one_line};

pub(super) fn write(timeline: &Timeline, target: &mut dyn Write) -> io::Result<()> {
    let mut line = |start_s: f64, end_s: f64, label: &str| {
        let offset_s = timeline.start_s;
        match from_zero(start_s + offset_s, end_s + offset_s) {
            None => Ok(()),
            Some((start_s, end_s)) => {
                writeln!(target, "{start_s:.6}\t{end_s:.6}\t{}", one_line(label))
            }
        }
    };
    for event in &timeline.events {
        line(event.start_s, event.end_s, &event.label)?;
    }
    for gap in &timeline.gaps {
        line(gap.start_s, gap.end_s, &gap_label(&gap.reason))?;
    }
    Ok(())
}
