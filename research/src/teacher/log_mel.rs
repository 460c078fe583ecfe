//! The front end of EfficientAT's networks.

use std::sync::Arc;

use anyhow::ensure;
use realfft::{RealFftPlanner, RealToComplex};

/// Rows of the mel spectrogram.
pub const BANDS: usize = 128;
/// Samples from a frame to the next.
pub const HOP: usize = 320;
/// The fewest samples a spectrogram can be made of: the padding mirrors half a frame.
pub const FEWEST_SAMPLES: usize = FFT / 2 + 2;

/// The sample rate in Hz.
pub const RATE: u32 = 32_000;

const RATE_HZ: f64 = RATE as f64;
const FFT: usize = 1024;
const WINDOW: usize = 800;
const PRE_EMPHASIS: f64 = 0.97;
const HIGHEST_HZ: f64 = 15_000.0;
const LOG_FLOOR: f64 = 1e-5;

/// Samples to the log-mel spectrogram that the network was trained on; double precision inside.
pub(super) struct LogMel {
    transform: Arc<dyn RealToComplex<f64>>,
    window: Vec<f64>,
    triangles: Vec<Triangle>,
}

/// The weights of one band, from its first bin on.
struct Triangle {
    first_bin: usize,
    weights: Vec<f64>,
}

impl LogMel {
    pub(super) fn new() -> Self {
        let phase = std::f64::consts::TAU / (WINDOW - 1) as f64; // symmetric
        Self {
            transform: RealFftPlanner::new().plan_fft_forward(FFT),
            window: (0..WINDOW)
                .map(|k| 0.5 - 0.5 * (phase * k as f64).cos())
                .collect(),
            triangles: (0..BANDS).map(Triangle::new).collect(),
        }
    }

    /// [`BANDS`] rows of as many frames as returned.
    pub(super) fn apply(&self, samples: &[f32]) -> anyhow::Result<(Vec<f32>, usize)> {
        ensure!(
            samples.len() >= FEWEST_SAMPLES,
            "{} samples are too few for the teacher: it needs {FEWEST_SAMPLES} or more",
            samples.len()
        );
        let padded = pad(&emphasise(samples));
        let frames = frames(samples.len());
        let mut mel = vec![0.0; BANDS * frames];
        let mut input = self.transform.make_input_vec();
        let mut spectrum = self.transform.make_output_vec();
        let mut scratch = self.transform.make_scratch_vec();
        for frame in 0..frames {
            input.fill(0.0);
            let offset = (FFT - WINDOW) / 2;
            let frame_samples = &padded[frame * HOP + offset..][..WINDOW];
            for ((value, sample), weight) in input[offset..]
                .iter_mut()
                .zip(frame_samples)
                .zip(&self.window)
            {
                *value = sample * weight;
            }
            self.transform
                .process_with_scratch(&mut input, &mut spectrum, &mut scratch)?;
            let power: Vec<f64> = spectrum.iter().map(|bin| bin.norm_sqr()).collect();
            for (band, triangle) in self.triangles.iter().enumerate() {
                let level = (triangle.sum(&power) + LOG_FLOOR).ln();
                mel[band * frames + frame] = ((level + 4.5) / 5.0) as f32;
            }
        }
        Ok((mel, frames))
    }
}

/// Frames of this many samples.
pub(super) fn frames(samples: usize) -> usize {
    1 + (samples - 1) / HOP
}

/// One sample shorter than its input.
fn emphasise(samples: &[f32]) -> Vec<f64> {
    samples
        .windows(2)
        .map(|pair| f64::from(pair[1]) - PRE_EMPHASIS * f64::from(pair[0]))
        .collect()
}

/// Mirrors half a frame at each end, the ends themselves not repeated.
fn pad(samples: &[f64]) -> Vec<f64> {
    let (half, count) = (FFT / 2, samples.len());
    let before = (1..=half).rev().map(|index| samples[index]);
    let after = (1..=half).map(|back| samples[count - 1 - back]);
    before.chain(samples.iter().copied()).chain(after).collect()
}

impl Triangle {
    /// Kaldi's: straight in mel, peaks of 1, nothing from the last bin.
    fn new(band: usize) -> Self {
        let step = kaldi_mel(HIGHEST_HZ) / (BANDS + 1) as f64;
        let weight = |bin: usize| {
            let position = kaldi_mel(bin as f64 * RATE_HZ / FFT as f64) / step - band as f64;
            position.min(2.0 - position).max(0.0)
        };
        let bins = 0..FFT / 2;
        let first_bin = bins.clone().find(|&bin| weight(bin) > 0.0).unwrap_or(0);
        let weights = bins
            .skip(first_bin)
            .map(weight)
            .take_while(|&weight| weight > 0.0)
            .collect();
        Self { first_bin, weights }
    }

    fn sum(&self, power: &[f64]) -> f64 {
        let bins = power[self.first_bin..].iter().zip(&self.weights);
        bins.map(|(power, weight)| power * weight).sum()
    }
}

fn kaldi_mel(hertz: f64) -> f64 {
    1127.0 * (1.0 + hertz / 700.0).ln()
}
