//! Columns know the host's bars.

use super::*;
use crate::tap::{BarPosition, Transport};

/// Plays the rooster from a position in seconds, at 120 quarter notes a minute in 4/4 if the host reports a tempo.
fn bars_from(from_s: f64, has_tempo: bool) -> Vec<(Option<f64>, Option<f64>)> {
    let mut bench = Bench::new();
    let mut tap = bench.start(false);
    let mut reported = nice_plug::prelude::Transport::new(RATE as f32);
    reported.tempo = has_tempo.then_some(120.0);
    (reported.time_sig_numerator, reported.time_sig_denominator) = (Some(4), Some(4));
    let mut position = (from_s * RATE) as i64;
    for block in rooster().chunks(512) {
        reported.pos_samples = Some(position);
        tap.follow(Transport {
            position: Some(position),
            playing: true,
        });
        tap.follow_bars(BarPosition::of(&reported));
        tap.write(&[block, block], Listen::Mix);
        position += block.len() as i64;
    }
    bench.wait("tags", |s| s.time_s > 1.7);
    let history = bench.worker.history();
    let history = history.lock();
    let columns = history.tags().iter();
    columns.map(|column| (column.host_s, column.bars)).collect()
}

#[test]
fn a_column_knows_its_bar_where_the_host_reports_a_tempo() {
    for from_s in [0.0, 61.0] {
        let columns = bars_from(from_s, true);
        assert!(columns.len() > 8);
        for (host_s, bars) in columns {
            // Two seconds a bar.
            let expected = host_s.unwrap() / 2.0;
            assert!(
                (bars.unwrap() - expected).abs() < 1e-6,
                "{bars:?} {expected}"
            );
        }
    }
    let without = bars_from(0.0, false);
    assert!(
        without
            .iter()
            .all(|(host_s, bars)| host_s.is_some() && bars.is_none())
    );
}
