//! The way from samples at any rate to columns.

use std::sync::Arc;

use crate::EngineError;
use crate::audio::StreamResampler;
use crate::features::FrontEnd;
use crate::model::Model;
use crate::network::streaming::StreamingNetwork;

/// Resampler, front end and network in a row.
pub(super) struct ColumnStream {
    resampler: StreamResampler,
    front_end: FrontEnd,
    columns: Columns,
    frames_per_column: usize,
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
        Ok(Self {
            resampler: StreamResampler::new(sample_rate, settings.sample_rate)?,
            front_end: FrontEnd::new(settings),
            columns: Columns {
                network: StreamingNetwork::new(network.clone(), chunk),
                frames: Vec::with_capacity(chunk * column_size),
                column_size,
                chunk_size: chunk * column_size,
                begun: false,
            },
            frames_per_column,
        })
    }

    pub(super) fn push(&mut self, mono: &[f32], on_column: &mut dyn FnMut(&[f32])) {
        let Self {
            resampler,
            front_end,
            columns,
            ..
        } = self;
        resampler.push(mono, &mut |samples| {
            front_end.push(samples, &mut |frame| columns.take(frame, on_column));
        });
    }

    /// The end of a file: what the resampler still holds, then the columns that wait. Frames that
    /// make no whole column are left out, unless there is no column at all: then silence fills up
    /// the first, so that there is an answer. Allocates in that case.
    pub(super) fn finish(&mut self, on_column: &mut dyn FnMut(&[f32])) {
        let Self {
            resampler,
            front_end,
            columns,
            frames_per_column,
        } = self;
        resampler.finish(&mut |samples| {
            front_end.push(samples, &mut |frame| columns.take(frame, on_column));
        });
        if !columns.begun {
            front_end.fill_up(&mut columns.frames, *frames_per_column);
        }
        columns.finish(on_column);
    }

    pub(super) fn reset(&mut self) {
        self.resampler.reset();
        self.front_end.reset();
        self.columns.network.reset();
        self.columns.frames.clear();
        self.columns.begun = false;
    }

    pub(super) fn resampler_latency_s(&self, sample_rate: u32) -> f64 {
        self.resampler.latency_s(sample_rate)
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
