//! The convolutions of a trunk, in the order in which they run.

use super::architecture::{Algebra, Architecture, Block, Separable};
use crate::features::COMPONENTS;
use crate::kernels::{KERNEL_SIZE, POOLING};

/// What a convolution connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConvolutionKind {
    /// Every output filter with every input filter, over rows and mels.
    Full,
    /// Every output filter with every input filter, at one pixel: 1×1.
    Pointwise,
    /// Each filter with itself, over rows and mels.
    Depthwise,
}

/// One convolution with the batch norm behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrunkConvolution {
    /// What it connects.
    pub kind: ConvolutionKind,
    /// Its block.
    pub block: usize,
    /// Its number among the convolutions of the block.
    pub index: usize,
    /// Quaternion filters that it reads.
    pub inputs: usize,
    /// Quaternion filters that it has: as many as inputs where it is depthwise.
    pub outputs: usize,
    /// Rows (of the past and the present) and mels (around) that its kernel spans.
    pub kernel_size: usize,
    /// Whether batch norm is followed by ReLU.
    pub relu: bool,
    /// Whether 2×2 means are taken of its output, after ReLU.
    pub pools: bool,
    /// Whether the input of the layer two before it, where its unit begins, is added to its output, after batch norm.
    pub residual: bool,
    /// Whether it is the last of its block.
    pub ends_block: bool,
    /// 2×2 poolings before it.
    pub poolings: u32,
}

impl TrunkConvolution {
    /// The name of its kernel.
    pub fn kernel(&self) -> String {
        format!("blocks.{}.convolutions.{}.kernel", self.block, self.index)
    }

    /// The name of its batch norm, to which `.weight`, `.bias`, `.mean` and `.variance` are appended.
    pub fn norm(&self) -> String {
        format!("blocks.{}.norms.{}", self.block, self.index)
    }

    /// Whether it is the expansion of a separable unit.
    pub fn begins_unit(&self) -> bool {
        self.kind == ConvolutionKind::Pointwise && self.relu
    }

    /// Rows of the past that it reads.
    pub fn history(&self) -> usize {
        self.kernel_size - 1
    }

    /// Mels of its input.
    pub fn mels(&self, mel_bands: usize) -> usize {
        (0..self.poolings).fold(mel_bands, |mels, _| mels / POOLING)
    }

    /// The shape of its kernel: `4 × outputs × inputs × size × size` of quaternions, `channels out × channels in × size ×
    /// size` of real numbers. Depthwise kernels have one input.
    pub(super) fn kernel_shape(&self, algebra: Algebra) -> Vec<usize> {
        let taps = [self.kernel_size; 2];
        match (self.kind, algebra) {
            (ConvolutionKind::Depthwise, Algebra::Quaternion) => {
                algebra.weight(self.outputs, 1, &taps)
            }
            (ConvolutionKind::Depthwise, Algebra::Real) => {
                [&[COMPONENTS * self.outputs, 1], &taps[..]].concat()
            }
            _ => algebra.weight(self.outputs, self.inputs, &taps),
        }
    }

    /// Multiply-adds of real numbers for a pixel, sixteen a Hamilton product.
    pub fn multiply_adds(&self, algebra: Algebra) -> usize {
        let read = match (self.kind, algebra) {
            (ConvolutionKind::Depthwise, Algebra::Quaternion) => COMPONENTS,
            (ConvolutionKind::Depthwise, Algebra::Real) => 1,
            _ => COMPONENTS * self.inputs,
        };
        COMPONENTS * self.outputs * read * self.kernel_size * self.kernel_size
    }
}

impl Architecture {
    /// Every convolution of the trunk.
    pub fn layers(&self) -> Vec<TrunkConvolution> {
        let (mut layers, mut inputs, mut poolings) = (Vec::new(), 1, 0);
        for (number, block) in self.blocks.iter().enumerate() {
            let first = layers.len();
            match &block.separable {
                None => full(block, number, inputs, poolings, &mut layers),
                Some(units) => separable(block, units, number, inputs, poolings, &mut layers),
            }
            for layer in &mut layers[first..] {
                poolings = layer.poolings + u32::from(layer.pools);
            }
            if let Some(last) = layers.last_mut() {
                last.ends_block = true;
                inputs = last.outputs;
            }
        }
        layers
    }
}

impl Architecture {
    /// The same network with other counts of filters, one for each of its [`layers`](Self::layers). A depthwise
    /// convolution has those of the expansion before it: its own count is not read.
    pub fn with_filters(&self, counts: impl IntoIterator<Item = usize>) -> Self {
        let mut counts = counts.into_iter();
        let blocks = self.blocks.iter().map(|block| match &block.separable {
            None => Block {
                filters: counts.by_ref().take(block.filters.len()).collect(),
                ..block.clone()
            },
            Some(units) => {
                let layers = Separable::LAYERS * block.filters.len();
                let of_layers: Vec<usize> = counts.by_ref().take(layers).collect();
                let every = |first: usize| {
                    of_layers
                        .iter()
                        .skip(first)
                        .step_by(Separable::LAYERS)
                        .copied()
                        .collect()
                };
                Block {
                    filters: every(Separable::LAYERS - 1),
                    separable: Some(Separable {
                        expanded: every(0),
                        ..units.clone()
                    }),
                    ..block.clone()
                }
            }
        });
        Self {
            blocks: blocks.collect(),
            ..self.clone()
        }
    }
}

fn full(
    block: &Block,
    number: usize,
    mut inputs: usize,
    poolings: u32,
    layers: &mut Vec<TrunkConvolution>,
) {
    for (index, &outputs) in block.filters.iter().enumerate() {
        layers.push(TrunkConvolution {
            kind: ConvolutionKind::Full,
            block: number,
            index,
            inputs,
            outputs,
            kernel_size: KERNEL_SIZE,
            relu: true,
            pools: block.pools && index + 1 == block.filters.len(),
            residual: false,
            ends_block: false,
            poolings,
        });
        inputs = outputs;
    }
}

fn separable(
    block: &Block,
    units: &Separable,
    number: usize,
    mut inputs: usize,
    poolings: u32,
    layers: &mut Vec<TrunkConvolution>,
) {
    let sizes = block
        .filters
        .iter()
        .zip(&units.expanded)
        .zip(&units.residual);
    for (unit, ((&outputs, &expanded), &residual)) in sizes.enumerate() {
        let pools = block.pools && unit + 1 == block.filters.len();
        let expansion = TrunkConvolution {
            kind: ConvolutionKind::Pointwise,
            block: number,
            index: Separable::LAYERS * unit,
            inputs,
            outputs: expanded,
            kernel_size: 1,
            relu: true,
            pools: false,
            residual: false,
            ends_block: false,
            poolings,
        };
        let depthwise = TrunkConvolution {
            kind: ConvolutionKind::Depthwise,
            index: expansion.index + 1,
            inputs: expanded,
            kernel_size: units.kernel_size,
            pools,
            ..expansion
        };
        let projection = TrunkConvolution {
            index: expansion.index + 2,
            inputs: expanded,
            outputs,
            relu: false,
            residual,
            poolings: poolings + u32::from(pools),
            ..expansion
        };
        layers.extend([expansion, depthwise, projection]);
        inputs = outputs;
    }
}
