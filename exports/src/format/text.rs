//! The events as aligned text, for reading.

use std::io::{self, Write};

use hamiltone_engine::text::printable;
use hamiltone_engine::timeline::Timeline;

use crate::series::Series;

/// Shown if there are no events, unless the timeline has a phrase of its own.
const NO_EVENTS: &str = "no label reached its threshold";

pub(super) fn print(
    timeline: &Timeline,
    _series: Series,
    target: &mut dyn Write,
) -> io::Result<()> {
    write(timeline, target)
}

pub(super) fn write(timeline: &Timeline, target: &mut dyn Write) -> io::Result<()> {
    let Timeline {
        source,
        model,
        window_s,
        ..
    } = timeline;
    let source = printable(source);
    let length = clock(timeline.duration_s);
    let channel = timeline.channel;
    let channel = channel.map_or_else(String::new, |channel| format!("channel {channel}, "));
    writeln!(
        target,
        "{source}  ({channel}{length}, model {model}, window {window_s} s)"
    )?;
    if timeline.events.is_empty() {
        let phrase = timeline.no_events.as_deref().unwrap_or(NO_EVENTS);
        writeln!(target, "  {phrase}")?;
    }
    let labels = timeline.events.iter().map(|event| &event.label);
    let label_width = labels.map(|label| label.chars().count()).max().unwrap_or(0);
    let end = clock((timeline.start_s + timeline.duration_s).max(timeline.duration_s));
    let time_width = end.chars().count();
    for event in &timeline.events {
        writeln!(
            target,
            "  {:>time_width$} – {:>time_width$}  {:label_width$}  {:3.0} %  (peak {:.0} %)",
            clock(timeline.start_s + event.start_s),
            clock(timeline.start_s + event.end_s),
            event.label,
            100.0 * event.mean_probability,
            100.0 * event.peak_probability,
        )?;
    }
    Ok(())
}

/// Seconds as `m:ss.t`, or `h:mm:ss.t`.
fn clock(seconds: f64) -> String {
    let sign = if seconds <= -0.05 { "-" } else { "" };
    let tenths = (seconds.abs() * 10.0).round() as u64;
    let (minutes, rest) = (tenths / 600, (tenths % 600) as f64 / 10.0);
    match minutes / 60 {
        0 => format!("{sign}{minutes}:{rest:04.1}"),
        hours => format!("{sign}{hours}:{:02}:{rest:04.1}", minutes % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::clock;

    #[test]
    fn times_round_to_a_tenth() {
        for (seconds, shown) in [
            (0.0, "0:00.0"),
            (5.04, "0:05.0"),
            (59.96, "1:00.0"),
            (3_725.5, "1:02:05.5"),
            (-5.0, "-0:05.0"),
        ] {
            assert_eq!(clock(seconds), shown);
        }
    }
}
