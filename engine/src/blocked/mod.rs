//! Training on the CPU, in the kernels' own layout.
//!
//! [`trunk`] is the whole trunk as one candle operation with its own gradients, step by step (`full`: a 3×3 convolution,
//! `unit`: an inverted residual unit);
//! [`causal_convolution`] is the convolution alone, for tensors in candle's own order. Samples run
//! in parallel on the current rayon pool; sums over samples are made in a fixed order, so results
//! do not depend on the number of threads. (One graph over a whole batch and not one a thread:
//! batch norm then sees the whole batch, however many threads there are.)

mod buffers;
mod convolution;
mod full;
mod mel_means;
mod norm;
mod planes;
mod scratch;
mod trunk;
mod unit;
mod unit_gradients;

use crate::kernels::{Buffer, InstructionSet, MapRef, MapShape};
pub use planes::causal_convolution;
pub use trunk::{NormedKernel, StepKind, TrunkStep, trunk};

/// The layout of a batch of activations: one [`Map`](crate::kernels::Map) after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct BatchShape {
    set: InstructionSet,
    /// Real channels of a unit: 4 for quaternions, 1.
    group: usize,
    batch: usize,
    map: MapShape,
}

impl BatchShape {
    fn new(group: usize, [batch, channels, rows, mels]: [usize; 4], reach: usize) -> Self {
        let set = InstructionSet::best();
        let map = MapShape {
            channels,
            rows,
            mels,
            lanes: set.lanes(),
            reach,
        };
        Self {
            set,
            group,
            batch,
            map,
        }
    }

    /// From candle's order (`batch × channels × rows × mels`) to this layout.
    fn block_planes(self, planes: &[f32]) -> Buffer {
        let map = self.map;
        let mut elements = Buffer::new(self.size());
        for (index, plane) in planes.chunks_exact(map.rows * map.mels).enumerate() {
            let (sample, channel) = (index / map.channels, self.map_channel(index % map.channels));
            for (row, line) in plane.chunks_exact(map.mels).enumerate() {
                let start = sample * map.size() + map.index(channel, row, 0);
                let slots = elements[start..].iter_mut().step_by(map.lanes);
                slots.zip(line).for_each(|(slot, value)| *slot = *value);
            }
        }
        elements
    }

    /// From this layout to candle's order.
    fn unblock_planes(self, elements: &[f32]) -> Vec<f32> {
        let map = self.map;
        let mut planes = Vec::with_capacity(self.batch * map.channels * map.rows * map.mels);
        for sample in elements.chunks_exact(map.size()) {
            for channel in 0..map.channels {
                for row in 0..map.rows {
                    let start = map.index(self.map_channel(channel), row, 0);
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

    /// The same with another border.
    fn with_reach(self, reach: usize) -> Self {
        let map = MapShape { reach, ..self.map };
        Self { map, ..self }
    }

    /// The map of one sample.
    fn sample<'a>(&self, values: &'a [f32], sample: usize) -> MapRef<'a> {
        MapRef {
            values: &values[sample * self.map.size()..][..self.map.size()],
            shape: self.map,
        }
    }

    /// Floats of all samples.
    fn size(&self) -> usize {
        self.batch * self.map.size()
    }

    /// The index in a map of a channel of a tensor. Tensors have all r, then all i, j, k; maps have the four
    /// components of a quaternion side by side.
    fn map_channel(&self, channel: usize) -> usize {
        let units = self.map.channels / self.group;
        channel % units * self.group + channel / units
    }

    /// One value a channel, in the order of tensors, to one value a lane; lanes without a channel get zero.
    fn to_lanes(self, values: &[f32]) -> Vec<f32> {
        let mut lanes = vec![0.0; self.map.blocks() * self.map.lanes];
        for (channel, value) in values.iter().enumerate() {
            lanes[self.map_channel(channel)] = *value;
        }
        lanes
    }

    /// One value a lane to one value a channel, in the order of tensors.
    fn to_channels(self, lanes: &[f32]) -> Vec<f32> {
        (0..self.map.channels)
            .map(|channel| lanes[self.map_channel(channel)])
            .collect()
    }
}

#[cfg(test)]
mod tests;
