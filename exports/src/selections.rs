//! Selection tables of Raven: of one file, and of all files of a run.

use std::io::{self, Write};

use hamiltone_engine::timeline::Event;

use crate::fields::one_line;

/// Raven needs a frequency range. Labels have none, so selections span the band of the shipped models, which run at 32 kHz.
const LOW_HZ: u32 = 0;
const HIGH_HZ: u32 = 16_000;

const HEADER: &str = "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)\tLabel\t\
                      Mean Probability\tPeak Probability\tBegin Path\tFile Offset (s)";

/// Writes one selection table of the events of many files, as if Raven had opened these files as one sequence: begin and end
/// times count from the start of the first file, `File Offset (s)` from the start of the file in `Begin Path`. Memory does not
/// grow with the rows.
pub struct SelectionTable<W: Write> {
    target: W,
    rows: usize,
    /// The file of the last rows, its start in the sequence, and its length.
    file: String,
    start_s: f64,
    duration_s: f64,
}

impl<W: Write> SelectionTable<W> {
    /// Writes the header.
    ///
    /// # Errors
    /// If `target` cannot be written to.
    pub fn new(mut target: W) -> io::Result<Self> {
        writeln!(target, "{HEADER}")?;
        Ok(Self {
            target,
            rows: 0,
            file: String::new(),
            start_s: 0.0,
            duration_s: 0.0,
        })
    }

    /// Adds the events of a file of `duration_s` seconds. `channel` counts from 1; `None` is a mix, which Raven shows as the
    /// first channel. Further channels of the same file have to follow it.
    ///
    /// # Errors
    /// If the target cannot be written to.
    pub fn add(
        &mut self,
        file: &str,
        channel: Option<u32>,
        duration_s: f64,
        events: impl IntoIterator<Item = Event>,
    ) -> io::Result<()> {
        if self.file != file {
            self.start_s += self.duration_s;
            file.clone_into(&mut self.file);
            self.duration_s = duration_s;
        }
        let path = one_line(file);
        for event in events {
            self.rows += 1;
            let (start_s, end_s) = (event.start_s, event.end_s);
            writeln!(
                self.target,
                "{}\tSpectrogram 1\t{}\t{:.3}\t{:.3}\t{LOW_HZ}\t{HIGH_HZ}\t{}\t{:.4}\t{:.4}\t{path}\t{start_s:.3}",
                self.rows,
                channel.unwrap_or(1),
                self.start_s + start_s,
                self.start_s + end_s,
                one_line(&event.label),
                event.mean_probability,
                event.peak_probability,
            )?;
        }
        Ok(())
    }

    /// Flushes the table and returns its target.
    ///
    /// # Errors
    /// If the target cannot be written to.
    pub fn finish(mut self) -> io::Result<W> {
        self.target.flush()?;
        Ok(self.target)
    }
}
