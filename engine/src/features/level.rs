//! A gain for quiet sound, from the sound itself, frame by frame.

use serde::{Deserialize, Serialize};

/// Raises quiet sound before the logarithm. The gain of a frame depends on that frame and those before it only, so
/// live and file give the same gains in any block sizes.
///
/// An envelope follows the loudest frames: it rises at once and falls by `release_db_per_s`. Where it is under
/// `target_db` the gain is to be the difference, `most_db` at most; sound that is louder is not changed. An envelope
/// under `gate_db` is noise of the recording: the gain is less by as many decibels. The gain falls at once and rises
/// by `rise_db_per_s`, from 0 after silence, so the onset of a loud sound is not touched.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LevelSettings {
    /// Level in dB of full scale (mean square of a frame) that quiet sound is raised to, −60 to 0.
    pub target_db: f64,
    /// The largest gain in dB, 0 to 60.
    pub most_db: f64,
    /// How fast the envelope falls, in dB a second, 0.1 to 1000.
    pub release_db_per_s: f64,
    /// Envelopes under this get less gain, −120 to `target_db`.
    pub gate_db: f64,
    /// How fast the gain rises, in dB a second, 0.1 to 1000.
    pub rise_db_per_s: f64,
}

impl LevelSettings {
    /// The settings with the best result on fold 4 of ESC-50 at 0, −20 and −40 dB, of those without a loss at 0 dB.
    pub const USUAL: Self = Self {
        target_db: -30.0,
        most_db: 40.0,
        release_db_per_s: 10.0,
        gate_db: -80.0,
        rise_db_per_s: 20.0,
    };

    /// The gain in dB for an envelope, once it has risen.
    fn gain_db(&self, envelope_db: f64) -> f64 {
        let under_gate = (self.gate_db - envelope_db).max(0.0);
        ((self.target_db - envelope_db).clamp(0.0, self.most_db) - under_gate).max(0.0)
    }

    /// Whether every value is in its range.
    pub(super) fn is_valid(&self) -> bool {
        (-60.0..=0.0).contains(&self.target_db)
            && (0.0..=60.0).contains(&self.most_db)
            && (0.1..=1000.0).contains(&self.release_db_per_s)
            && (0.1..=1000.0).contains(&self.rise_db_per_s)
            && (-120.0..=self.target_db).contains(&self.gate_db)
    }
}

/// The envelope of one stream.
pub(super) struct Level {
    settings: LevelSettings,
    /// Decibels that the envelope falls from frame to frame.
    release_db: f64,
    /// Decibels that the gain rises.
    rise_db: f64,
    envelope_db: f64,
    gain_db: f64,
}

/// The envelope in silence.
const SILENCE_DB: f64 = -120.0;

impl Level {
    /// `hop_s`: seconds from frame to frame.
    pub(super) fn new(settings: LevelSettings, hop_s: f64) -> Self {
        Self {
            settings,
            release_db: settings.release_db_per_s * hop_s,
            rise_db: settings.rise_db_per_s * hop_s,
            envelope_db: SILENCE_DB,
            gain_db: 0.0,
        }
    }

    /// As after a long silence.
    pub(super) fn reset(&mut self) {
        self.envelope_db = SILENCE_DB;
        self.gain_db = 0.0;
    }

    /// Takes the mean square of the next frame; returns the factor for its powers, at least 1. Allocates nothing.
    pub(super) fn factor(&mut self, mean_square: f64) -> f64 {
        let level_db = 10.0 * mean_square.log10(); // of silence: minus infinity
        let released = (self.envelope_db - self.release_db).max(SILENCE_DB);
        self.envelope_db = released.max(level_db);
        let gain_db = self.settings.gain_db(self.envelope_db);
        self.gain_db = gain_db.min(self.gain_db + self.rise_db);
        10f64.powf(self.gain_db / 10.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level() -> Level {
        Level::new(LevelSettings::USUAL, 0.01)
    }

    /// The gain in dB after a number of frames at a level in dB.
    fn gain_after(level: &mut Level, frames: usize, level_db: f64) -> f64 {
        let mean_square = 10f64.powf(level_db / 10.0);
        let factors = (0..frames).map(|_| level.factor(mean_square));
        10.0 * factors.last().unwrap().log10()
    }

    #[test]
    fn quiet_sound_rises_to_the_target_and_loud_sound_stays() {
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} for {b}");
        let mut level = level();
        close(gain_after(&mut level, 10, -20.0), 0.0);
        level.reset();
        close(gain_after(&mut level, 10, -55.0), 2.0); // 20 dB a second
        close(gain_after(&mut level, 300, -55.0), 25.0);
        close(gain_after(&mut level, 1, -35.0), 5.0); // falls at once
        close(gain_after(&mut level, 50, -60.0), 10.0); // the envelope is 5 dB down
        level.reset();
        close(gain_after(&mut level, 400, -90.0), 30.0); // 40, less what is under the gate
        close(gain_after(&mut level, 1_000, -115.0), 5.0);
    }

    #[test]
    fn silence_resets_envelope_and_gain() {
        let mut level = level();
        gain_after(&mut level, 300, -55.0);
        for _ in 0..1_000 {
            level.factor(0.0);
        }
        assert_eq!((level.envelope_db, level.gain_db), (SILENCE_DB, 0.0));
    }
}
