//! One convolution of the trunk with its batch norm.

use std::sync::OnceLock;

use super::Weights;
use crate::features::COMPONENTS;
use crate::kernels::{
    Convolution, Counts, InstructionSet, KernelWeights, LayerShape, Method, PackedConvolution,
};
use crate::network::{Algebra, Architecture, BATCH_NORM_EPSILON, POOLING};

/// A convolution and its batch norm: y = ReLU(scale · (kernel ⊛ x) + shift), then perhaps 2×2 average pooling.
pub(super) struct Layer {
    weights: Vec<f32>,
    pub(super) algebra: Algebra,
    scale: Vec<f32>,
    shift: Vec<f32>,
    pub(super) counts: Counts,
    /// Mels of its input.
    pub(super) mels: usize,
    /// Rows of its input for a column.
    pub(super) rows_per_column: usize,
    pub(super) pools: bool,
    /// Offset of its means within each component of a column, if they are part of it.
    pub(super) column_offset: Option<usize>,
    /// Packed weights of each method that a stream has asked for.
    packed: [OnceLock<PackedConvolution>; Method::ALL.len()],
}

/// Every convolution of the trunk, in order.
///
/// # Panics
/// If a weight is missing.
pub(super) fn layers(
    architecture: &Architecture,
    mel_bands: usize,
    weights: &Weights,
) -> Vec<Layer> {
    let mut rows_per_column = architecture.frames_per_column();
    let mut units_before = 0;
    let mut layers = Vec::new();
    for (block, index, inputs, outputs) in architecture.convolutions() {
        let shape = &architecture.blocks[block];
        let is_last = index + 1 == shape.filters.len();
        let pools = is_last && shape.pools;
        let feeds_head = is_last && architecture.feeds_head(block);
        let (scale, shift) = batch_norm_affine(weights, &format!("blocks.{block}.norms.{index}"));
        layers.push(Layer {
            weights: weights[&format!("blocks.{block}.convolutions.{index}.kernel")].clone(),
            algebra: architecture.algebra,
            scale,
            shift,
            counts: Counts {
                inputs: inputs * COMPONENTS / architecture.algebra.group(),
                outputs: outputs * COMPONENTS / architecture.algebra.group(),
            },
            mels: architecture.mels_after(mel_bands, block),
            rows_per_column,
            pools,
            column_offset: feeds_head.then_some(units_before),
            packed: Default::default(),
        });
        if pools {
            rows_per_column /= POOLING;
        }
        if feeds_head {
            units_before += outputs;
        }
    }
    layers
}

/// A batch norm with its running statistics as one scale and shift a channel.
pub(super) fn batch_norm_affine(weights: &Weights, name: &str) -> (Vec<f32>, Vec<f32>) {
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

impl Layer {
    /// Its size where `columns` columns are computed at a time.
    pub(super) fn shape(&self, columns: usize) -> LayerShape {
        LayerShape {
            group: self.algebra.group(),
            counts: self.counts,
            rows: self.rows_per_column * columns,
            mels: self.mels,
        }
    }

    /// Packed for a method; the first call for it allocates.
    pub(super) fn packed(&self, method: Method, set: InstructionSet) -> &PackedConvolution {
        self.packed[method as usize].get_or_init(|| {
            let convolution = Convolution {
                weights: match self.algebra {
                    Algebra::Quaternion => KernelWeights::Quaternion(&self.weights),
                    Algebra::Real => KernelWeights::Real(&self.weights),
                },
                counts: self.counts,
                scale: &self.scale,
                shift: &self.shift,
                relu: true,
                pools: self.pools,
            };
            PackedConvolution::new(convolution, self.mels, method, set)
        })
    }

    /// Bytes of the weights, as they came and in every layout in which they are packed by now.
    pub(super) fn size_bytes(&self) -> usize {
        let packed = self.packed.iter().filter_map(OnceLock::get);
        size_of_val(&self.weights[..]) + packed.map(PackedConvolution::size_bytes).sum::<usize>()
    }
}
