//! Differentiable operations on maps in the kernels' own layout: what training on the CPU runs on.
//!
//! A [`Blocked`] is a candle tensor whose elements lie as in a [`Map`](crate::kernels::Map), one
//! map a sample, so nothing is rearranged between the operations. Each of them is a candle
//! `CustomOp` with a gradient of its own. Samples run in parallel on the current rayon pool; sums
//! over samples are made in a fixed order, so results do not depend on the number of threads.

mod convolution;
mod mel_means;
mod norm_relu;
mod planes;

use candle_core::{CpuStorage, Device, Layout, Result, Shape, Tensor};

use crate::kernels::{HISTORY, InstructionSet, MapShape};
use crate::storage::{contiguous_f32, with_elements};
pub use planes::causal_convolution;

/// A batch of maps on the CPU.
#[derive(Clone)]
pub struct Blocked {
    /// `batch × blocks × (2 + rows) × (mels + 2) × lanes`.
    tensor: Tensor,
    format: Format,
}

/// What the shape of the tensor does not tell.
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

    fn shape(&self) -> Shape {
        let map = self.map;
        (
            self.batch,
            map.blocks(),
            HISTORY + map.rows,
            map.mels + 2,
            map.lanes,
        )
            .into()
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

    /// Refuses a storage of another size.
    fn elements<'a>(&self, storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
        let elements = contiguous_f32(storage, layout)?;
        if elements.len() != self.size() {
            candle_core::bail!("{} elements are no {self:?}", elements.len());
        }
        Ok(elements)
    }
}

impl Blocked {
    /// Takes `x` (`batch × channels × time × mel`, channels of quaternions all r, then all i, j,
    /// k) over, by copy; no gradient goes back. `group` is 4 for quaternions and 1 for channels.
    ///
    /// # Errors
    /// If `x` is not on the CPU, or has another shape.
    pub fn new(x: &Tensor, group: usize) -> Result<Self> {
        let (batch, channels, rows, mels) = x.dims4()?;
        if !channels.is_multiple_of(group) || x.elem_count() == 0 {
            candle_core::bail!("{:?} is not a batch of units of {group} channels", x.dims());
        }
        let format = Format::new(group, [batch, channels, rows, mels]);
        let elements = with_elements(x, |x| format.block_planes(x))?;
        Ok(Self {
            tensor: Tensor::from_vec(elements, format.shape(), &Device::Cpu)?,
            format,
        })
    }

    /// Back to `batch × channels × time × mel`, by copy; no gradient goes back.
    ///
    /// # Errors
    /// If candle fails.
    pub fn to_planes(&self) -> Result<Tensor> {
        let Format { batch, map, .. } = self.format;
        let planes = with_elements(&self.tensor, |elements| {
            self.format.unblock_planes(elements)
        })?;
        let shape = (batch, map.channels, map.rows, map.mels);
        Tensor::from_vec(planes, shape, &Device::Cpu)
    }

    /// The tensor itself, for gradients.
    pub fn tensor(&self) -> &Tensor {
        &self.tensor
    }
}

#[cfg(test)]
mod tests;
