//! From samples at any rate to columns.

use std::sync::Arc;

use crate::audio::StreamResampler;
use crate::features::{FeatureSettings, FrontEnd};
use crate::network::Architecture;
use crate::network::streaming::{PackedNetwork, StreamingNetwork};
use crate::{EngineError, Interrupt};

/// Resampler, front end and network in series, each beginning in the state that a long silence leaves.
///
/// The first [`columns_before`] columns begin before the first sample and are mostly silence. The column after them is
/// the first that lies wholly in the stream.
///
/// Samples are buffered until they complete a chunk of columns, so that its work is done at once: in a plugin the
/// caches hold other data whenever a block comes, and fetching tables and code again for every block costs more than
/// the transforms (`cargo xtask bench -- --only live`).
pub(super) struct ColumnStream {
    waiting: Vec<f32>,
    /// Samples that complete the next chunk.
    wanted: usize,
    stages: Stages,
}

/// Columns that reach past the first sample of a stream. The next one is the first that tags are given for.
pub(super) fn columns_before(settings: &FeatureSettings, architecture: &Architecture) -> usize {
    FrontEnd::frames_before(settings).div_ceil(architecture.frames_per_column())
}

/// The stages from samples to columns.
struct Stages {
    resampler: StreamResampler,
    front_end: FrontEnd,
    settings: FeatureSettings,
    columns: Columns,
    frames_per_column: usize,
    /// Samples at the model's rate, and frames of them, since the beginning.
    samples: usize,
    frames: usize,
    /// The frame of silence, repeated as often as the first column needs to be whole.
    silence: Vec<f32>,
}

/// The network, and the frames of the next chunk.
struct Columns {
    network: StreamingNetwork,
    frames: Vec<f32>,
    /// Floats of a column's frames, and of a chunk's.
    column_size: usize,
    chunk_size: usize,
}

impl ColumnStream {
    /// Computes `chunk` columns at a time: 1 for the least latency, more for throughput.
    ///
    /// # Errors
    /// If the rate is not supported.
    pub(super) fn new(
        network: &Arc<PackedNetwork>,
        settings: &FeatureSettings,
        sample_rate: u32,
        chunk: usize,
    ) -> Result<Self, EngineError> {
        let architecture = network.architecture();
        let frames_per_column = architecture.frames_per_column();
        let column_size = network.frame_size() * frames_per_column;
        let before = columns_before(settings, architecture) * frames_per_column;
        let missing = before - FrontEnd::frames_before(settings);
        let (front_end, silent_frame) = FrontEnd::after_silence(settings);
        let mut stages = Stages {
            resampler: StreamResampler::new(sample_rate, settings.sample_rate)?,
            front_end,
            settings: settings.clone(),
            columns: Columns {
                network: StreamingNetwork::after(network.clone(), chunk, &silent_frame),
                frames: Vec::with_capacity(chunk * column_size),
                column_size,
                chunk_size: chunk * column_size,
            },
            frames_per_column,
            samples: 0,
            frames: 0,
            silence: silent_frame.repeat(missing),
        };
        stages.begin();
        // After silence the first chunk needs fewer samples than the others; none needs more than one without history.
        let most = FrontEnd::samples_for(settings, chunk * frames_per_column);
        Ok(Self {
            waiting: Vec::with_capacity(stages.resampler.input_until(most)),
            wanted: stages.wanted(),
            stages,
        })
    }

    pub(super) fn push(&mut self, mono: &[f32], on_column: &mut dyn FnMut(&[f32])) {
        if self.waiting.len() + mono.len() < self.wanted {
            self.waiting.extend_from_slice(mono);
            return;
        }
        self.stages.push(&self.waiting, on_column);
        self.waiting.clear();
        self.stages.push(mono, on_column);
        self.wanted = self.stages.wanted();
    }

    /// The column of silence.
    pub(super) fn column_of_silence(&self) -> &[f32] {
        let network = &self.stages.columns.network;
        network.column_before().unwrap_or_default()
    }

    /// Ends a file: computes the columns of the samples that still wait, then those of silence until there are
    /// `least(whole)` columns since the beginning, of which `whole` are complete without it. Frames that make no whole
    /// column are dropped. Allocates.
    pub(super) fn finish(
        &mut self,
        least: &dyn Fn(usize) -> usize,
        on_column: &mut dyn FnMut(&[f32]),
    ) {
        self.stages.push(&self.waiting, on_column);
        self.waiting.clear();
        self.stages.finish(least, on_column);
    }

    pub(super) fn reset(&mut self) {
        self.waiting.clear();
        self.stages.reset();
        self.wanted = self.stages.wanted();
    }

    pub(super) fn interrupt_by(&mut self, interrupt: Interrupt) {
        self.stages.columns.network.interrupt_by(interrupt);
    }

    pub(super) fn resampler_latency_s(&self, sample_rate: u32) -> f64 {
        self.stages.resampler.latency_s(sample_rate)
    }
}

impl Stages {
    /// Enters the state after a long silence.
    fn begin(&mut self) {
        self.columns.frames.clear();
        self.columns.frames.extend_from_slice(&self.silence);
        self.samples = 0;
        self.frames = self.missing_frames();
    }

    /// Frames of silence at the beginning of the first column.
    fn missing_frames(&self) -> usize {
        self.silence.len() / self.columns.network.packed().frame_size()
    }

    /// Samples at the host's rate that are still needed to complete a chunk of columns.
    fn wanted(&self) -> usize {
        let chunk = self.columns.chunk_size / self.columns.column_size * self.frames_per_column;
        let frames = (self.frames / chunk + 1) * chunk - self.missing_frames();
        let samples = FrontEnd::samples_after_silence(&self.settings, frames);
        self.resampler
            .input_until(samples.saturating_sub(self.samples))
    }

    fn push(&mut self, mono: &[f32], on_column: &mut dyn FnMut(&[f32])) {
        let Self {
            resampler,
            front_end,
            columns,
            samples,
            frames,
            ..
        } = self;
        resampler.push(mono, &mut |resampled| {
            *samples += resampled.len();
            front_end.push(resampled, &mut |frame| {
                *frames += 1;
                columns.take(frame, on_column);
            });
        });
    }

    fn finish(&mut self, least: &dyn Fn(usize) -> usize, on_column: &mut dyn FnMut(&[f32])) {
        let Self {
            resampler,
            front_end,
            columns,
            frames,
            ..
        } = self;
        let mut take = |samples: &[f32]| {
            front_end.push(samples, &mut |frame| {
                *frames += 1;
                columns.take(frame, on_column);
            });
            *frames
        };
        resampler.finish(&mut |samples| {
            take(samples);
        });
        let whole = take(&[]) / self.frames_per_column;
        let least = least(whole) * self.frames_per_column;
        let silence = vec![0.0; self.settings.hop];
        while take(&[]) < least {
            take(&silence);
        }
        columns.finish(on_column);
    }

    fn reset(&mut self) {
        self.resampler.reset();
        self.front_end.reset();
        self.columns.network.reset();
        self.begin();
    }
}

impl Columns {
    fn take(&mut self, frame: &[f32], on_column: &mut dyn FnMut(&[f32])) {
        self.frames.extend_from_slice(frame);
        if self.frames.len() == self.chunk_size {
            self.finish(on_column);
        }
    }

    /// Computes the whole columns that wait and drops the rest.
    fn finish(&mut self, on_column: &mut dyn FnMut(&[f32])) {
        let whole = self.frames.len() / self.column_size * self.column_size;
        self.network.advance(&self.frames[..whole], on_column);
        self.frames.clear();
    }
}
