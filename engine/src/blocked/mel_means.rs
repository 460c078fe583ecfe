//! The end of the trunk: from maps to columns.

use rayon::prelude::*;

use super::{BatchShape, buffers};
use crate::kernels::Buffer;

/// The number of means.
pub(super) fn count(shape: BatchShape) -> usize {
    shape.batch * shape.map.rows * shape.map.channels
}

/// Means over mels: `batch × rows × channels`, channels of quaternions all r, then all i, j, k.
pub(super) fn forward(shape: BatchShape, x: &[f32]) -> Vec<f32> {
    let map = shape.map;
    let mut means = vec![0.0; count(shape)];
    means
        .par_chunks_mut(map.rows * map.channels)
        .zip(x.par_chunks(map.size()))
        .for_each(|(means, x)| {
            for_each(shape, |row, channel, start| {
                let mels = x[start..].iter().step_by(map.lanes).take(map.mels);
                means[row * map.channels + channel] = mels.sum::<f32>() / map.mels as f32;
            });
        });
    means
}

/// Adds to the gradient of the maps (empty where there is none yet) what comes from that of the means.
pub(super) fn add_gradient(shape: BatchShape, gradient: &[f32], of_x: &mut Buffer) {
    let map = shape.map;
    if of_x.is_empty() {
        *of_x = buffers::take(shape.size());
        of_x.fill(0.0);
    }
    of_x.par_chunks_mut(map.size())
        .zip(gradient.par_chunks(map.rows * map.channels))
        .for_each(|(of_x, gradient)| {
            for_each(shape, |row, channel, start| {
                let share = gradient[row * map.channels + channel] / map.mels as f32;
                let mels = of_x[start..].iter_mut().step_by(map.lanes).take(map.mels);
                mels.for_each(|slot| *slot += share);
            });
        });
}

/// Calls `each(row, channel, offset of the first mel)`.
fn for_each(shape: BatchShape, mut each: impl FnMut(usize, usize, usize)) {
    let map = shape.map;
    for row in 0..map.rows {
        for channel in 0..map.channels {
            each(row, channel, map.index(shape.map_channel(channel), row, 0));
        }
    }
}
