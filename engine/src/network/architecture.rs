use serde::{Deserialize, Serialize};

use super::temporal_pooling::TemporalPooling;
use crate::features::COMPONENTS;
use crate::kernels::POOLING;

/// Columns at a time in which whole clips are computed: files, and the probe of a model.
pub(crate) const CLIP_CHUNK: usize = 8;

/// The shape of a network. Counts of filters are counts of *quaternion* filters, in real networks
/// too: a layer of `n` has `4·n` channels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Architecture {
    /// The trunk, from the input on.
    pub blocks: Vec<Block>,
    /// Quaternion units of the hidden layer of the head; 0: none, the output layer reads the features.
    pub hidden: usize,
    /// Real outputs, one a label.
    pub labels: usize,
    /// The numbers that weights are.
    #[serde(default, skip_serializing_if = "Algebra::is_quaternion")]
    pub algebra: Algebra,
    /// How the columns of a window become the features that the head reads.
    #[serde(default, skip_serializing_if = "TemporalPooling::is_default")]
    pub temporal_pooling: TemporalPooling,
}

/// The numbers that weights are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Algebra {
    /// Quaternions: four numbers for sixteen products.
    #[default]
    Quaternion,
    /// Real numbers: the ordinary network of the same channels, with four times the weights.
    Real,
}

impl Algebra {
    /// Real channels of a unit.
    pub fn group(self) -> usize {
        match self {
            Self::Quaternion => COMPONENTS,
            Self::Real => 1,
        }
    }

    /// Units that hold the channels of `quaternions` quaternion filters.
    pub(super) fn units(self, quaternions: usize) -> usize {
        quaternions * COMPONENTS / self.group()
    }

    #[allow(clippy::trivially_copy_pass_by_ref)] // serde asks for a reference
    fn is_quaternion(&self) -> bool {
        *self == Self::Quaternion
    }

    /// The shape of a weight between numbers of quaternion filters.
    pub(super) fn weight(self, outputs: usize, inputs: usize, taps: &[usize]) -> Vec<usize> {
        match self {
            Self::Quaternion => [&[COMPONENTS, outputs, inputs], taps].concat(),
            Self::Real => [&[COMPONENTS * outputs, COMPONENTS * inputs], taps].concat(),
        }
    }
}

/// Convolutions on one time scale, then perhaps pooling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Block {
    /// Quaternion filters of each 3×3 convolution in turn; in a separable block, of the output of each unit.
    pub filters: Vec<usize>,
    /// Whether the block ends in 2×2 average pooling.
    pub pools: bool,
    /// Present: the block consists of inverted residual units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub separable: Option<Separable>,
}

/// What the units of a separable block have beside their outputs.
///
/// A unit is an inverted residual (Sandler et al., *MobileNetV2*, arXiv 1801.04381, section 3): a 1×1 convolution that
/// expands, a depthwise convolution, and a 1×1 convolution that projects, each with batch norm, the first two with ReLU.
/// In a depthwise quaternion convolution each quaternion filter has one quaternion kernel (Hamilton product) and reads one
/// input quaternion: four numbers a tap, and its four channels are mixed. Of a real network it is the ordinary
/// depthwise convolution.
///
/// In a block that pools, the last unit takes the 2×2 means before its projection, which is a quarter of the work and,
/// since a projection is linear, the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Separable {
    /// Rows (of the past) and mels (around) that a depthwise kernel spans: 3 or 5.
    pub kernel_size: usize,
    /// Quaternion filters between expansion and projection of each unit.
    pub expanded: Vec<usize>,
    /// Whether each unit adds its input to its output. The two must have the same size.
    pub residual: Vec<bool>,
}

impl Separable {
    /// Convolutions of a unit.
    pub const LAYERS: usize = 3;
}

impl Block {
    /// 3×3 convolutions.
    pub fn new(filters: Vec<usize>, pools: bool) -> Self {
        Self {
            filters,
            pools,
            separable: None,
        }
    }

    /// Inverted residual units of `filters` outputs each that expand to `expanded` filters. The first and, if the
    /// block pools, the last add nothing; the others add their input.
    pub fn separable(
        filters: Vec<usize>,
        expanded: Vec<usize>,
        kernel_size: usize,
        pools: bool,
    ) -> Self {
        let last = filters.len() - usize::from(pools);
        let residual = (0..filters.len())
            .map(|unit| (1..last).contains(&unit) && filters[unit] == filters[unit - 1]);
        Self {
            separable: Some(Separable {
                kernel_size,
                expanded,
                residual: residual.collect(),
            }),
            filters,
            pools,
        }
    }
}

impl Architecture {
    /// QCNN14: six blocks of 64 to 2 048 channels times `width`, the last without pooling, two
    /// convolutions each.
    pub fn qcnn14(width: f64, labels: usize) -> Self {
        Self::doubling(64, 6, false, width, labels)
    }

    /// QCNN10: four blocks of 64 to 512 channels times `width`, all pooling.
    pub fn qcnn10(width: f64, labels: usize) -> Self {
        Self::doubling(64, 4, true, width, labels)
    }

    /// `blocks` blocks of two convolutions; the channels (at first `channels · width`, rounded to
    /// whole quaternion filters) double from block to block.
    pub fn doubling(
        channels: usize,
        blocks: usize,
        last_pools: bool,
        width: f64,
        labels: usize,
    ) -> Self {
        let filters = |block: usize| {
            let channels = (channels << block) as f64 * width;
            ((channels / COMPONENTS as f64).round() as usize).max(1)
        };
        Self {
            blocks: (0..blocks)
                .map(|block| Block::new(vec![filters(block); 2], last_pools || block + 1 < blocks))
                .collect(),
            hidden: filters(blocks.saturating_sub(1)),
            labels,
            algebra: Algebra::Quaternion,
            temporal_pooling: TemporalPooling::default(),
        }
    }

    /// The ordinary network of the same channels.
    pub fn real(self) -> Self {
        Self {
            algebra: Algebra::Real,
            ..self
        }
    }

    /// Frames that become one column of the trunk's output.
    pub fn frames_per_column(&self) -> usize {
        self.blocks
            .iter()
            .filter(|block| block.pools)
            .map(|_| POOLING)
            .product()
    }

    /// Mels that are left after the whole trunk.
    pub(super) fn mels_left(&self, mel_bands: usize) -> usize {
        let pooling = self.blocks.iter().filter(|block| block.pools);
        pooling.fold(mel_bands, |mels, _| mels / POOLING)
    }
}
