//! The network a few frames at a time: what came before is kept, nothing is computed twice.
//!
//! Every convolution keeps the last two rows of its input; every chunk of frames is a whole number
//! of columns, so pooling never waits. The cost of a second of audio is constant.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::pooling::pool_plane;
use super::{Architecture, BATCH_NORM_EPSILON, POOLING};
use crate::features::COMPONENTS;
use crate::kernels::{Grid, KERNEL_SIZE, Matrix, MatrixMut, Reach, TAPS, convolve, multiply_add};
use crate::quaternion::expand;

/// Rows that a convolution needs from before the chunk.
const HISTORY: usize = KERNEL_SIZE - 1;

/// Weights made ready to run: expanded, batch norm folded in. Immutable; share it.
pub struct PackedNetwork {
    architecture: Architecture,
    mel_bands: usize,
    input_scale: Vec<f32>,
    input_shift: Vec<f32>,
    convolutions: Vec<PackedConvolution>,
    hidden: PackedLinear,
    output: PackedLinear,
}

/// A convolution with the batch norm behind it folded in: y = ReLU(kernel ⊛ x + shift).
struct PackedConvolution {
    kernel: Vec<f32>,
    shift: Vec<f32>,
    inputs: usize,
    outputs: usize,
    /// Mels of its rows, and rows of a column on its time scale.
    mels: usize,
    rows_per_column: usize,
    /// Whether pooling follows.
    pools: bool,
}

struct PackedLinear {
    weight: Vec<f32>,
    bias: Vec<f32>,
}

/// Name to elements, as a model file holds them; names and shapes have been checked.
pub type Weights = BTreeMap<String, Vec<f32>>;

impl PackedNetwork {
    /// Packs weights whose names and sizes are those of [`Architecture::parameters`].
    ///
    /// # Panics
    /// If one is missing or has another size.
    pub fn new(architecture: &Architecture, mel_bands: usize, weights: &Weights) -> Self {
        let (input_scale, input_shift) = running_affine(weights, "input_norm");
        let column_rows = architecture.frames_per_column();
        let mut rows_per_column = column_rows;
        let mut convolutions = Vec::new();
        for (block, place, inputs, outputs) in architecture.convolutions() {
            let shape = &architecture.blocks[block];
            let last = place + 1 == shape.filters.len();
            let kernel = &weights[&format!("blocks.{block}.convolutions.{place}.kernel")];
            let (scale, shift) = running_affine(weights, &format!("blocks.{block}.norms.{place}"));
            let mut kernel = expand(kernel, outputs, inputs, TAPS);
            // The expanded kernel is real: a factor a channel may go into it.
            for (filter, scale) in kernel
                .chunks_exact_mut(COMPONENTS * inputs * TAPS)
                .zip(scale)
            {
                filter.iter_mut().for_each(|weight| *weight *= scale);
            }
            convolutions.push(PackedConvolution {
                kernel,
                shift,
                inputs: COMPONENTS * inputs,
                outputs: COMPONENTS * outputs,
                mels: architecture.mels_after(mel_bands, block),
                rows_per_column,
                pools: last && shape.pools,
            });
            if last && shape.pools {
                rows_per_column /= POOLING;
            }
        }
        let features = architecture.features() / COMPONENTS;
        let linear = |weight: Vec<f32>, bias: &str| PackedLinear {
            weight,
            bias: weights[bias].clone(),
        };
        let hidden = expand(
            &weights["head.hidden.kernel"],
            architecture.hidden,
            features,
            1,
        );
        Self {
            mel_bands,
            input_scale,
            input_shift,
            convolutions,
            hidden: linear(hidden, "head.hidden.bias"),
            output: linear(weights["head.output.weight"].clone(), "head.output.bias"),
            architecture: architecture.clone(),
        }
    }

    /// The shape of the network.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// Numbers in a quaternion frame.
    pub fn frame_size(&self) -> usize {
        COMPONENTS * self.mel_bands
    }

    /// Bytes of the packed weights.
    pub fn size_bytes(&self) -> usize {
        let convolutions = self
            .convolutions
            .iter()
            .map(|c| c.kernel.len() + c.shift.len());
        let linears = [&self.hidden, &self.output].map(|l| l.weight.len() + l.bias.len());
        size_of::<f32>() * (convolutions.sum::<usize>() + linears.iter().sum::<usize>())
    }

