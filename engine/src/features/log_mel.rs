//! A frame of samples to a row of the log-mel spectrogram.

use std::f64::consts::TAU;
use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

use super::FeatureSettings;

/// Log-mel of single frames: Hann window, power spectrum, Slaney's mel filters, 10·log10.
///
/// Computed in double precision: in single precision a band 80 dB under the frame's loudest is
/// wrong by hundredths of a dB, and classes differ in quiet bands.
pub struct LogMel {
    window: Vec<f64>,
    /// Sum of the window's squares.
    window_energy: f64,
    fft: Arc<dyn RealToComplex<f64>>,
    windowed: Vec<f64>,
    spectrum: Vec<Complex<f64>>,
    scratch: Vec<Complex<f64>>,
    power: Vec<f64>,
    bands: Vec<Band>,
    floor_power: f64,
}

/// A triangle over the bins `first..first + weights.len()`.
struct Band {
    first: usize,
    weights: Vec<f64>,
}

impl LogMel {
    /// Makes the window, the FFT and the filters. Allocates.
    pub fn new(settings: &FeatureSettings) -> Self {
        let size = settings.fft_size;
        let fft = RealFftPlanner::<f64>::new().plan_fft_forward(size);
        let window: Vec<f64> = (0..size)
            .map(|i| 0.5 - 0.5 * (TAU * i as f64 / size as f64).cos())
            .collect();
        Self {
            window_energy: window.iter().map(|weight| weight * weight).sum(),
            window,
            windowed: fft.make_input_vec(),
            spectrum: fft.make_output_vec(),
            scratch: fft.make_scratch_vec(),
            fft,
            power: vec![0.0; size / 2 + 1],
            bands: mel_bands(settings),
            floor_power: settings.floor_power,
        }
    }

    /// `samples` (as many as `fft_size`) to `row` (one value a band, in dB). Allocates nothing.
    ///
    /// # Panics
    /// If a slice has another length than that.
    pub fn frame(&mut self, samples: &[f32], row: &mut [f32]) {
        self.frame_with_gain(samples, |_| 1.0, row);
    }

    /// The same with the powers multiplied by a factor, which may follow from the mean square of the samples under
    /// the window.
    ///
    /// # Panics
    /// As [`frame`](Self::frame).
    pub(super) fn frame_with_gain(
        &mut self,
        samples: &[f32],
        factor: impl FnOnce(f64) -> f64,
        row: &mut [f32],
    ) {
        assert_eq!(
            samples.len(),
            self.window.len(),
            "a frame has fft_size samples"
        );
        assert_eq!(row.len(), self.bands.len(), "a row has one value a band");
        for ((out, &sample), weight) in self.windowed.iter_mut().zip(samples).zip(&self.window) {
            *out = f64::from(sample) * weight;
        }
        let energy: f64 = self.windowed.iter().map(|sample| sample * sample).sum();
        let factor = factor(energy / self.window_energy);
        let done = self.fft.process_with_scratch(
            &mut self.windowed,
            &mut self.spectrum,
            &mut self.scratch,
        );
        done.expect("the buffers were made by this FFT");
        for (power, bin) in self.power.iter_mut().zip(&self.spectrum) {
            *power = bin.norm_sqr();
        }
        for (out, band) in row.iter_mut().zip(&self.bands) {
            let bins = &self.power[band.first..band.first + band.weights.len()];
            let power: f64 = band
                .weights
                .iter()
                .zip(bins)
                .map(|(weight, bin)| weight * bin)
                .sum();
            let power = factor * power;
            *out = (10.0 * power.max(self.floor_power).log10()) as f32;
        }
    }
}

/// Slaney's mel scale (librosa's default): linear up to 1 kHz, logarithmic above.
fn hz_to_mel(hz: f64) -> f64 {
    if hz < 1_000.0 {
        hz * 3.0 / 200.0
    } else {
        15.0 + (hz / 1_000.0).ln() * 27.0 / 6.4f64.ln()
    }
}

fn mel_to_hz(mel: f64) -> f64 {
    if mel < 15.0 {
        mel * 200.0 / 3.0
    } else {
        1_000.0 * ((mel - 15.0) * 6.4f64.ln() / 27.0).exp()
    }
}

impl FeatureSettings {
    /// The frequency in Hz at the centre of a band (from 0); between two bands for fractions.
    pub fn centre_hz(&self, band: f64) -> f64 {
        let (low, step) = self.mels_of_bands();
        mel_to_hz(low + step * (band + 1.0))
    }

    /// The band (from 0, fractions between two) whose centre is at this frequency; below 0 and over the
    /// last one for frequencies beyond them.
    pub fn band_at(&self, hz: f64) -> f64 {
        let (low, step) = self.mels_of_bands();
        (hz_to_mel(hz) - low) / step - 1.0
    }

    /// The lower edge of the first band, and from each edge to the next.
    fn mels_of_bands(&self) -> (f64, f64) {
        let (low, high) = (hz_to_mel(self.lowest_hz), hz_to_mel(self.highest_hz));
        (low, (high - low) / (self.mel_bands + 1) as f64)
    }
}

fn mel_bands(settings: &FeatureSettings) -> Vec<Band> {
    let edge = |index: usize| settings.centre_hz(index as f64 - 1.0);
    let bin_hz = f64::from(settings.sample_rate) / settings.fft_size as f64;
    (0..settings.mel_bands)
        .map(|band| {
            let (left, centre, right) = (edge(band), edge(band + 1), edge(band + 2));
            let height = 2.0 / (right - left);
            let weight = |bin: usize| {
                let hz = bin as f64 * bin_hz;
                let slope = ((hz - left) / (centre - left)).min((right - hz) / (right - centre));
                slope.max(0.0) * height
            };
            // A band above half the sample rate has no bins.
            let bin = |hz: f64| (hz as usize).min(settings.fft_size / 2);
            let (first, last) = (bin((left / bin_hz).floor()), bin((right / bin_hz).ceil()));
            Band {
                first,
                weights: (first..=last).map(weight).collect(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_loudest_in_its_band_and_silence_is_the_floor() {
        let settings = FeatureSettings::default();
        let mut log_mel = LogMel::new(&settings);
        let mut row = vec![0.0; settings.mel_bands];
        log_mel.frame(&vec![0.0; settings.fft_size], &mut row);
        assert!(row.iter().all(|&db| db == -100.0));
        let tone: Vec<f32> = (0..settings.fft_size)
            .map(|i| (TAU * 1_000.0 * i as f64 / 32_000.0).sin() as f32)
            .collect();
        log_mel.frame(&tone, &mut row);
        let loudest = (0..row.len())
            .max_by(|&a, &b| row[a].total_cmp(&row[b]))
            .unwrap();
        let low = hz_to_mel(settings.lowest_hz);
        let step = (hz_to_mel(settings.highest_hz) - low) / 65.0;
        let centre = mel_to_hz(low + step * (loudest + 1) as f64);
        assert!(
            (centre - 1_000.0).abs() < 80.0,
            "band {loudest} at {centre} Hz"
        );
    }
}
