//! A timeline with labels that need quoting, and ways to write it.
#![allow(dead_code, unreachable_pub)] // each test binary uses its own part

use hamiltone_engine::timeline::{Columns, Event, Gap, TIMELINE_VERSION, Timeline};
use hamiltone_exports::Format;

/// A format by name.
pub fn format(name: &str) -> Format {
    name.parse().unwrap()
}

/// Labels that need quoting or cleaning in some formats.
pub const HOSTILE: [&str; 5] = ["dog", "rain, \"heavy\"", "tab\tand\nline", "=1+1", ""];

/// Ten seconds from 1:30 on the timeline of a host.
pub fn timeline() -> Timeline {
    let mut columns = Columns::default();
    for step in 0..40 {
        let dog = (step as f32 / 40.0).min(0.9);
        columns.push(
            f64::from(step + 1) * 0.25,
            [(0, dog), (1, 0.9 - dog), (2, 0.05)],
        );
    }
    let event = |start_s, end_s, label: usize| Event {
        start_s,
        end_s,
        label: HOSTILE[label].to_owned(),
        mean_probability: 0.75,
        peak_probability: 0.9,
    };
    Timeline {
        format_version: TIMELINE_VERSION,
        source: "host".to_owned(),
        model: "test".to_owned(),
        model_hash: "00".to_owned(),
        start_s: 90.0,
        duration_s: 10.0,
        window_s: 2.0,
        refresh_s: 0.25,
        labels: HOSTILE.map(str::to_owned).to_vec(),
        columns,
        events: vec![
            event(0.0, 4.5, 1),
            event(4.5, 10.0, 0),
            event(5.0, 6.0, 2),
            event(7.0, 8.0, 3),
            event(8.5, 9.0, 4),
        ],
        gaps: vec![Gap {
            start_s: 6.0,
            end_s: 6.5,
            reason: "lost".to_owned(),
        }],
        threshold: 0.5,
        on_levels: Vec::new(),
        among: Vec::new(),
        sample_rate: 48_000,
        recorded_at: None,
        channel: None,
        warnings: Vec::new(),
        no_events: None,
    }
}

/// The timeline in a format.
pub fn bytes(format: Format) -> Vec<u8> {
    bytes_of(&timeline(), format)
}

/// A timeline in a format.
pub fn bytes_of(timeline: &Timeline, format: Format) -> Vec<u8> {
    let mut bytes = Vec::new();
    format.write(timeline, &mut bytes).unwrap();
    bytes
}

/// The timeline in a format of text.
pub fn text(format: Format) -> String {
    String::from_utf8(bytes(format)).unwrap()
}
