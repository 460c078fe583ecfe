//! Training on the CPU, in the kernels' own layout.
//!
//! [`trunk`] is the whole trunk as one candle operation with its own gradients;
//! [`causal_convolution`] is the convolution alone, for tensors in candle's own order. Samples run
//! in parallel on the current rayon pool; sums over samples are made in a fixed order, so results
//! do not depend on the number of threads. (One graph over a whole batch and not one a thread:
//! batch norm then sees the whole batch, however many threads there are.)

mod buffers;
mod convolution;
mod mel_means;
mod norm_relu;
mod planes;
mod trunk;

use crate::kernels::{InstructionSet, MapShape};
pub use planes::causal_convolution;
pub use trunk::{TrunkLayer, trunk};

/// A batch of maps: floats as in so many [`Map`](crate::kernels::Map)s, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Format {
    set: InstructionSet,
    /// Real channels of a unit: 4 for quaternions, 1.
    group: usize,
    batch: usize,
    map: MapShape,
}

impl Format {
    fn new(group: usize, [batch, channels, rows, mels]: [usize; 4]) -> Self {
        let set = InstructionSet::best();
        let map = MapShape {
            channels,
            rows,
            mels,
            lanes: set.lanes(),
        };
        Self {
            set,
            group,
            batch,
            map,
        }
    }

    /// `batch × channels × rows × mels` to blocked elements.
    fn block_planes(self, planes: &[f32]) -> Vec<f32> {
        let map = self.map;
        let mut elements = vec![0.0; self.size()];
        for (index, plane) in planes.chunks_exact(map.rows * map.mels).enumerate() {
            let (sample, channel) = (index / map.channels, self.place(index % map.channels));
            for (row, line) in plane.chunks_exact(map.mels).enumerate() {
                let start = sample * map.size() + map.index(channel, row, 0);
                let slots = elements[start..].iter_mut().step_by(map.lanes);
                slots.zip(line).for_each(|(slot, value)| *slot = *value);
            }
        }
        elements
    }

    /// The way back.
    fn unblock_planes(self, elements: &[f32]) -> Vec<f32> {
        let map = self.map;
        let mut planes = Vec::with_capacity(self.batch * map.channels * map.rows * map.mels);
        for sample in elements.chunks_exact(map.size()) {
            for channel in 0..map.channels {
                for row in 0..map.rows {
                    let start = map.index(self.place(channel), row, 0);
                    planes.extend(sample[start..].iter().step_by(map.lanes).take(map.mels));
                }
            }
        }
        planes
    }

    /// The same with other channels, rows and mels.
    fn with(self, channels: usize, rows: usize, mels: usize) -> Self {
        let map = MapShape {
            channels,
            rows,
            mels,
            ..self.map
        };
        Self { map, ..self }
    }

    /// Floats of all samples.
    fn size(&self) -> usize {
        self.batch * self.map.size()
    }

    /// Where channel `channel` is in a map: channels are counted all r, then all i, j, k; the map
    /// has quaternions side by side.
    fn place(&self, channel: usize) -> usize {
        let units = self.map.channels / self.group;
        channel % units * self.group + channel / units
    }

    /// A value a channel to a value a lane; lanes without a channel get zero.
    fn to_lanes(self, values: &[f32]) -> Vec<f32> {
        let mut lanes = vec![0.0; self.map.blocks() * self.map.lanes];
        for (channel, value) in values.iter().enumerate() {
            lanes[self.place(channel)] = *value;
        }
        lanes
    }

    /// A value a lane to a value a channel.
    fn to_channels(self, lanes: &[f32]) -> Vec<f32> {
        (0..self.map.channels)
            .map(|channel| lanes[self.place(channel)])
            .collect()
    }
}

#[cfg(test)]
mod tests;
