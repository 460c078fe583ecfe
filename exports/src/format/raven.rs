//! A selection table for Raven: tab-separated, one selection per event. Times are those in the audio file.

use std::io::{self, Write};

use hamiltone_engine::timeline::Timeline;

use crate::fields::one_line;

/// Raven needs a frequency range. Labels have none, so selections span the band of the shipped models, which run at 32 kHz.
const LOW_HZ: u32 = 0;
const HIGH_HZ: u32 = 16_000;

const HEADER: &str = "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)\tLabel\t\
                      Mean Probability\tPeak Probability\tBegin Path\tFile Offset (s)";

pub(super) fn write(timeline: &Timeline, target: &mut dyn Write) -> io::Result<()> {
    writeln!(target, "{HEADER}")?;
    let path = one_line(&timeline.source);
    let channel = timeline.channel.unwrap_or(1);
    for (index, event) in timeline.events.iter().enumerate() {
        let (selection, start_s, end_s) = (index + 1, event.start_s, event.end_s);
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
