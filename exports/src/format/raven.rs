//! A selection table for Raven: tab-separated, one selection per event.

use std::io::{self, Write};

use hamiltone_engine::timeline::Timeline;

use crate::fields::{from_zero, one_line};

/// Raven needs a frequency range; labels have none, so selections span that of the shipped models.
const LOW_HZ: u32 = 0;
const HIGH_HZ: u32 = 16_000;

const HEADER: &str = "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)\tLabel\t\
                      Mean Probability\tPeak Probability\tBegin Path\tFile Offset (s)";

pub(super) fn write(timeline: &Timeline, target: &mut dyn Write) -> io::Result<()> {
    writeln!(target, "{HEADER}")?;
    let path = one_line(&timeline.source);
    let channel = timeline.channel.unwrap_or(1);
    let mut selection = 0;
    for event in &timeline.events {
        let (start_s, end_s) = (
            timeline.start_s + event.start_s,
            timeline.start_s + event.end_s,
        );
        let Some((start_s, end_s)) = from_zero(start_s, end_s) else {
            continue;
        };
        selection += 1;
        writeln!(
            target,
            "{selection}\tSpectrogram 1\t{channel}\t{start_s:.3}\t{end_s:.3}\t{LOW_HZ}\t{HIGH_HZ}\t{}\t{:.4}\t{:.4}\t{path}\t{start_s:.3}",
            one_line(&event.label),
            event.mean_probability,
            event.peak_probability,
        )?;
    }
    Ok(())
}
