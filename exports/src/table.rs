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
