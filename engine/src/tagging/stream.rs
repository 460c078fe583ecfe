//! The way from samples at any rate to columns.

use std::sync::Arc;

use crate::audio::StreamResampler;
use crate::features::{FeatureSettings, FrontEnd};
use crate::model::Model;
use crate::network::streaming::StreamingNetwork;
use crate::{EngineError, Interrupt};

/// Resampler, front end and network in a row.
///
/// Samples wait until there are enough for a chunk of columns. The work is the same, but it is done at once: in a
/// plugin the caches are full of other things whenever a block comes, and to fetch tables and code anew for
/// every block costs more than the transforms (`cargo xtask bench -- --only live`).
pub(super) struct ColumnStream {
    waiting: Vec<f32>,
    /// As many as make a chunk complete, of samples from now on.
    wanted: usize,
    way: Way,
}

/// From samples to columns.
struct Way {
    resampler: StreamResampler,
    front_end: FrontEnd,
    settings: FeatureSettings,
    columns: Columns,
    frames_per_column: usize,
    /// Samples at the model's rate, and frames of them, since the beginning.
    samples: usize,
    frames: usize,
}

/// The network behind the frames that wait for a chunk to be full.
struct Columns {
    network: StreamingNetwork,
    frames: Vec<f32>,
    /// Floats of a column's frames, and of a chunk's.
    column_size: usize,
    chunk_size: usize,
    /// Whether a column has come out since the beginning.
    begun: bool,
}

impl ColumnStream {
    /// Columns are computed `chunk` at a time: 1 for the least delay, more where no one waits.
    pub(super) fn new(
        model: &Arc<Model>,
        sample_rate: u32,
        chunk: usize,
    ) -> Result<Self, EngineError> {
        let settings = &model.card().features;
        let network = model.network();
        let frames_per_column = network.architecture().frames_per_column();
        let column_size = network.frame_size() * frames_per_column;
        let way = Way {
            resampler: StreamResampler::new(sample_rate, settings.sample_rate)?,
            front_end: FrontEnd::new(settings),
            settings: settings.clone(),
            columns: Columns {
                network: StreamingNetwork::new(network.clone(), chunk),
                frames: Vec::with_capacity(chunk * column_size),
                column_size,
                chunk_size: chunk * column_size,
                begun: false,
            },
            frames_per_column,
            samples: 0,
            frames: 0,
        };
        let wanted = way.wanted(); // the first chunk wants most
        Ok(Self {
            waiting: Vec::with_capacity(wanted),
            wanted,
            way,
        })
    }

    pub(super) fn push(&mut self, mono: &[f32], on_column: &mut dyn FnMut(&[f32])) {
        if self.waiting.len() + mono.len() < self.wanted {
            self.waiting.extend_from_slice(mono);
            return;
        }
        self.way.push(&self.waiting, on_column);
        self.waiting.clear();
        self.way.push(mono, on_column);
        self.wanted = self.way.wanted();
    }

    /// The end of a file: what still waits, then the columns that do. Frames that make no whole column
    /// are left out, unless there is no column at all: then silence fills up the first, so that there is an
    /// answer. Allocates in that case.
    pub(super) fn finish(&mut self, on_column: &mut dyn FnMut(&[f32])) {
        self.way.push(&self.waiting, on_column);
        self.waiting.clear();
        self.way.finish(on_column);
    }

    pub(super) fn reset(&mut self) {
        self.waiting.clear();
        self.way.reset();
        self.wanted = self.way.wanted();
    }

    pub(super) fn interrupt_by(&mut self, interrupt: Interrupt) {
        self.way.columns.network.interrupt_by(interrupt);
    }

    pub(super) fn resampler_latency_s(&self, sample_rate: u32) -> f64 {
        self.way.resampler.latency_s(sample_rate)
    }
}

impl Way {
    /// Samples at the host's rate that must come until a chunk of columns is complete.
    fn wanted(&self) -> usize {
        let chunk = self.columns.chunk_size / self.columns.column_size * self.frames_per_column;
        let frames = (self.frames / chunk + 1) * chunk;
        let samples = FrontEnd::samples_for(&self.settings, frames);
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

    fn finish(&mut self, on_column: &mut dyn FnMut(&[f32])) {
        let Self {
            resampler,
            front_end,
            columns,
            frames_per_column,
            ..
        } = self;
        resampler.finish(&mut |samples| {
            front_end.push(samples, &mut |frame| columns.take(frame, on_column));
        });
        if !columns.begun {
            front_end.fill_up(&mut columns.frames, *frames_per_column);
        }
        columns.finish(on_column);
    }

    fn reset(&mut self) {
        self.resampler.reset();
        self.front_end.reset();
        self.columns.network.reset();
        self.columns.frames.clear();
        self.columns.begun = false;
        (self.samples, self.frames) = (0, 0);
    }
}

impl Columns {
    fn take(&mut self, frame: &[f32], on_column: &mut dyn FnMut(&[f32])) {
        self.frames.extend_from_slice(frame);
        if self.frames.len() == self.chunk_size {
            self.finish(on_column);
        }
    }

    /// Computes the whole columns that wait and forgets the rest.
    fn finish(&mut self, on_column: &mut dyn FnMut(&[f32])) {
        let whole = self.frames.len() / self.column_size * self.column_size;
        self.network.advance(&self.frames[..whole], on_column);
        self.begun |= whole > 0;
        self.frames.clear();
    }
}