    /// Window features (see [`Architecture::features`]) to logits, one a label. `hidden` is
    /// scratch. Allocates only where the two have to grow.
    pub fn logits_into(&self, features: &[f32], hidden: &mut Vec<f32>, logits: &mut Vec<f32>) {
        self.hidden.apply(features, hidden);
        hidden.iter_mut().for_each(|unit| *unit = unit.max(0.0));
        self.output.apply(hidden, logits);
    }
}

fn running_affine(weights: &Weights, name: &str) -> (Vec<f32>, Vec<f32>) {
    let part = |part: &str| &weights[&format!("{name}.{part}")];
    let scales = part("weight").iter().zip(part("variance"));
    let scale: Vec<f32> = scales
        .map(|(weight, variance)| weight / (variance + BATCH_NORM_EPSILON).sqrt())
        .collect();
    let shifts = part("bias").iter().zip(part("mean")).zip(&scale);
    let shift = shifts
        .map(|((bias, mean), scale)| bias - mean * scale)
        .collect();
    (scale, shift)
}

impl PackedLinear {
    fn apply(&self, x: &[f32], y: &mut Vec<f32>) {
        y.clear();
        y.extend_from_slice(&self.bias);
        let (rows, columns) = (y.len(), x.len());
        let mut sum = MatrixMut {
            data: y,
            rows,
            columns: 1,
            row_stride: 1,
        };
        let x = Matrix::row_major(x, columns, 1);
        multiply_add(&mut sum, Matrix::row_major(&self.weight, rows, columns), x);
    }
}

/// The state of one stream through a [`PackedNetwork`].
pub struct StreamingNetwork {
    packed: Arc<PackedNetwork>,
    most_columns: usize,
    /// The input of each convolution: `channels × (HISTORY + rows) × mels`, the rows of the
    /// chunk behind those that were kept.
    inputs: Vec<Vec<f32>>,
    /// The output of the last convolution and those before a pooling.
    unpooled: Vec<f32>,
    column: Vec<f32>,
}

impl StreamingNetwork {
    /// A stream at its beginning (zeros before it) that takes up to `most_columns` columns of
    /// frames at a time (1: least delay; 8 or more: files). Allocates everything it needs.
    pub fn new(packed: Arc<PackedNetwork>, most_columns: usize) -> Self {
        let most_columns = most_columns.max(1);
        let inputs = packed
            .convolutions
            .iter()
            .map(|layer| vec![0.0; layer.inputs * layer.stride(most_columns)])
            .collect();
        let unpooled = packed
            .convolutions
            .iter()
            .map(|layer| layer.outputs * layer.rows_per_column * most_columns * layer.mels)
            .max();
        Self {
            most_columns,
            inputs,
            unpooled: vec![0.0; unpooled.unwrap_or(0)],
            column: vec![0.0; packed.architecture.features()],
            packed,
        }
    }

    /// The weights it runs on.
    pub fn packed(&self) -> &Arc<PackedNetwork> {
        &self.packed
    }

    /// Forgets the past.
    pub fn reset(&mut self) {
        self.inputs.iter_mut().for_each(|input| input.fill(0.0));
    }

    /// Takes quaternion frames (each `4 × mel_bands`, component-major, one after the other), as
    /// many as make one column or several, and hands each column's features to `sink`. Allocates
    /// nothing after the first call on a thread.
    ///
    /// # Panics
    /// If the frames are not a whole number of columns, or more than `most_columns`.
    pub fn advance(&mut self, frames: &[f32], sink: &mut dyn FnMut(&[f32])) {
        let frame = self.packed.frame_size();
        let column_size = frame * self.packed.architecture.frames_per_column();
        assert!(
            frames.len().is_multiple_of(column_size),
            "a whole number of columns"
        );
        let columns = frames.len() / column_size;
        assert!(
            columns <= self.most_columns,
            "at most {} columns",
            self.most_columns
        );
        if columns == 0 {
            return;
        }
        self.take_in(frames, frame);
        for index in 0..self.inputs.len() {
            self.run_layer(index, columns);
        }
        self.hand_out(columns, sink);
    }

