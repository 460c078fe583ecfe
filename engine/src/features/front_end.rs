//! The streaming front end: samples at the model's rate to quaternion frames.

use super::deltas::Deltas;
use super::{COMPONENTS, DELTA_LATENCY_FRAMES, FeatureSettings, LogMel};

/// Samples in any block sizes to quaternion frames, one a hop.
pub struct FrontEnd {
    settings: FeatureSettings,
    log_mel: LogMel,
    deltas: Deltas,
    /// The samples of the frame in the making, at most `fft_size`.
    waiting: Vec<f32>,
    row: Vec<f32>,
    frame: Vec<f32>,
}

impl FrontEnd {
    /// For settings without a [`problem`](FeatureSettings::problem). Allocates all it needs.
    pub fn new(settings: &FeatureSettings) -> Self {
        Self {
            log_mel: LogMel::new(settings),
            deltas: Deltas::new(settings),
            waiting: Vec::with_capacity(settings.fft_size),
            row: vec![0.0; settings.mel_bands],
            frame: vec![0.0; COMPONENTS * settings.mel_bands],
            settings: settings.clone(),
        }
    }

    /// Takes mono samples at the model's rate; hands each finished quaternion frame to `sink`:
    /// `COMPONENTS × mel_bands` values, component-major, in dB and dB a frame. Allocates nothing.
    pub fn push(&mut self, mut samples: &[f32], sink: &mut dyn FnMut(&[f32])) {
        while !samples.is_empty() {
            let wanted = self.settings.fft_size - self.waiting.len();
            let (now, rest) = samples.split_at(wanted.min(samples.len()));
            self.waiting.extend_from_slice(now);
            samples = rest;
            if self.waiting.len() < self.settings.fft_size {
                return;
            }
            self.log_mel.frame(&self.waiting, &mut self.row);
            self.waiting.drain(..self.settings.hop);
            if self.deltas.push(&self.row, &mut self.frame) {
                sink(&self.frame);
            }
        }
    }

    /// Adds frames of silence to `frames` until there are `least`. Allocates where some are missing.
    pub fn fill_up(&mut self, frames: &mut Vec<f32>, least: usize) {
        let floats = least * COMPONENTS * self.settings.mel_bands;
        if frames.len() < floats {
            let silence = vec![0.0; Self::samples_for(&self.settings, least)];
            self.push(&silence, &mut |frame| {
                if frames.len() < floats {
                    frames.extend_from_slice(frame);
                }
            });
        }
    }

    /// Forgets the past.
    pub fn reset(&mut self) {
        self.waiting.clear();
        self.deltas.reset();
    }

    /// Samples that must have come for `frames` quaternion frames to come out.
    pub fn samples_for(settings: &FeatureSettings, frames: usize) -> usize {
        if frames == 0 {
            return 0;
        }
        settings.fft_size + settings.hop * (frames - 1 + DELTA_LATENCY_FRAMES)
    }
}

/// All quaternion frames of a clip, one after the other (`frames × COMPONENTS × mel_bands`).
/// Training and the engine's tests use it; it is the streaming front end, run once.
pub fn quaternion_frames(settings: &FeatureSettings, samples: &[f32]) -> Vec<f32> {
    clip_frames(settings, samples, 0)
}

/// As [`quaternion_frames`]; where these are fewer than `least`, silence after the clip makes so many, as in
/// the classifier of files ([`ClipClassifier`](crate::tagging::ClipClassifier)).
pub fn clip_frames(settings: &FeatureSettings, samples: &[f32], least: usize) -> Vec<f32> {
    let (mut front_end, mut frames) = (FrontEnd::new(settings), Vec::new());
    front_end.push(samples, &mut |frame| frames.extend_from_slice(frame));
    front_end.fill_up(&mut frames, least);
    frames
}
