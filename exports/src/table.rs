//! What the formats share: fields that hold anything, and times.

use std::io::{self, Write};

/// A label on one line: no line ends, no tabs.
pub(crate) fn one_line(label: &str) -> String {
    let clean = label.replace(|letter: char| letter.is_control(), " ");
    let clean = clean.trim();
    if clean.is_empty() {
        "(no name)".to_owned()
    } else {
        clean.to_owned()
    }
}

/// What is left of a stretch in a program that has no time before zero; `None` if it ends before.
pub(crate) fn from_zero(start_s: f64, end_s: f64) -> Option<(f64, f64)> {
    let before = start_s < 0.0 && end_s <= 0.0;
    (!before).then(|| (start_s.max(0.0), end_s.max(0.0)))
}

/// A writer of comma-separated rows.
pub(crate) fn rows(target: &mut dyn Write) -> csv::Writer<&mut dyn Write> {
    csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(target)
}

/// The system's error behind one of the CSV writer.
pub(crate) fn io_error(error: csv::Error) -> io::Error {
    io::Error::from(error)
}
