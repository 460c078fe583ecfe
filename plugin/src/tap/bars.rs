//! The host's bars.

use nice_plug::prelude as host;

/// Where the host is in its bars, at one frame of its timeline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BarPosition {
    /// Frame of the host's timeline for which the rest holds.
    position: i64,
    /// Bars since the start of the project: 0.5 is the middle of the first bar.
    bars: f64,
    /// Bars a frame.
    bars_per_frame: f64,
}

impl BarPosition {
    /// From what the host reports with a block; `None` if it reports no position, tempo or time signature, or no valid
    /// ones. Does not allocate.
    pub fn of(transport: &host::Transport) -> Option<Self> {
        let numerator = f64::from(transport.time_sig_numerator?);
        let denominator = f64::from(transport.time_sig_denominator?);
        let tempo = transport.tempo?;
        let bar_beats = 4.0 * numerator / denominator;
        let in_bar = transport.pos_beats()? - transport.bar_start_pos_beats()?;
        let bars = f64::from(transport.bar_number()?) + in_bar / bar_beats;
        let bars_per_frame = tempo / 60.0 / bar_beats / f64::from(transport.sample_rate);
        let valid = bars.is_finite() && bars_per_frame.is_finite() && bars_per_frame > 0.0;
        valid.then_some(Self {
            position: transport.pos_samples()?,
            bars,
            bars_per_frame,
        })
    }

    /// Bars since the start of the project at a frame of the host's timeline, as if tempo and time signature were the
    /// same all the way. Meant for frames near the one that was reported.
    pub fn bars_at(self, frame: f64) -> f64 {
        self.bars + (frame - self.position as f64) * self.bars_per_frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: f64) -> host::Transport {
        let mut transport = host::Transport::new(48_000.0);
        transport.tempo = Some(120.0);
        transport.time_sig_numerator = Some(3);
        transport.time_sig_denominator = Some(4);
        transport.pos_seconds = Some(seconds);
        transport
    }

    #[test]
    fn bars_follow_from_tempo_and_time_signature() {
        // 120 quarter notes a minute, three in a bar: 1.5 s a bar.
        let reported = BarPosition::of(&at(3.75)).unwrap();
        assert!((reported.bars_at(3.75 * 48_000.0) - 2.5).abs() < 1e-9);
        assert!((reported.bars_at(3.0 * 48_000.0) - 2.0).abs() < 1e-9);
        let mut told = at(3.75);
        (told.bar_start_pos_beats, told.bar_number) = (Some(6.0), Some(17));
        let told = BarPosition::of(&told).unwrap();
        assert!((told.bars_at(3.75 * 48_000.0) - 17.5).abs() < 1e-9);
    }

    #[test]
    fn without_valid_values_there_are_no_bars() {
        assert_eq!(BarPosition::of(&host::Transport::new(48_000.0)), None);
        for (tempo, numerator, denominator) in [
            (0.0, 4, 4),
            (f64::NAN, 4, 4),
            (-120.0, 4, 4),
            (120.0, 0, 4),
            (120.0, 4, 0),
        ] {
            let mut transport = at(1.0);
            transport.tempo = Some(tempo);
            transport.time_sig_numerator = Some(numerator);
            transport.time_sig_denominator = Some(denominator);
            assert_eq!(
                BarPosition::of(&transport),
                None,
                "{tempo} {numerator} {denominator}"
            );
        }
    }
}
