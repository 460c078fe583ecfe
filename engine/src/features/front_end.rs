//! The streaming front end: samples at the model's rate to quaternion frames.

use super::deltas::Deltas;
use super::level::Level;
use super::{COMPONENTS, DELTA_LATENCY_FRAMES, FeatureSettings, LogMel};

/// Samples in any block sizes to quaternion frames, one a hop.
///
/// There are two initial states. After [`new`](Self::new) the first frame begins at the first sample, and the deltas
/// repeat the first row for all rows before it; training uses it for crops.
/// [`after_silence`](Self::after_silence) begins in the state that a long silence leaves, so frames that contain only a
/// part of the first samples come out too, [`frames_before`](Self::frames_before) of them before the first frame of
/// `new`; from then on frames lie at the same samples. Streams and files are tagged with it.
pub struct FrontEnd {
    settings: FeatureSettings,
    log_mel: LogMel,
    level: Option<Level>,
    deltas: Deltas,
    /// The samples of the next frame, at most `fft_size`.
    waiting: Vec<f32>,
    row: Vec<f32>,
    frame: Vec<f32>,
    /// The row of silence, for a stream that begins after silence.
    silent_row: Option<Vec<f32>>,
}

impl FrontEnd {
    /// For settings without a [`problem`](FeatureSettings::problem). Allocates all it needs.
    pub fn new(settings: &FeatureSettings) -> Self {
        Self {
            log_mel: LogMel::new(settings),
            level: settings
                .level
                .map(|level| Level::new(level, settings.hop_s())),
            deltas: Deltas::new(settings),
            waiting: Vec::with_capacity(settings.fft_size),
            row: vec![0.0; settings.mel_bands],
            frame: vec![0.0; COMPONENTS * settings.mel_bands],
            silent_row: None,
            settings: settings.clone(),
        }
    }

    /// In the state that a long silence leaves. Also returns the quaternion frame of silence. Allocates all it needs.
    pub fn after_silence(settings: &FeatureSettings) -> (Self, Vec<f32>) {
        let mut front_end = Self::new(settings);
        let mut row = vec![0.0; settings.mel_bands];
        let silence = vec![0.0; settings.fft_size];
        front_end.log_mel.frame(&silence, &mut row);
        front_end.silent_row = Some(row);
        front_end.reset();
        let frame = front_end.frame.clone();
        (front_end, frame)
    }

    /// Takes mono samples at the model's rate; passes each finished quaternion frame to `sink`:
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
            match &mut self.level {
                None => self.log_mel.frame(&self.waiting, &mut self.row),
                Some(level) => {
                    let factor = |mean_square| level.factor(mean_square);
                    self.log_mel
                        .frame_with_gain(&self.waiting, factor, &mut self.row);
                }
            }
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

    /// Returns to the initial state. Allocates nothing.
    pub fn reset(&mut self) {
        self.waiting.clear();
        if let Some(level) = &mut self.level {
            level.reset();
        }
        match &self.silent_row {
            None => self.deltas.reset(),
            Some(row) => {
                let hops = whole_hops_in_a_frame(&self.settings);
                self.waiting.resize(hops * self.settings.hop, 0.0);
                self.deltas.settle(row, &mut self.frame);
            }
        }
    }

    /// Frames that come out before the first one that begins at the first sample, where the stream began after
    /// silence: their windows, or those of their deltas, begin before the first sample.
    pub fn frames_before(settings: &FeatureSettings) -> usize {
        whole_hops_in_a_frame(settings) + DELTA_LATENCY_FRAMES
    }

    /// Samples needed for `frames` quaternion frames, after [`after_silence`](Self::after_silence).
    pub fn samples_after_silence(settings: &FeatureSettings, frames: usize) -> usize {
        if frames == 0 {
            return 0;
        }
        settings.fft_size + settings.hop * (frames - 1)
            - settings.hop * whole_hops_in_a_frame(settings)
    }

    /// Samples needed for `frames` quaternion frames, after [`new`](Self::new).
    pub fn samples_for(settings: &FeatureSettings, frames: usize) -> usize {
        if frames == 0 {
            return 0;
        }
        settings.fft_size + settings.hop * (frames - 1 + DELTA_LATENCY_FRAMES)
    }
}

/// Hops that an FFT frame can begin before a sample and still contain it.
fn whole_hops_in_a_frame(settings: &FeatureSettings) -> usize {
    (settings.fft_size - 1) / settings.hop
}

/// All quaternion frames of a clip, one after the other (`frames × COMPONENTS × mel_bands`).
/// The streaming front end, run once; for training and tests. Allocates.
pub fn quaternion_frames(settings: &FeatureSettings, samples: &[f32]) -> Vec<f32> {
    clip_frames(settings, samples, 0)
}

/// As [`quaternion_frames`], followed by silence if there are fewer than `least` frames, as in
/// [`ClipClassifier`](crate::tagging::ClipClassifier). Allocates.
pub fn clip_frames(settings: &FeatureSettings, samples: &[f32], least: usize) -> Vec<f32> {
    let (mut front_end, mut frames) = (FrontEnd::new(settings), Vec::new());
    front_end.push(samples, &mut |frame| frames.extend_from_slice(frame));
    front_end.fill_up(&mut frames, least);
    frames
}
