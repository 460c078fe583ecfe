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

    /// What each component of output unit `output` takes from input unit `input` in a phase, tap
    /// by tap; real weights are the first component.
    fn taps(
        &self,
        counts: Counts,
        phase: Phase,
        (output, input): (usize, usize),
    ) -> [[f32; TAPS]; 4] {
        let (Self::Quaternion(weights) | Self::Real(weights)) = self;
        let quarter = counts.outputs * counts.inputs * TAPS;
        let start = (output * counts.inputs + input) * TAPS;
        let mut taps = [[0.0; TAPS]; 4];
        for tap in 0..TAPS {
            let mut weight = [0.0; 4];
            for (component, weight) in weight.iter_mut().enumerate().take(self.group()) {
                *weight = weights[component * quarter + start + tap];
            }
            let of_components = coefficients(phase, weight);
            for (taps, coefficient) in taps.iter_mut().zip(of_components) {
                taps[tap] = coefficient;
            }
        }
        taps
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
    // Where each block of outputs begins in its set, and the set's size.
    let mut places = Vec::with_capacity(blocks);
    for &size in &sets {
        let start = places.len();
        places.extend((0..size).map(|block| (start, block, size)));
    }
    for output in 0..counts.outputs {
        let (block, lane) = (output * group / lanes, output * group % lanes);
        let (start, block, size) = places[block];
        for (phase_index, &phase) in phases.iter().enumerate() {
            let base = phase_stride * (phases.len() * start + phase_index * size);
            for input in 0..counts.inputs {
                let (before, unit) = (input / per_block * per_block, input % per_block);
                let here = per_block.min(counts.inputs - before);
                let taps = weights.taps(counts, phase, (output, input));
                for (component, taps) in taps.into_iter().enumerate().take(group) {
                    let lane = block * lanes + lane + component;
                    for (at, steps) in transform(taps).iter().enumerate() {
                        for (step, number) in steps.iter().enumerate() {
                            let order = before * STEPS + step * here + unit;
                            values[at * plane + base + order * size * lanes + lane] = *number;
                        }
                    }
                }
            }
        }
    }
    Packed {
        values,
        sets,
        phase_stride,
    }
}
