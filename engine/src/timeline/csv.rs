use std::fmt::Write;

use super::{Event, TIMELINE_VERSION};

/// The header. Columns are only ever added at the end; any other change raises the version.
const HEADER: &str = "format_version,start_s,end_s,label,mean_probability,peak_probability";

pub(super) fn events_to_csv(events: &[Event], offset_s: f64) -> String {
    let mut text = format!("{HEADER}\r\n");
    for event in events {
        let Event {
            start_s,
            end_s,
            label,
            mean_probability,
            peak_probability,
        } = event;
        let (start_s, end_s) = (start_s + offset_s, end_s + offset_s);
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "{TIMELINE_VERSION},{start_s:.3},{end_s:.3},{},{mean_probability:.4},{peak_probability:.4}\r\n",
            field(label)
        );
    }
    text
}

/// Quotes a field where RFC 4180 requires it, and where a spreadsheet would read it as a formula.
fn field(text: &str) -> String {
    let special = text.contains([',', '"', '\r', '\n']);
    let formula = text.starts_with(['=', '+', '-', '@']);
    match (special, formula) {
        (_, true) => format!("\"'{}\"", text.replace('"', "\"\"")),
        (true, _) => format!("\"{}\"", text.replace('"', "\"\"")),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_with_commas_and_quotes_stay_one_field() {
        assert_eq!(field("rain"), "rain");
        assert_eq!(field("Car, \"old\""), "\"Car, \"\"old\"\"\"");
        assert_eq!(field("=1+1"), "\"'=1+1\"");
    }
}
