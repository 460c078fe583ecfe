//! Weights in the order in which the kernels walk over them.

use super::InstructionSet;
use super::TAPS;
use super::buffer::Buffer;
use super::eight::{Phase, coefficients};

/// The weights of a 3×3 convolution, as a network defines them.
#[derive(Debug, Clone, Copy)]
pub enum KernelWeights<'a> {
    /// Quarter kernels, `4 × outputs × inputs × 3 × 3`, counts in quaternions.
    Quaternion(&'a [f32]),
    /// `outputs × inputs × 3 × 3`, counts in channels.
    Real(&'a [f32]),
}

/// How many units come in and go out: quaternions or real channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Counts {
    /// Units of the input.
    pub inputs: usize,
    /// Units of the output.
    pub outputs: usize,
}

impl KernelWeights<'_> {
    /// Real channels of a unit.
    pub fn group(&self) -> usize {
        match self {
            Self::Quaternion(_) => 4,
            Self::Real(_) => 1,
        }
    }

    pub(super) fn check(&self, counts: Counts) {
        let (Self::Quaternion(weights) | Self::Real(weights)) = self;
        assert_eq!(
            weights.len(),
            self.group() * counts.outputs * counts.inputs * TAPS,
            "weights of {counts:?}"
        );
    }

    /// The quarter weights of a quaternion pair at a tap, or one real weight in the first place.
    fn quaternion(&self, counts: Counts, output: usize, input: usize, tap: usize) -> [f32; 4] {
        let at = (output * counts.inputs + input) * TAPS + tap;
        match self {
            Self::Quaternion(weights) => {
                let quarter = counts.outputs * counts.inputs * TAPS;
                std::array::from_fn(|component| weights[component * quarter + at])
            }
            Self::Real(weights) => [weights[at], 0.0, 0.0, 0.0],
        }
    }

    /// What output channel `channel` takes from input unit `input` in a phase, tap by tap.
    fn taps(&self, counts: Counts, phase: Phase, channel: usize, input: usize) -> [f32; TAPS] {
        let (output, component) = (channel / self.group(), channel % self.group());
        std::array::from_fn(|tap| {
            coefficients(phase, self.quaternion(counts, output, input, tap))[component]
        })
    }
}

/// Weights for [`accumulate`](super::tile::accumulate): for each set of output blocks that share
/// the registers, for each plane, for each phase: blocks of inputs × steps × units × vectors.
/// A plane is a position of a Winograd transform; without one there is one plane, and the taps
/// are steps.
pub(super) struct Packed {
    pub(super) values: Buffer,
    /// Output blocks of each set.
    pub(super) sets: Vec<usize>,
    /// Floats of one phase a block of outputs.
    pub(super) phase_stride: usize,
}

/// Splits blocks into sets of at most `most`, none much smaller than the others.
pub(super) fn sets_of(blocks: usize, most: usize) -> Vec<usize> {
    let count = blocks.div_ceil(most.max(1));
    (0..count)
        .map(|set| blocks * (set + 1) / count - blocks * set / count)
        .collect()
}

/// Packs for sets of at most `most` output blocks, with the taps turned into `STEPS × planes` numbers by `transform`: `planes` outermost.
pub(super) fn pack<const PLANES: usize, const STEPS: usize>(
    weights: KernelWeights<'_>,
    counts: Counts,
    set: InstructionSet,
    (phases, most): (&[Phase], usize),
    transform: impl Fn([f32; TAPS]) -> [[f32; STEPS]; PLANES],
) -> Packed {
    weights.check(counts);
    let (lanes, group) = (set.lanes(), weights.group());
    let per_block = lanes / group;
    let blocks = (counts.outputs * group).div_ceil(lanes);
    let sets = sets_of(blocks, most);
    let phase_stride = counts.inputs * STEPS * lanes;
    let plane = phases.len() * phase_stride * blocks;
    let mut values = Buffer::new(PLANES * plane);
    let mut start = 0; // of the set, in blocks
    for &size in &sets {
        for (phase_index, &phase) in phases.iter().enumerate() {
            for input in 0..counts.inputs {
                let (block, unit) = (input / per_block, input % per_block);
                let here = per_block.min(counts.inputs - block * per_block);
                for lane in 0..size * lanes {
                    let channel = start * lanes + lane;
                    if channel >= counts.outputs * group {
                        continue; // stays zero
                    }
                    let numbers = transform(weights.taps(counts, phase, channel, input));
                    for (at, steps) in numbers.iter().enumerate() {
                        for (step, number) in steps.iter().enumerate() {
                            let order = (block * per_block * STEPS) + step * here + unit;
                            let slot = at * plane
                                + phases.len() * phase_stride * start
                                + phase_index * phase_stride * size
                                + order * size * lanes
                                + lane;
                            values[slot] = *number;
                        }
                    }
                }
            }
        }
        start += size;
    }
    Packed {
        values,
        sets,
        phase_stride,
    }
}
