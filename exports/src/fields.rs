//! Fields and times that several formats share.

use std::io::Write;

/// A label on one line, without control characters; `(no name)` if nothing is left.
pub(crate) fn one_line(label: &str) -> String {
    let clean = label.replace(|letter: char| letter.is_control(), " ");
    let clean = clean.trim();
    if clean.is_empty() {
        "(no name)".to_owned()
    } else {
        clean.to_owned()
    }
}

/// A label as a spreadsheet cell: a text that would be taken for a formula begins with an apostrophe.
pub(crate) fn cell(label: &str) -> String {
    if label.starts_with(['=', '+', '-', '@']) {
        format!("'{label}")
    } else {
        label.to_owned()
    }
}

/// The label of a gap in formats that have no gaps.
pub(crate) fn gap_label(reason: &str) -> String {
    format!("[not analysed: {reason}]")
}

/// The part of an interval at or after zero, for programs that have no negative times; `None` if there is none.
pub(crate) fn from_zero(start_s: f64, end_s: f64) -> Option<(f64, f64)> {
    let before = start_s < 0.0 && end_s <= 0.0;
    (!before).then(|| (start_s.max(0.0), end_s.max(0.0)))
}

/// A writer of comma-separated rows that end in CR LF.
pub(crate) fn rows<W: Write>(target: W) -> csv::Writer<W> {
    csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(target)
}
