//! A list of regions for "Import regions/markers" in Reaper's Region/Marker Manager.

use std::io::{self, Write};

use hamiltone_engine::timeline::Timeline;

use crate::fields::{from_zero, gap_label, one_line, rows};

pub(super) fn write(timeline: &Timeline, target: &mut dyn Write) -> io::Result<()> {
    let mut rows = rows(target);
    rows.write_record(["#", "Name", "Start", "End", "Length"])?;
    let events = timeline.events.iter();
    let events = events.map(|event| (event.start_s, event.end_s, event.label.clone()));
    let gaps = timeline.gaps.iter();
    let gaps = gaps.map(|gap| (gap.start_s, gap.end_s, gap_label(&gap.reason)));
    let regions = events.chain(gaps).filter_map(|(start_s, end_s, name)| {
        let (start_s, end_s) = from_zero(timeline.start_s + start_s, timeline.start_s + end_s)?;
        Some((start_s, end_s, name))
    });
    for (index, (start_s, end_s, name)) in regions.enumerate() {
        rows.write_record([
            format!("R{}", index + 1),
            one_line(&name),
            clock(start_s),
            clock(end_s),
            clock(end_s - start_s),
        ])?;
    }
    rows.flush()
}

/// Minutes, seconds and milliseconds in the notation of Reaper's ruler: `61:05.250`.
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
