//! Weights in the order in which the kernels walk over them.

use half::f16;
use rayon::prelude::*;

use super::InstructionSet;
use super::TAPS;
use super::buffer::{Buffer, floats};
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
            floats([self.group(), counts.outputs, counts.inputs, TAPS]),
            "weights of {counts:?}"
        );
    }

    /// For half precision, whose range is small: the weights of each output unit times a power of two
    /// that brings the largest of them between 1 and 2, and what the unit's results are to be multiplied with.
    pub(super) fn near_one(&self, counts: Counts) -> (Vec<f32>, Vec<f32>) {
        self.check(counts);
        let (Self::Quaternion(weights) | Self::Real(weights)) = self;
        let line = counts.inputs * TAPS;
        let mut largest = vec![0f32; counts.outputs];
        for (index, line) in weights.chunks_exact(line.max(1)).enumerate() {
            let largest = &mut largest[index % counts.outputs];
            *largest = line
                .iter()
                .fold(*largest, |most, weight| most.max(weight.abs()));
        }
        let sizes: Vec<f32> = largest.into_iter().map(power_of_two).collect();
        let mut near_one = weights.to_vec();
        for (index, line) in near_one.chunks_exact_mut(line.max(1)).enumerate() {
            let size = sizes[index % counts.outputs];
            line.iter_mut().for_each(|weight| *weight /= size);
        }
        (near_one, sizes)
    }

    /// What each component of output unit `output` takes from input unit `input` in a phase, tap
    /// by tap; real weights are the first component.
    fn taps(
        &self,
        counts: Counts,
        phase: Phase,
        (output, input): (usize, usize),
        taps: &mut [[f32; TAPS]; 4],
    ) {
        let (Self::Quaternion(weights) | Self::Real(weights)) = self;
        let quarter = counts.outputs * counts.inputs * TAPS;
        let start = (output * counts.inputs + input) * TAPS;
        for tap in 0..TAPS {
            let mut weight = [0.0; 4];
            for (component, weight) in weight.iter_mut().enumerate().take(self.group()) {
                *weight = weights[component * quarter + start + tap];
            }
            for (taps, coefficient) in taps.iter_mut().zip(coefficients(phase, weight)) {
                taps[tap] = coefficient;
            }
        }
    }
}

/// Weights for [`accumulate`](super::tile::accumulate): for each set of output blocks that share
/// the registers, for each plane, for each phase: blocks of inputs × steps × units × vectors.
/// A plane is a position of a Winograd transform; without one there is one plane, and the taps
/// are steps.
pub(super) struct Packed<W = f32> {
    pub(super) values: Buffer<W>,
    /// Output blocks of each set.
    pub(super) sets: Vec<usize>,
    /// Floats of one phase a block of outputs.
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

/// The power of two over which a positive number is between 1 and 2; under 1 for numbers below a float's own range.
pub(super) fn power_of_two(number: f32) -> f32 {
    2f32.powi(number.log2().floor().clamp(-126.0, 127.0) as i32)
}

/// Splits blocks into sets of at most `most`, none much smaller than the others.
pub(super) fn sets_of(blocks: usize, most: usize) -> Vec<usize> {
    let count = blocks.div_ceil(most.max(1));
    (0..count)
        .map(|set| blocks * (set + 1) / count - blocks * set / count)
        .collect()
}

/// How taps become the numbers that are packed.
pub(super) struct Form<F> {
    pub(super) planes: usize,
    /// Numbers a plane.
    pub(super) steps: usize,
    /// Writes `planes × steps` numbers.
    pub(super) transform: F,
}

/// Most numbers of any form.
const MOST_NUMBERS: usize = 36;

/// Packs for sets of at most `most` output blocks, on the current rayon pool if `parallel`.
pub(super) fn pack<F: Fn(&[f32; TAPS], &mut [f32]) + Sync>(
    weights: KernelWeights<'_>,
    counts: Counts,
    set: InstructionSet,
    (phases, most): (&[Phase], usize),
    form: &Form<F>,
    parallel: bool,
) -> Packed {
    weights.check(counts);
    let lanes = set.lanes();
    let blocks = (counts.outputs * weights.group()).div_ceil(lanes);
    let sets = sets_of(blocks, most);
    let phase_stride = counts.inputs * form.steps * lanes;
    let block = form.planes * phases.len() * phase_stride;
    let mut values = Buffer::new(block * blocks);
    let mut parts = Vec::with_capacity(sets.len());
    let (mut rest, mut start) = (&mut values[..], 0);
    for &size in &sets {
        let (part, after) = rest.split_at_mut(block * size);
        parts.push((part, start, size));
        (rest, start) = (after, start + size);
    }
    let pack = |(part, start, size): (&mut [f32], usize, usize)| {
        pack_set(weights, counts, lanes, phases, form, (start, size), part);
    };
    if parallel {
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

/// One set of `size` output blocks from `start` on.
fn pack_set<F: Fn(&[f32; TAPS], &mut [f32])>(
    weights: KernelWeights<'_>,
    counts: Counts,
    lanes: usize,
    phases: &[Phase],
    form: &Form<F>,
    (start, size): (usize, usize),
    values: &mut [f32],
) {
    let group = weights.group();
    let per_block = lanes / group;
    let phase_size = counts.inputs * form.steps * lanes * size;
    let plane_size = phases.len() * phase_size;
    let mut numbers = [0.0; MOST_NUMBERS];
    let numbers = &mut numbers[..form.planes * form.steps];
    let first = start * per_block;
    for output in first..counts.outputs.min(first + size * per_block) {
        let lane = (output - first) * group;
        for (phase_index, &phase) in phases.iter().enumerate() {
            for input in 0..counts.inputs {
                let (before, unit) = (input / per_block * per_block, input % per_block);
                let here = per_block.min(counts.inputs - before);
                let mut taps = [[0.0; TAPS]; 4];
                weights.taps(counts, phase, (output, input), &mut taps);
                for (component, taps) in taps.iter().enumerate().take(group) {
                    (form.transform)(taps, numbers);
                    let base = phase_index * phase_size + lane + component;
                    for (plane, numbers) in numbers.chunks_exact(form.steps).enumerate() {
                        for (step, number) in numbers.iter().enumerate() {
                            let order = before * form.steps + step * here + unit;
                            values[plane * plane_size + base + order * size * lanes] = *number;
                        }
                    }
                }
            }
        }
    }
}
