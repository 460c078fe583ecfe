//! The spectrogram of the panel: mel levels of the incoming audio.

use hamiltone_engine::audio::{MAX_SAMPLE_RATE, MIN_SAMPLE_RATE};
use hamiltone_engine::features::{FeatureSettings, LogMel};

use crate::history::{BANDS, History};

/// Columns per second: enough for thirty seconds on a wide panel.
const COLUMNS_PER_SECOND: usize = 25;

/// Log-mel level of a full-scale 1 kHz sine in a frame of 1024 samples. Such a sine shows as 0 dB.
const FULL_SCALE_DB: f32 = 26.0;

/// Computes levels for every 40 ms of audio, at the host's sample rate: no resampling.
pub(super) struct Spectrum {
    mel: LogMel,
    fft_size: usize,
    full_scale_db: f32,
    /// Samples from column to column: about 40 ms.
    hop: usize,
    rate: f64,
    /// The samples of the current frame.
    samples: Vec<f32>,
    /// Samples since `zero_s`.
    received: u64,
    zero_s: f64,
}

impl Spectrum {
    /// For a stream at `rate` Hz. `None` for sample rates that the engine does not support.
    pub(super) fn new(rate: f64) -> Option<Self> {
        let sample_rate = rate.round() as u32;
        let usual = FeatureSettings::default();
        if !(MIN_SAMPLE_RATE..=MAX_SAMPLE_RATE).contains(&sample_rate) {
            return None;
        }
        // About as long a frame as at the default rate, with a length that suits the FFT.
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
            received: 0,
            zero_s: 0.0,
        })
    }

    /// Takes mono samples and adds finished columns to the history.
    pub(super) fn push(&mut self, mut mono: &[f32], history: &mut History) {
        let mut levels = [0.0; BANDS];
        while !mono.is_empty() {
            let wanted = self.hop - (self.received % self.hop as u64) as usize;
            let (now, rest) = mono.split_at(wanted.min(mono.len()));
            self.samples.extend_from_slice(now);
            self.received += now.len() as u64;
            mono = rest;
            if now.len() < wanted {
                return;
            }
            if let Some(first) = self.samples.len().checked_sub(self.fft_size) {
                self.mel.frame(&self.samples[first..], &mut levels);
                levels
                    .iter_mut()
                    .for_each(|level| *level -= self.full_scale_db);
                let time_s = self.zero_s + self.received as f64 / self.rate;
                history.push_spectrum(time_s, &levels);
                self.samples.clear();
            }
        }
    }

    /// Resets; the next sample is at `time_s` of the stream.
    pub(super) fn reset(&mut self, time_s: f64) {
        self.samples.clear();
        self.received = 0;
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
    fn an_invalid_rate_is_refused() {
        assert!(Spectrum::new(0.0).is_none());
        assert!(Spectrum::new(f64::NAN).is_none());
    }
}
