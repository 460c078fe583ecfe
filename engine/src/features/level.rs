//! A gain for quiet sound, from the sound itself, frame by frame.

use serde::{Deserialize, Serialize};

use super::settings::FeatureSettings;

/// Raises quiet sound before the logarithm. The gain of a frame depends on that frame and those before it only, so
/// live and file agree whatever the blocks.
///
/// An envelope follows the loudest frames: it rises at once and falls by `release_db_per_s`. Where it is under
/// `target_db`, the gain is the difference, `most_db` at most; a sound that is louder is not changed. An envelope
/// under `gate_db` is noise of the recording: the gain falls from there, by as many decibels as the envelope does.
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
}

impl LevelSettings {
    /// The gain in dB for an envelope.
    fn gain_db(&self, envelope_db: f64) -> f64 {
        let under_gate = (self.gate_db - envelope_db).max(0.0);
        (self.target_db - envelope_db).clamp(0.0, self.most_db) - under_gate
    }

    /// Whether every value is in its range.
    pub(super) fn is_valid(&self) -> bool {
        (-60.0..=0.0).contains(&self.target_db)
            && (0.0..=60.0).contains(&self.most_db)
            && (0.1..=1000.0).contains(&self.release_db_per_s)
            && (-120.0..=self.target_db).contains(&self.gate_db)
    }
}

/// The envelope of one stream.
pub(super) struct Level {
    settings: LevelSettings,
    /// Decibels that the envelope falls from frame to frame.
    release_db: f64,
    envelope_db: f64,
}

/// Where the envelope ends up in silence.
const SILENCE_DB: f64 = -120.0;

impl Level {
    pub(super) fn new(settings: LevelSettings, features: &FeatureSettings) -> Self {
        Self {
            settings,
            release_db: settings.release_db_per_s * features.hop_s(),
            envelope_db: SILENCE_DB,
        }
    }

    /// As after a long silence.
    pub(super) fn reset(&mut self) {
        self.envelope_db = SILENCE_DB;
    }

    /// Takes the mean square of the next frame; returns the factor for its powers, at least 1. Allocates nothing.
    pub(super) fn factor(&mut self, mean_square: f64) -> f64 {
        let level_db = 10.0 * mean_square.log10(); // of silence: minus infinity
        let released = (self.envelope_db - self.release_db).max(SILENCE_DB);
        self.envelope_db = released.max(level_db);
        let gain_db = self.settings.gain_db(self.envelope_db).max(0.0);
        10f64.powf(gain_db / 10.0)
    }
}
