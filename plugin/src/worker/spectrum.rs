//! The spectrogram of the panel: mel levels of the sound as it comes, a few a second.

use hamiltone_engine::audio::{MAX_SAMPLE_RATE, MIN_SAMPLE_RATE};
use hamiltone_engine::features::{FeatureSettings, LogMel};

use crate::history::{BANDS, History};

/// Columns a second: enough for thirty seconds on a wide panel.
const COLUMNS_PER_SECOND: usize = 25;

/// What the log-mel of a sine of 1 kHz at full scale is where a frame has 1024 samples: such a sine shows as 0 dB.
const FULL_SCALE_DB: f32 = 26.0;

/// Turns every 40 ms of sound into levels, at the host's own rate: pictures need no resampler.
pub(super) struct Spectrum {
    mel: LogMel,
    fft_size: usize,
    full_scale_db: f32,
    /// Samples from column to column: at some rates a little more or less than 40 ms.
    hop: usize,
    rate: f64,
    /// The newest samples of the frame in the making.
    samples: Vec<f32>,
    /// Samples since the stream's time `zero_s`.
    heard: u64,
    zero_s: f64,
}

impl Spectrum {
    /// For a stream at `rate` Hz. `None` for rates that no model hears either.
    pub(super) fn new(rate: f64) -> Option<Self> {
        let sample_rate = rate.round() as u32;
        let usual = FeatureSettings::default();
        if !(MIN_SAMPLE_RATE..=MAX_SAMPLE_RATE).contains(&sample_rate) {
            return None;
        }
        // About as long a frame as at the usual rate, of a length that transforms are fast at.
        let length = usual.fft_size * sample_rate as usize / usual.sample_rate as usize;
        let fft_size = length / 64 * 64;
        let times_usual = fft_size as f32 / usual.fft_size as f32;
        let settings = FeatureSettings {
            sample_rate,
            fft_size,
            mel_bands: BANDS,
            ..usual
        };
        let full_scale_db = FULL_SCALE_DB + 20.0 * times_usual.log10();
        let hop = sample_rate as usize / COLUMNS_PER_SECOND;
        Some(Self {
            mel: LogMel::new(&settings),
            fft_size,
            full_scale_db,
            hop,
            rate,
            samples: Vec::with_capacity(hop.max(fft_size)),
            heard: 0,
            zero_s: 0.0,
        })
    }

    /// Takes mono samples and writes finished columns into the history.
    pub(super) fn push(&mut self, mut mono: &[f32], history: &mut History) {
        let mut levels = [0.0; BANDS];
        while !mono.is_empty() {
            let wanted = self.hop - (self.heard % self.hop as u64) as usize;
            let (now, rest) = mono.split_at(wanted.min(mono.len()));
            self.samples.extend_from_slice(now);
            self.heard += now.len() as u64;
            mono = rest;
            if now.len() < wanted {
                return;
            }
            if let Some(first) = self.samples.len().checked_sub(self.fft_size) {
                self.mel.frame(&self.samples[first..], &mut levels);
                levels
                    .iter_mut()
                    .for_each(|level| *level -= self.full_scale_db);
                let time_s = self.zero_s + self.heard as f64 / self.rate;
                history.push_spectrum(time_s, &levels);
                self.samples.clear();
            }
        }
    }

    /// Forgets the past; what comes next was at `time_s` of the stream.
    pub(super) fn reset(&mut self, time_s: f64) {
        self.samples.clear();
        self.heard = 0;
        self.zero_s = time_s;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sine_at_full_scale_is_bright_in_its_band_and_nowhere_else_at_every_rate() {
        for rate in [8_000, 11_025, 22_050, 44_100, 48_000, 96_000, 192_000] {
            let mut spectrum = Spectrum::new(f64::from(rate)).unwrap();
            let mut history = History::default();
            let sine: Vec<f32> = (0..rate)
                .map(|i| (i as f32 * 1000.0 * std::f32::consts::TAU / rate as f32).sin())
                .collect();
            for block in sine.chunks(700) {
                spectrum.push(block, &mut history);
            }
            let columns = history.spectrum();
            assert!((23..=25).contains(&columns.len()), "{}", columns.len());
            let bands = &columns[12].bands;
            let (loudest, &level) = bands.iter().enumerate().max_by_key(|(_, b)| **b).unwrap();
            assert!((245..=255).contains(&level), "{level} at {rate} Hz");
            assert!((8..20).contains(&loudest), "{loudest} at {rate} Hz");
            assert!(bands[50] < 60, "{bands:?} at {rate} Hz");
            let steps: Vec<f64> = columns.iter().map(|c| c.time_s).collect();
            assert!(steps.windows(2).all(|w| (w[1] - w[0] - 0.04).abs() < 1e-6));
        }
    }

    #[test]
    fn a_rate_that_cannot_be_is_no_panic() {
        assert!(Spectrum::new(0.0).is_none());
        assert!(Spectrum::new(f64::NAN).is_none());
    }
}
