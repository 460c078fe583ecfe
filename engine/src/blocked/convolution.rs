//! The convolution, quaternion or real, with its two gradients.

use std::cell::RefCell;

use candle_core::Result;
use rayon::prelude::*;

use super::scratch::SAMPLES_A_TASK;
use super::{BatchShape, buffers};
use crate::kernels::{
    Buffer, CacheLevel, Convolution, Counts, KERNEL_SIZE, KernelWeights, LayerShape, MapMut,
    MapRef, Method, PackedConvolution, WeightGradient, Workspace, adjoint_weights, anticausal_copy,
};

/// The [`reach`](crate::kernels::MapShape::reach) of the maps that a 3×3 convolution reads and writes.
pub(super) const REACH: usize = KERNEL_SIZE / 2;

thread_local! {
    /// Scratch of the kernels, and a map for anticausal convolution.
    static SCRATCH: RefCell<(Workspace, Vec<f32>)> = RefCell::default();
}

/// Sizes of one call.
pub(super) struct Convolve {
    pub(super) from: BatchShape,
    pub(super) to: BatchShape,
    counts: Counts,
}

/// Whether row t of a convolution's output depends on the input rows before or after it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Causal,
    Anticausal,
}

/// Convolves every sample of `input`.
fn run(
    kernel: &[f32],
    counts: Counts,
    input: &[f32],
    from: BatchShape,
    to: BatchShape,
    direction: Direction,
) -> Buffer {
    let layer = LayerShape {
        group: from.group,
        counts,
        rows: from.map.rows,
        mels: from.map.mels,
    };
    // A batch reads the weights many times, so they stay in the cache.
    let method = Method::fastest(layer, CacheLevel::Second, from.set);
    let (scale, shift) = (vec![1.0; to.map.channels], vec![0.0; to.map.channels]);
    let convolution = Convolution {
        weights: match from.group {
            4 => KernelWeights::Quaternion(kernel),
            _ => KernelWeights::Real(kernel),
        },
        counts,
        scale: &scale,
        shift: &shift,
        relu: false,
        pools: false,
    };
    let packed = PackedConvolution::new_in_parallel(convolution, from.map.mels, method, from.set);
    let mut output = buffers::take(to.size());
    output
        .par_chunks_mut(to.map.size())
        .zip(input.par_chunks(from.map.size()))
        .for_each(|(output, input)| {
            to.map.clear_borders(output);
            SCRATCH.with_borrow_mut(|(workspace, copy)| {
                let input = if direction == Direction::Anticausal {
                    copy.resize(copy.len().max(input.len()), 0.0);
                    anticausal_copy(input, from.map, copy);
                    &copy[..]
                } else {
                    input
                };
                let input = MapRef {
                    values: input,
                    shape: from.map,
                };
                let output = MapMut {
                    values: output,
                    shape: to.map,
                };
                packed.run_on(input, from.map.rows, output, workspace);
            });
        });
    output
}

impl Convolve {
    /// For quarter kernels (`4 × outputs × inputs × 3 × 3`) where units are quaternions, or real
    /// ones (`outputs × inputs × 3 × 3`). Refuses kernels that do not fit.
    pub(super) fn new(from: BatchShape, kernel: &[usize]) -> Result<Self> {
        let (outputs, inputs) = match (from.group, kernel) {
            (4, &[4, outputs, inputs, 3, 3]) | (1, &[outputs, inputs, 3, 3]) => (outputs, inputs),
            _ => candle_core::bail!(
                "a kernel of {kernel:?} is not one for units of {}",
                from.group
            ),
        };
        if inputs * from.group != from.map.channels {
            candle_core::bail!("a kernel of {kernel:?} for {} channels", from.map.channels);
        }
        let to = from.with(outputs * from.group, from.map.rows, from.map.mels);
        let counts = Counts { inputs, outputs };
        Ok(Self { from, to, counts })
    }

    pub(super) fn forward(&self, x: &[f32], kernel: &[f32]) -> Buffer {
        run(
            kernel,
            self.counts,
            x,
            self.from,
            self.to,
            Direction::Causal,
        )
    }

    pub(super) fn gradient_of_x(&self, gradient: &[f32], kernel: &[f32]) -> Buffer {
        let adjoint = adjoint_weights(kernel, self.from.group, self.counts);
        let counts = Counts {
            inputs: self.counts.outputs,
            outputs: self.counts.inputs,
        };
        run(
            &adjoint,
            counts,
            gradient,
            self.to,
            self.from,
            Direction::Anticausal,
        )
    }

    pub(super) fn gradient_of_kernel(&self, x: &[f32], gradient: &[f32]) -> Vec<f32> {
        let (from, to) = (self.from.map, self.to.map);
        let mut tasks = x
            .par_chunks(SAMPLES_A_TASK * from.size())
            .zip(gradient.par_chunks(SAMPLES_A_TASK * to.size()))
            .map(|(x, gradient)| {
                let mut sum = WeightGradient::new(self.from.group, self.counts, self.from.set);
                let samples = x.chunks_exact(from.size());
                for (x, gradient) in samples.zip(gradient.chunks_exact(to.size())) {
                    let view = |values, shape| MapRef { values, shape };
                    sum.add(view(x, from), view(gradient, to));
                }
                sum
            })
            .collect::<Vec<_>>()
            .into_iter();
        let Some(mut sum) = tasks.next() else {
            return Vec::new(); // no batch is empty
        };
        tasks.for_each(|task| sum.merge(&task));
        sum.weights()
    }
}
