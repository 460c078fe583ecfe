//! The steps of a trunk: a 3×3 convolution with its batch norm, or a separable unit.

use std::sync::OnceLock;

use super::Weights;
use super::affine::batch_norm_affine;
use super::unit::Unit;
use crate::kernels::{
    Convolution, Counts, InstructionSet, KERNEL_SIZE, KernelWeights, LayerShape, Method,
    PackedConvolution,
};
use crate::network::{Algebra, Architecture, POOLING, TrunkConvolution};

/// A convolution and its batch norm: y = ReLU(scale · (kernel ⊛ x) + shift), then perhaps 2×2 average pooling.
pub(super) struct Layer {
    weights: Vec<f32>,
    algebra: Algebra,
    scale: Vec<f32>,
    shift: Vec<f32>,
    counts: Counts,
    mels: usize,
    rows_per_column: usize,
    pools: bool,
    /// Packed weights of each method that a stream has asked for.
    packed: [OnceLock<PackedConvolution>; Method::ALL.len()],
}

/// A part of the trunk that runs between two maps.
pub(super) enum Step {
    Convolution(Layer),
    Unit(Unit),
}

/// A step and what surrounds it.
pub(super) struct PlacedStep {
    pub(super) step: Step,
    pub(super) group: usize,
    /// Mels of its input.
    pub(super) mels: usize,
    /// Rows of its input for a column.
    pub(super) rows_per_column: usize,
    pub(super) pools: bool,
    /// Units, quaternions or real channels, in and out.
    pub(super) counts: Counts,
    /// Offset of its means within each component of a column, if they are part of it.
    pub(super) column_offset: Option<usize>,
}

impl PlacedStep {
    /// Rows or mels of its output.
    pub(super) fn halved(&self, size: usize) -> usize {
        if self.pools { size / POOLING } else { size }
    }

    /// Frees weights that were packed for kernels which are not used any more.
    pub(super) fn unpack(&mut self) {
        if let Step::Convolution(layer) = &mut self.step {
            layer.packed = Default::default();
        }
    }

    /// The convolution with a choice of kernels, if it is one.
    pub(super) fn convolution(&self) -> Option<&Layer> {
        match &self.step {
            Step::Convolution(layer) => Some(layer),
            Step::Unit(_) => None,
        }
    }

    /// The zeros and rows of the past that its input needs: the reach of a [`Map`](crate::kernels::Map).
    pub(super) fn reach(&self) -> usize {
        match &self.step {
            Step::Convolution(_) => KERNEL_SIZE / 2,
            Step::Unit(_) => 0,
        }
    }

    /// Whether it reads and writes maps with their transforms.
    pub(super) fn writes_pairs(&self) -> bool {
        matches!(self.step, Step::Unit(_))
    }

    /// Bytes of the weights, as they came and in every layout in which they are packed by now.
    pub(super) fn size_bytes(&self) -> usize {
        match &self.step {
            Step::Convolution(layer) => layer.size_bytes(),
            Step::Unit(unit) => unit.size_bytes(),
        }
    }
}

/// The trunk, in order.
///
/// # Panics
/// If a weight is missing.
pub(super) fn steps(
    architecture: &Architecture,
    mel_bands: usize,
    weights: &Weights,
    set: InstructionSet,
) -> Vec<PlacedStep> {
    let algebra = architecture.algebra;
    let layers = architecture.layers();
    let (mut steps, mut rest, mut units_before) = (Vec::new(), &layers[..], 0);
    while let Some(first) = rest.first() {
        let mels = first.mels(mel_bands);
        let rows_per_column = architecture.frames_per_column() / POOLING.pow(first.poolings);
        let (step, last, pools) = match rest {
            [expansion, depthwise, projection, after @ ..] if first.begins_unit() => {
                rest = after;
                let unit = [expansion, depthwise, projection];
                let unit = Unit::new(unit, algebra, mels, rows_per_column, weights, set);
                (Step::Unit(unit), projection, depthwise.pools)
            }
            _ => {
                rest = &rest[1..];
                let layer = Layer::new(first, algebra, mels, rows_per_column, weights);
                (Step::Convolution(layer), first, first.pools)
            }
        };
        let feeds_head = last.ends_block && architecture.feeds_head(last.block);
        steps.push(PlacedStep {
            step,
            group: algebra.group(),
            mels,
            rows_per_column,
            pools,
            counts: Counts {
                inputs: algebra.units(first.inputs),
                outputs: algebra.units(last.outputs),
            },
            column_offset: feeds_head.then_some(units_before),
        });
        if feeds_head {
            units_before += last.outputs;
        }
    }
    steps
}

impl Layer {
    fn new(
        layer: &TrunkConvolution,
        algebra: Algebra,
        mels: usize,
        rows_per_column: usize,
        weights: &Weights,
    ) -> Self {
        let (scale, shift) = batch_norm_affine(weights, &layer.norm());
        Self {
            weights: weights[&layer.kernel()].clone(),
            algebra,
            scale,
            shift,
            counts: Counts {
                inputs: algebra.units(layer.inputs),
                outputs: algebra.units(layer.outputs),
            },
            mels,
            rows_per_column,
            pools: layer.pools,
            packed: Default::default(),
        }
    }

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
