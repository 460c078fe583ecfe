//! Weights in the order in which [`accumulate`](super::tile::accumulate) reads them.

use half::f16;
use rayon::prelude::*;

use super::InstructionSet;
use super::TAPS;
use super::buffer::Buffer;
use super::eight::Phase;
use super::tile::BfloatPair;
use super::weights::{Counts, KernelWeights, UnitPair};

/// A convolution as a network defines it, with the operations that follow it folded in.
#[derive(Clone, Copy)]
pub struct Convolution<'a> {
    /// The weights.
    pub weights: KernelWeights<'a>,
    /// Units in and out.
    pub counts: Counts,
    /// The factor of each output channel; quaternions: all r, then all i, j, k.
    pub scale: &'a [f32],
    /// The term added to each output channel after that, in the same order.
    pub shift: &'a [f32],
    /// Whether negative results become zero.
    pub relu: bool,
    /// Whether 2×2 means of the results are the output.
    pub pools: bool,
}

/// A convolution to be packed for one kernel, instruction set and width.
#[derive(Clone, Copy)]
pub(super) struct LayerToPack<'a> {
    pub(super) convolution: Convolution<'a>,
    /// Mels of the input.
    pub(super) mels: usize,
    pub(super) set: InstructionSet,
    /// Whether packing is shared between the threads of the current rayon pool.
    pub(super) parallel: bool,
}

/// Packed weights: for each set of output blocks that share the registers, for each plane, for each phase: blocks of
/// inputs × steps × units × vectors. A plane is a position of a Winograd transform; without one there is one plane,
/// and the taps are steps.
pub(super) struct Packed<W = f32> {
    pub(super) values: Buffer<W>,
    /// Output blocks of each set.
    pub(super) sets: Vec<usize>,
    /// Floats of one phase per block of outputs.
    pub(super) phase_stride: usize,
}

impl Packed {
    /// The same, rounded to half precision.
    pub(super) fn halves(self) -> Packed<f16> {
        let mut values = Buffer::new(self.values.len());
        for (half, value) in values.iter_mut().zip(&self.values[..]) {
            *half = f16::from_f32(*value);
        }
        Packed {
            values,
            sets: self.sets,
            phase_stride: self.phase_stride,
        }
    }
}

/// Units of the input that are multiplied two by two: unit `u` of an even block with unit `u` of the block behind it. Behind the
/// last block of an odd number there are zeros.
#[derive(Clone, Copy)]
pub(super) struct UnitPairs {
    pub(super) inputs: usize,
    /// Units of a block.
    pub(super) per_block: usize,
}

impl UnitPairs {
    /// How many pairs there are.
    pub(super) fn count(self) -> usize {
        let (twos, rest) = (
            self.inputs / (2 * self.per_block),
            self.inputs % (2 * self.per_block),
        );
        twos * self.per_block + rest.min(self.per_block)
    }

    /// The units of a pair, the second of which may be past the last one.
    fn units(self, pair: usize) -> [usize; 2] {
        let first = pair / self.per_block * 2 * self.per_block + pair % self.per_block;
        [first, first + self.per_block]
    }

    /// Vectors of each unit, `size` numbers, to those of each pair.
    fn round(self, units: &[f32], pairs: &mut [BfloatPair], size: usize) {
        for (pair, to) in pairs.chunks_exact_mut(size).enumerate() {
            let [low, high] = self
                .units(pair)
                .map(|unit| units.get(unit * size..(unit + 1) * size));
            for (index, to) in to.iter_mut().enumerate() {
                let number = |of: Option<&[f32]>| of.map_or(0.0, |numbers| numbers[index]);
                *to = BfloatPair::new(number(low), number(high));
            }
        }
    }
}

impl Packed {
    /// The same as pairs of bfloat16, where a plane has one step. Allocates.
    pub(super) fn pairs(self, pairs: UnitPairs, lanes: usize) -> Packed<BfloatPair> {
        let blocks = self.sets.iter().sum::<usize>();
        let chunks = self.values.len() / (self.phase_stride * blocks).max(1); // planes × phases
        let phase_stride = pairs.count() * lanes;
        let mut values = Buffer::new(chunks * phase_stride * blocks);
        let (mut to, mut rest) = (&mut values[..], &self.values[..]);
        for &blocks in &self.sets {
            for _ in 0..chunks {
                let (pairs_here, after) = to.split_at_mut(phase_stride * blocks);
                let (units, left) = rest.split_at(self.phase_stride * blocks);
                pairs.round(units, pairs_here, blocks * lanes);
                (to, rest) = (after, left);
            }
        }
        Packed {
            values,
            sets: self.sets,
            phase_stride,
        }
    }
}

