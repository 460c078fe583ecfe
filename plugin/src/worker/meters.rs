//! The load of the worker, and whether there is a signal.

use std::time::{Duration, Instant};

/// Audio below this peak (−80 dBFS) is silence.
const SILENCE_PEAK: f32 = 1e-4;

/// Shorter silences, in seconds, are pauses in speech or music.
const SILENCE_S: f64 = 1.5;

/// Without samples for this long, the host is not playing.
const ABSENT: Duration = Duration::from_millis(600);

/// The load: share of real time that the analysis takes, over about the last second of audio.
#[derive(Debug, Default)]
pub(super) struct LoadMeter {
    busy: Duration,
    audio_s: f64,
    load: f32,
}

impl LoadMeter {
    /// Adds work that took `busy` for `audio_s` seconds of audio.
    pub(super) fn add(&mut self, busy: Duration, audio_s: f64) {
        self.busy += busy;
        self.audio_s += audio_s;
        if self.audio_s >= 1.0 {
            self.load = (self.busy.as_secs_f64() / self.audio_s) as f32;
            self.busy = Duration::ZERO;
            self.audio_s = 0.0;
        }
    }

    /// 0.05 is 5 % of real time; 0 during the first second.
    pub(super) fn load(&self) -> f32 {
        self.load
    }
}

/// Whether samples arrive, and whether they are silent.
#[derive(Debug, Default)]
pub(super) struct SignalMeter {
    last_samples: Option<Instant>,
    silent_s: f64,
}

impl SignalMeter {
    pub(super) fn add(&mut self, mono: &[f32], audio_s: f64, now: Instant) {
        self.last_samples = Some(now);
        if mono.iter().any(|sample| sample.abs() > SILENCE_PEAK) {
            self.silent_s = 0.0;
        } else {
            self.silent_s += audio_s;
        }
    }

    pub(super) fn is_absent(&self, now: Instant) -> bool {
        self.last_samples
            .is_none_or(|last| now.saturating_duration_since(last) > ABSENT)
    }

    pub(super) fn is_silent(&self) -> bool {
        self.silent_s > SILENCE_S
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn load_is_processing_time_over_audio_time() {
        let mut meter = LoadMeter::default();
        for _ in 0..9 {
            meter.add(Duration::from_millis(5), 0.1);
            assert_eq!(meter.load(), 0.0, "not within the first second");
        }
        meter.add(Duration::from_millis(5), 0.11);
        assert!((meter.load() - 0.05).abs() < 1e-3, "{}", meter.load());
    }

    #[test]
    fn silence_and_absence_are_distinguished() {
        let start = Instant::now();
        let mut meter = SignalMeter::default();
        assert!(meter.is_absent(start));
        meter.add(&[0.1, -0.1], 1.0, start);
        assert!(!meter.is_absent(start) && !meter.is_silent());
        meter.add(&[0.0, 1e-5], SILENCE_S + 0.1, start);
        assert!(meter.is_silent());
        assert!(meter.is_absent(start + Duration::from_secs(1)));
        meter.add(&[0.0, 0.5], 0.1, start + Duration::from_secs(1));
        assert!(!meter.is_silent() && !meter.is_absent(start + Duration::from_secs(1)));
    }
}
