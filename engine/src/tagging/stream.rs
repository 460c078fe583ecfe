//! The way from samples at any rate to columns.

use std::sync::Arc;

use crate::EngineError;
use crate::audio::StreamResampler;
use crate::features::{FeatureSettings, FrontEnd};
use crate::model::Model;
use crate::network::streaming::StreamingNetwork;

/// Resampler, front end and network in a row.
pub(super) struct ColumnStream {
    resampler: StreamResampler,
    front_end: FrontEnd,
    network: StreamingNetwork,
    /// Quaternion frames that wait for a chunk to be full.
    frames: Vec<f32>,
    column_size: usize,
    chunk_size: usize,
}

impl ColumnStream {
    /// Columns are computed `chunk` at a time: 1 for the least delay, more where files are read.
    pub(super) fn new(
        model: &Arc<Model>,
        sample_rate: u32,
        chunk: usize,
    ) -> Result<Self, EngineError> {
        let card = model.card();
        let network = model.network();
        let column_size = network.frame_size() * network.architecture().frames_per_column();
        Ok(Self {
            resampler: StreamResampler::new(sample_rate, card.features.sample_rate)?,
            front_end: FrontEnd::new(&card.features),
            network: StreamingNetwork::new(network.clone(), chunk),
            frames: Vec::with_capacity(chunk * column_size),
            column_size,
            chunk_size: chunk * column_size,
        })
    }

    pub(super) fn push(&mut self, mono: &[f32], on_column: &mut dyn FnMut(&[f32])) {
        let Self {
            resampler,
            front_end,
            network,
            frames,
            chunk_size,
            ..
        } = self;
        resampler.push(mono, &mut |samples| {
            front_end.push(samples, &mut |frame| {
                frames.extend_from_slice(frame);
                if frames.len() == *chunk_size {
                    network.advance(frames, on_column);
                    frames.clear();
                }
            });
        });
    }

    /// The end of a file: what the resampler still holds, `silence` more samples at the model's
    /// rate, then the columns that wait. Frames that make no whole column are left out.
    pub(super) fn finish(&mut self, silence: usize, on_column: &mut dyn FnMut(&[f32])) {
        let Self {
            resampler,
            front_end,
            network,
            frames,
            chunk_size,
            column_size,
        } = self;
        let mut take = |samples: &[f32]| {
            front_end.push(samples, &mut |frame| {
                frames.extend_from_slice(frame);
                if frames.len() == *chunk_size {
                    network.advance(frames, on_column);
                    frames.clear();
                }
            });
        };
        resampler.finish(&mut take);
        take(&vec![0.0; silence]);
        let whole = frames.len() / *column_size * *column_size;
        network.advance(&frames[..whole], on_column);
        frames.clear();
    }

    pub(super) fn reset(&mut self) {
        self.resampler.reset();
        self.front_end.reset();
        self.network.reset();
        self.frames.clear();
    }

    pub(super) fn resampler_latency_s(&self, sample_rate: u32) -> f64 {
        self.resampler.latency_s(sample_rate)
    }
}

/// Samples at the model's rate that one column takes.
pub(super) fn samples_of_one_column(model: &Model) -> usize {
    let settings: &FeatureSettings = &model.card().features;
    FrontEnd::samples_for(settings, model.card().architecture.frames_per_column())
}