/// The layout that a kernel reads.
#[derive(Clone, Copy)]
pub(super) struct Layout {
    pub(super) phases: &'static [Phase],
    /// The most output blocks of a set.
    pub(super) most_blocks: usize,
    pub(super) planes: usize,
    /// Numbers of a plane for each weight kernel.
    pub(super) steps: usize,
    /// Writes the `planes × steps` numbers of a kernel of nine taps.
    pub(super) transform: fn(&[f32; TAPS], &mut [f32]),
}

/// The most numbers of a kernel in any layout: F(4×4, 3×3) has 6 × 6.
const MOST_NUMBERS: usize = 36;

/// Packs `weights`, which stand for those of the layer. Allocates.
///
/// # Panics
/// If there are not as many weights as the layer's counts ask for.
pub(super) fn pack(layer: &LayerToPack<'_>, weights: KernelWeights<'_>, layout: Layout) -> Packed {
    let counts = layer.convolution.counts;
    weights.check(counts);
    let lanes = layer.set.lanes();
    let blocks = (counts.outputs * weights.group()).div_ceil(lanes);
    let sets = sets_of(blocks, layout.most_blocks);
    let phase_stride = counts.inputs * layout.steps * lanes;
    let block = layout.planes * layout.phases.len() * phase_stride;
    let mut values = Buffer::new(block * blocks);
    let mut parts = Vec::with_capacity(sets.len());
    let (mut rest, mut first_block) = (&mut values[..], 0);
    for &blocks in &sets {
        let (values, after) = rest.split_at_mut(block * blocks);
        parts.push(OutputSet {
            first_block,
            blocks,
            values,
        });
        (rest, first_block) = (after, first_block + blocks);
    }
    let pack = |part: OutputSet<'_>| part.pack(weights, counts, lanes, layout);
    if layer.parallel {
        parts.into_par_iter().for_each(pack);
    } else {
        parts.into_iter().for_each(pack);
    }
    Packed {
        values,
        sets,
        phase_stride,
    }
}

/// Splits blocks into sets of at most `most`, none much smaller than the others.
pub(super) fn sets_of(blocks: usize, most: usize) -> Vec<usize> {
    let count = blocks.div_ceil(most.max(1));
    (0..count)
        .map(|set| blocks * (set + 1) / count - blocks * set / count)
        .collect()
}

/// One set of output blocks, and where its weights go.
struct OutputSet<'a> {
    first_block: usize,
    blocks: usize,
    values: &'a mut [f32],
}

impl OutputSet<'_> {
    fn pack(self, weights: KernelWeights<'_>, counts: Counts, lanes: usize, layout: Layout) {
        let group = weights.group();
        let per_block = lanes / group;
        let phase_size = counts.inputs * layout.steps * lanes * self.blocks;
        let plane_size = layout.phases.len() * phase_size;
        let mut numbers = [0.0; MOST_NUMBERS];
        let numbers = &mut numbers[..layout.planes * layout.steps];
        let first = self.first_block * per_block;
        for output in first..counts.outputs.min(first + self.blocks * per_block) {
            let lane = (output - first) * group;
            for (phase_index, &phase) in layout.phases.iter().enumerate() {
                for input in 0..counts.inputs {
                    let (before, unit) = (input / per_block * per_block, input % per_block);
                    let here = per_block.min(counts.inputs - before);
                    let taps = weights.coefficients(counts, phase, UnitPair { output, input });
                    for (component, taps) in taps.iter().enumerate().take(group) {
                        (layout.transform)(taps, numbers);
                        let base = phase_index * phase_size + lane + component;
                        for (plane, numbers) in numbers.chunks_exact(layout.steps).enumerate() {
                            for (step, number) in numbers.iter().enumerate() {
                                let order = before * layout.steps + step * here + unit;
                                let at = base + order * self.blocks * lanes;
                                self.values[plane * plane_size + at] = *number;
                            }
                        }
                    }
                }
            }
        }
    }
}
