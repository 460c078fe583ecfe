//! Reaper's list of regions, for "Import regions/markers" in its Region/Marker Manager.

use std::io::{self, Write};

use hamiltone_engine::timeline::Timeline;

use crate::table::{from_zero, io_error, one_line, rows};

pub(crate) fn write(timeline: &Timeline, target: &mut dyn Write) -> io::Result<()> {
    let offset_s = timeline.start_s;
    let mut rows = rows(target);
    rows.write_record(["#", "Name", "Start", "End", "Length"])
        .map_err(io_error)?;
    let events = timeline
        .events
        .iter()
        .map(|event| (event.start_s, event.end_s, event.label.clone()));
    let gaps = timeline.gaps.iter().map(|gap| {
        (
            gap.start_s,
            gap.end_s,
            format!("[not heard: {}]", gap.reason),
        )
    });
    let placed = events.chain(gaps).filter_map(|(start_s, end_s, name)| {
        let (start_s, end_s) = from_zero(start_s + offset_s, end_s + offset_s)?;
        Some((start_s, end_s, name))
    });
    for (index, (start_s, end_s, name)) in placed.enumerate() {
        rows.write_record([
            format!("R{}", index + 1),
            one_line(&name),
            clock(start_s),
            clock(end_s),
            clock(end_s - start_s),
        ])
        .map_err(io_error)?;
    }
    rows.flush()
}

/// Minutes, seconds and thousandths, as Reaper's ruler has them: `61:05.250`.
fn clock(seconds: f64) -> String {
    let milliseconds = (seconds.max(0.0) * 1e3).round() as u64;
    let (whole, thousandths) = (milliseconds / 1000, milliseconds % 1000);
    format!("{}:{:02}.{thousandths:03}", whole / 60, whole % 60)
}

#[cfg(test)]
mod tests {
    use super::clock;

    #[test]
    fn times_round_to_the_millisecond() {
        assert_eq!(clock(0.0), "0:00.000");
        assert_eq!(clock(59.9996), "1:00.000");
        assert_eq!(clock(3665.25), "61:05.250");
        assert_eq!(clock(-1.0), "0:00.000");
    }
}