    /// Writes normalised frames behind the history of the first convolution's input.
    fn take_in(&mut self, frames: &[f32], frame: usize) {
        let (packed, mels) = (&self.packed, self.packed.mel_bands);
        let stride = packed.convolutions[0].stride(self.most_columns);
        for (row, frame) in frames.chunks_exact(frame).enumerate() {
            for (component, values) in frame.chunks_exact(mels).enumerate() {
                let affine = component * mels..(component + 1) * mels;
                let affine = packed.input_scale[affine.clone()]
                    .iter()
                    .zip(&packed.input_shift[affine]);
                let start = component * stride + (HISTORY + row) * mels;
                let slots = self.inputs[0][start..start + mels].iter_mut();
                for ((slot, value), (scale, shift)) in slots.zip(values).zip(affine) {
                    *slot = value * scale + shift;
                }
            }
        }
    }

    fn run_layer(&mut self, index: usize, columns: usize) {
        let layer = &self.packed.convolutions[index];
        let rows = layer.rows_per_column * columns;
        let from = layer.grid(layer.inputs, rows, layer.stride(self.most_columns));
        let (before, after) = self.inputs.split_at_mut(index + 1);
        let input = &mut before[index];
        match after.first_mut() {
            // Straight into the next layer's input where nothing lies between.
            Some(next) if !layer.pools => {
                let stride = self.packed.convolutions[index + 1].stride(self.most_columns);
                layer.run(
                    (input, from),
                    (next, layer.grid(layer.outputs, rows, stride)),
                );
            }
            next => {
                let to = Grid::dense(layer.outputs, rows, layer.mels);
                layer.run((input, from), (&mut self.unpooled, to));
                if let Some(next) = next {
                    let following = &self.packed.convolutions[index + 1];
                    pool_into(&self.unpooled, to, next, following, self.most_columns);
                }
            }
        }
        for channel in input.chunks_exact_mut(from.channel_stride) {
            let end = (HISTORY + rows) * layer.mels;
            channel.copy_within(end - HISTORY * layer.mels..end, 0);
        }
    }

    /// The mean over mel of the last layer's (pooled) rows, a column each. With the last layer's
    /// pooling: the mean over the rows and mels that are pooled together.
    fn hand_out(&mut self, columns: usize, sink: &mut dyn FnMut(&[f32])) {
        let Some(last) = self.packed.convolutions.last() else {
            return;
        };
        let rows = last.rows_per_column;
        let mels = if last.pools {
            last.mels / POOLING * POOLING
        } else {
            last.mels
        };
        for column in 0..columns {
            let planes = self.unpooled.chunks_exact(rows * columns * last.mels);
            for (feature, plane) in self.column.iter_mut().zip(planes) {
                let rows = plane[column * rows * last.mels..]
                    .chunks_exact(last.mels)
                    .take(rows);
                let sum: f32 = rows
                    .clone()
                    .map(|row| row[..mels].iter().sum::<f32>())
                    .sum();
                *feature = sum / (mels * rows.len()) as f32;
            }
            sink(&self.column);
        }
    }
}

impl PackedConvolution {
    /// Elements of a channel in this layer's input.
    fn stride(&self, most_columns: usize) -> usize {
        (HISTORY + self.rows_per_column * most_columns) * self.mels
    }

    fn grid(&self, channels: usize, rows: usize, channel_stride: usize) -> Grid {
        Grid {
            channels,
            rows,
            mels: self.mels,
            history: HISTORY,
            channel_stride,
        }
    }

    fn run(&self, from: (&[f32], Grid), (output, to): (&mut [f32], Grid)) {
        for (channel, shift) in self.shift.iter().enumerate() {
            let start = to.offset(channel, 0);
            output[start..start + to.rows * to.mels].fill(*shift);
        }
        convolve(&self.kernel, from, (output, to), Reach::Past);
        for channel in 0..to.channels {
            let start = to.offset(channel, 0);
            for value in &mut output[start..start + to.rows * to.mels] {
                *value = value.max(0.0);
            }
        }
    }
}

/// Pools dense planes into the input of the layer that follows, behind its history.
fn pool_into(
    planes: &[f32],
    grid: Grid,
    next: &mut [f32],
    following: &PackedConvolution,
    most_columns: usize,
) {
    let (stride, mels) = (following.stride(most_columns), following.mels);
    let size = grid.rows / POOLING * mels;
    let inputs = next.chunks_exact_mut(stride).take(grid.channels);
    for (plane, input) in planes.chunks_exact(grid.channel_stride).zip(inputs) {
        let target = &mut input[HISTORY * mels..][..size];
        pool_plane(plane, grid.mels, target, mels);
    }
}
