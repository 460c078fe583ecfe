use serde::{Deserialize, Serialize};

use super::LevelSettings;

/// The settings of the front end, part of the model file.
///
/// The defaults are those of the networks in arXiv 2510.21388 and PANNs at 32 kHz, but for frames
/// that are not centred: a frame ends at its newest sample, so there is no lookahead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureSettings {
    /// Sample rate in Hz, 8 000 to 48 000.
    pub sample_rate: u32,
    /// Samples in a frame and points of the FFT, 128 to 8 192, even. The window is Hann, periodic.
    pub fft_size: usize,
    /// Samples from frame to frame, 16 to `fft_size`.
    pub hop: usize,
    /// Mel bands (Slaney's scale and area normalisation), 8 to 256.
    pub mel_bands: usize,
    /// Lower edge of the lowest band in Hz.
    pub lowest_hz: f64,
    /// Upper edge of the highest band in Hz, at most half the sample rate.
    pub highest_hz: f64,
    /// The floor of band powers before 10·log10.
    pub floor_power: f64,
    /// The three imaginary components.
    #[serde(default, skip_serializing_if = "Components::is_default")]
    pub components: Components,
    /// A gain for quiet sound; none in most models.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<LevelSettings>,
}

/// The imaginary components of a quaternion frame; the real one is the log-mel row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Components {
    /// Its first three deltas over time.
    #[default]
    Deltas,
    /// The deltas over time of the mel *powers*, each in decibels; where they are under the floor
    /// they count as the floor. The released code of arXiv 2510.21388 takes the logarithm last.
    PowerDeltas,
    /// Its deltas over mel bands; the released code of arXiv 2510.21388 runs them over frequency.
    MelDeltas,
    /// The row itself, three times.
    Copies,
}

impl Components {
    #[allow(clippy::trivially_copy_pass_by_ref)] // serde asks for a reference
    fn is_default(&self) -> bool {
        *self == Self::Deltas
    }
}

impl Default for FeatureSettings {
    fn default() -> Self {
        Self {
            sample_rate: 32_000,
            fft_size: 1_024,
            hop: 320,
            mel_bands: 64,
            lowest_hz: 50.0,
            highest_hz: 14_000.0,
            floor_power: 1e-10,
            components: Components::Deltas,
            level: None,
        }
    }
}

impl FeatureSettings {
    /// The first setting that is out of range, if any.
    pub fn problem(&self) -> Option<String> {
        let nyquist = f64::from(self.sample_rate) / 2.0;
        let checks = [
            (
                (8_000..=48_000).contains(&self.sample_rate),
                "sample_rate (8000 to 48000)",
            ),
            (
                (128..=8_192).contains(&self.fft_size) && self.fft_size.is_multiple_of(2),
                "fft_size (128 to 8192, even)",
            ),
            (
                (16..=self.fft_size).contains(&self.hop),
                "hop (16 to fft_size)",
            ),
            ((8..=256).contains(&self.mel_bands), "mel_bands (8 to 256)"),
            (
                self.lowest_hz >= 0.0 && self.lowest_hz < self.highest_hz,
                "lowest_hz (0 to highest_hz)",
            ),
            (
                self.highest_hz <= nyquist,
                "highest_hz (at most half the sample rate)",
            ),
            (
                self.floor_power > 0.0 && self.floor_power <= 1.0,
                "floor_power (over 0, at most 1)",
            ),
            (
                self.level.is_none_or(|level| level.is_valid()),
                "level (see its fields)",
            ),
        ];
        checks
            .iter()
            .find(|(fine, _)| !fine)
            .map(|(_, name)| format!("{name} is out of range"))
    }

    /// Whether both differ in the level setting at most: then a model can be trained from another.
    pub fn equals_but_for_level(&self, other: &Self) -> bool {
        let without = |settings: &Self| Self {
            level: None,
            ..settings.clone()
        };
        without(self) == without(other)
    }

    /// Seconds from frame to frame.
    pub fn hop_s(&self) -> f64 {
        self.hop as f64 / f64::from(self.sample_rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_in_range_and_each_range_is_checked() {
        let fine = FeatureSettings::default();
        assert_eq!(fine.problem(), None);
        let broken = [
            FeatureSettings {
                sample_rate: 0,
                ..fine.clone()
            },
            FeatureSettings {
                fft_size: 1_023,
                ..fine.clone()
            },
            FeatureSettings {
                hop: 0,
                ..fine.clone()
            },
            FeatureSettings {
                mel_bands: 1_000_000,
                ..fine.clone()
            },
            FeatureSettings {
                lowest_hz: f64::NAN,
                ..fine.clone()
            },
            FeatureSettings {
                highest_hz: 17_000.0,
                ..fine.clone()
            },
            FeatureSettings {
                floor_power: 0.0,
                ..fine.clone()
            },
        ];
        for settings in broken {
            assert!(settings.problem().is_some(), "{settings:?}");
        }
    }
}
