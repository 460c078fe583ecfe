//! YAMNet: 521 of AudioSet's labels, by Google, Apache-2.0.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};
use hamiltone_engine::audio::StreamResampler;
use realfft::{RealFftPlanner, RealToComplex};

use super::OnnxNet;
use super::log_mel::RATE;

/// Labels it scores.
pub const YAMNET_LABELS: usize = 521;
/// Its name in model cards.
pub const YAMNET: &str = "YAMNet (Apache-2.0)";

/// The labels of [`audioset_labels`](super::audioset_labels) that it lacks: those of men and women, funny music and the battle cry. It has the
/// others in the same order.
const LACKING: [usize; 6] = [1, 2, 12, 32, 33, 277];

const OWN_RATE: u32 = 16_000;
const WINDOW: usize = 400;
const HOP: usize = 160;
const FFT: usize = 512;
const BANDS: usize = 64;
const LOWEST_HZ: f64 = 125.0;
const HIGHEST_HZ: f64 = 7_500.0;
const LOG_OFFSET: f64 = 1e-3;
/// Frames of a patch, and from one patch to the next.
const PATCH: usize = 96;
const PATCH_HOP: usize = 48;

/// For each of YAMNet's labels its index in [`audioset_labels`](super::audioset_labels).
pub fn yamnet_labels() -> Vec<usize> {
    let all = 0..YAMNET_LABELS + LACKING.len();
    all.filter(|label| !LACKING.contains(label)).collect()
}

/// YAMNet's body behind its front end.
pub struct Yamnet {
    net: OnnxNet,
    transform: Arc<dyn RealToComplex<f64>>,
    window: Vec<f64>,
    /// A row of weights over the spectrum for each band.
    bands: Vec<Vec<f64>>,
}

impl Yamnet {
    /// Reads `yamnet_body.onnx`: `logmel` \[1, 1, 96, 64\] to `logits` \[1, 521\] and an embedding.
    ///
    /// # Errors
    /// If the file cannot be read or is another network.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let phase = std::f64::consts::TAU / WINDOW as f64; // periodic
        let this = Self {
            net: OnnxNet::open(path, &[1, 1, PATCH, BANDS])?,
            transform: RealFftPlanner::new().plan_fft_forward(FFT),
            window: (0..WINDOW)
                .map(|k| 0.5 - 0.5 * (phase * k as f64).cos())
                .collect(),
            bands: bands(),
        };
        this.patch_logits(&[0.0; PATCH * BANDS])
            .with_context(|| format!("{} is not YAMNet's body", path.display()))?;
        Ok(this)
    }

    /// Probabilities of samples at 32 kHz: the mean over patches of 0.96 s, each 0.48 s after the
    /// last, as its authors take it. What is shorter than a patch is filled with silence.
    ///
    /// # Errors
    /// If the network fails.
    pub fn probabilities(&self, samples: &[f32]) -> anyhow::Result<Vec<f32>> {
        let mut own = Vec::new();
        let mut resampler = StreamResampler::new(RATE, OWN_RATE)?;
        let mut keep = |piece: &[f32]| own.extend_from_slice(piece);
        resampler.push(samples, &mut keep);
        resampler.finish(&mut keep);
        own.resize(own.len().max(WINDOW + (PATCH - 1) * HOP), 0.0);
        let frames = self.log_mel(&own)?;
        let mut sums = vec![0.0; YAMNET_LABELS];
        let mut patches = 0;
        for start in (0..=frames.len() / BANDS - PATCH).step_by(PATCH_HOP) {
            let logits = self.patch_logits(&frames[start * BANDS..][..PATCH * BANDS])?;
            for (sum, logit) in sums.iter_mut().zip(logits) {
                *sum += 1.0 / (1.0 + (-logit).exp());
            }
            patches += 1;
        }
        sums.iter_mut().for_each(|sum| *sum /= patches as f32);
        Ok(sums)
    }

    /// The logits of [`probabilities`](Self::probabilities), which are kept away from 0 and 1.
    ///
    /// # Errors
    /// If the network fails.
    pub fn logits(&self, samples: &[f32]) -> anyhow::Result<Vec<f32>> {
        let logit = |probability: f32| {
            let probability = probability.clamp(1e-7, 1.0 - 1e-6);
            (probability / (1.0 - probability)).ln()
        };
        Ok(self
            .probabilities(samples)?
            .into_iter()
            .map(logit)
            .collect())
    }

    /// The body's output for one patch (96 frames × 64 bands).
    ///
    /// # Errors
    /// If the patch has another size or the network fails.
    pub fn patch_logits(&self, patch: &[f32]) -> anyhow::Result<Vec<f32>> {
        let outputs = self.net.run(patch)?;
        let logits = outputs.into_iter().find(|o| o.len() == YAMNET_LABELS);
        logits.with_context(|| format!("no output of {YAMNET_LABELS} numbers"))
    }

    /// Frames × bands of ln(mel + 0.001), of magnitudes; double precision inside.
    fn log_mel(&self, samples: &[f32]) -> anyhow::Result<Vec<f32>> {
        ensure!(samples.len() >= WINDOW, "too few samples for a frame");
        let mut input = self.transform.make_input_vec();
        let mut spectrum = self.transform.make_output_vec();
        let mut rows = Vec::new();
        for start in (0..=samples.len() - WINDOW).step_by(HOP) {
            input.fill(0.0);
            for (i, value) in input[..WINDOW].iter_mut().enumerate() {
                *value = f64::from(samples[start + i]) * self.window[i];
            }
            self.transform.process(&mut input, &mut spectrum)?;
            let sizes: Vec<f64> = spectrum.iter().map(|bin| bin.norm()).collect();
            rows.extend(self.bands.iter().map(|weights| {
                let level: f64 = weights.iter().zip(&sizes).map(|(w, s)| w * s).sum();
                (level + LOG_OFFSET).ln() as f32
            }));
        }
        Ok(rows)
    }
}

/// Triangles that are straight in HTK's mel, with peaks of 1.
fn bands() -> Vec<Vec<f64>> {
    let mel = |hertz: f64| 1127.0 * (1.0 + hertz / 700.0).ln();
    let (lowest, highest) = (mel(LOWEST_HZ), mel(HIGHEST_HZ));
    let step = (highest - lowest) / (BANDS + 1) as f64;
    let weight = |band: usize, bin: usize| {
        let hertz = bin as f64 * f64::from(OWN_RATE) / FFT as f64;
        let position = (mel(hertz) - lowest) / step - band as f64;
        match bin {
            0 => 0.0,
            _ => position.min(2.0 - position).max(0.0),
        }
    };
    (0..BANDS)
        .map(|band| (0..=FFT / 2).map(|bin| weight(band, bin)).collect())
        .collect()
}
