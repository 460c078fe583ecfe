//! The spectrogram of the panel: mel levels of the sound as it comes, a few a second.

use hamiltone_engine::audio::StreamResampler;
use hamiltone_engine::features::{FeatureSettings, LogMel};

use crate::history::{BANDS, History};

/// Columns a second: enough for thirty seconds on a wide panel.
const COLUMNS_PER_SECOND: usize = 25;

/// What the log-mel of a sine of 1 kHz at full scale is: such a sine shows as 0 dB.
const FULL_SCALE_DB: f32 = 26.0;

/// Resamples, and turns every 40 ms of sound into levels.
pub(super) struct Spectrum {
    resampler: StreamResampler,
    mel: LogMel,
    settings: FeatureSettings,
    /// The newest samples of the frame in the making.
    samples: Vec<f32>,
    /// Samples since the stream's time `zero_s`.
    heard: u64,
    zero_s: f64,
}

impl Spectrum {
    /// For a stream at `rate` Hz. `None` where the rate cannot be resampled.
    pub(super) fn new(rate: f64) -> Option<Self> {
        let settings = FeatureSettings {
            mel_bands: BANDS,
            ..FeatureSettings::default()
        };
        let resampler = StreamResampler::new(rate.round() as u32, settings.sample_rate).ok()?;
        Some(Self {
            resampler,
            mel: LogMel::new(&settings),
            samples: Vec::with_capacity(2 * settings.fft_size),
            settings,
            heard: 0,
            zero_s: 0.0,
        })
    }

    /// Takes mono samples and writes finished columns into the history.
    pub(super) fn push(&mut self, mono: &[f32], history: &mut History) {
        let Self {
            resampler,
            mel,
            settings,
            samples,
            heard,
            zero_s,
        } = self;
        let hop = settings.sample_rate as usize / COLUMNS_PER_SECOND;
        let mut levels = [0.0; BANDS];
        resampler.push(mono, &mut |resampled| {
            for &sample in resampled {
                samples.push(sample);
                *heard += 1;
                if (*heard).is_multiple_of(hop as u64) && samples.len() >= settings.fft_size {
                    mel.frame(&samples[samples.len() - settings.fft_size..], &mut levels);
                    levels.iter_mut().for_each(|level| *level -= FULL_SCALE_DB);
                    let time_s = *zero_s + *heard as f64 / f64::from(settings.sample_rate);
                    history.push_spectrum(time_s, &levels);
                    samples.clear();
                }
            }
        });
    }

    /// Forgets the past; what comes next was at `time_s` of the stream.
    pub(super) fn reset(&mut self, time_s: f64) {
        self.resampler.reset();
        self.samples.clear();
        self.heard = 0;
        self.zero_s = time_s;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sine_at_full_scale_is_bright_in_its_band_and_nowhere_else() {
        let mut spectrum = Spectrum::new(48_000.0).unwrap();
        let mut history = History::default();
        let sine: Vec<f32> = (0..48_000)
            .map(|i| (i as f32 * 1000.0 * std::f32::consts::TAU / 48_000.0).sin())
            .collect();
        for block in sine.chunks(700) {
            spectrum.push(block, &mut history);
        }
        let columns = history.spectrum();
        assert!((23..=25).contains(&columns.len()), "{}", columns.len());
        let bands = &columns[12].bands;
        let (loudest, &level) = bands.iter().enumerate().max_by_key(|(_, b)| **b).unwrap();
        assert!((245..=255).contains(&level), "{level}");
        assert!((8..20).contains(&loudest), "{loudest}");
        assert!(bands[50] < 60, "{bands:?}");
        let steps: Vec<f64> = columns.iter().map(|c| c.time_s).collect();
        assert!(steps.windows(2).all(|w| (w[1] - w[0] - 0.04).abs() < 1e-6));
    }

    #[test]
    fn a_rate_that_cannot_be_is_no_panic() {
        assert!(Spectrum::new(0.0).is_none());
        assert!(Spectrum::new(f64::NAN).is_none());
    }
}
