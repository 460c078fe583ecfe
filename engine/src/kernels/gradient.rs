//! The gradient of a convolution with respect to its weights.
//!
//! The eight products in reverse: the identity of [`eight`](super::eight) is linear in the
//! weights, so its adjoint multiplies the same transformed inputs with the gradient of the
//! outputs, transformed by the adjoints of the last steps, in two phases of four products.

use super::buffer::{Buffer, floats};
use super::eight::{Phase, SIGN, phases};
use super::lanes::{Lanes, SimdOp};
use super::map::MapRef;
use super::{Counts, HISTORY, InstructionSet, MapShape, TAPS};
use crate::quaternion::hadamard;

/// Rows and mels of a kernel.
const SIDE: usize = 3;

/// Sums over pixels of (input at a tap) × (gradient of the output), for all weights.
pub struct WeightGradient {
    set: InstructionSet,
    group: usize,
    counts: Counts,
    /// `phases × output blocks × input units (whole blocks) × taps × lanes`.
    sums: Buffer,
    /// The input transformed, and the output's gradient in the form of a phase.
    transformed: Buffer,
    gradient: Buffer,
}

impl WeightGradient {
    /// All zero, for units of `group` channels.
    ///
    /// # Panics
    /// If there are more weights than a `usize` counts.
    pub fn new(group: usize, counts: Counts, set: InstructionSet) -> Self {
        let lanes = set.lanes();
        let blocks = (counts.outputs * group).div_ceil(lanes);
        let units = counts.inputs.next_multiple_of(lanes / group);
        Self {
            sums: Buffer::new(floats([phases(group).len(), blocks, units, TAPS, lanes])),
            transformed: Buffer::default(),
            gradient: Buffer::default(),
            set,
            group,
            counts,
        }
    }

    /// Adds one sample: the input of the convolution and the gradient of its output, with the same
    /// rows and mels.
    ///
    /// # Panics
    /// If the shapes do not fit.
    pub fn add(&mut self, input: MapRef<'_>, gradient: MapRef<'_>) {
        let (from, to) = (input.shape, gradient.shape);
        let (input, gradient) = (input.values, gradient.values);
        let lanes = self.set.lanes();
        let channels = |units: usize| units * self.group;
        assert_eq!(
            (from.rows, from.mels),
            (to.rows, to.mels),
            "maps of the same size"
        );
        assert_eq!((from.lanes, to.lanes), (lanes, lanes));
        assert_eq!(from.channels, channels(self.counts.inputs));
        assert_eq!(to.channels, channels(self.counts.outputs));
        assert!(input.len() >= from.size() && gradient.len() >= to.size());
        self.gradient
            .reserve(to.blocks() * to.rows * to.mels * lanes);
        if self.group == 4 {
            self.transformed.reserve(from.size());
        }
        for &phase in phases(self.group) {
            self.set.run(Prepare {
                phase,
                input,
                from,
                gradient,
                to,
                transformed: &mut self.transformed,
                prepared: &mut self.gradient,
            });
            let second = usize::from(phase == Phase::Straight);
            let half = self.sums.len() / phases(self.group).len();
            let call = Accumulate {
                input: if phase == Phase::Transformed {
                    &self.transformed
                } else {
                    input
                },
                from,
                gradient: &self.gradient,
                output_blocks: to.blocks(),
                sums: &mut self.sums[second * half..][..half],
                units: self.counts.inputs,
            };
            match self.group {
                4 => self.set.run(AccumulateOf::<4>(call)),
                _ => self.set.run(AccumulateOf::<1>(call)),
            }
        }
    }

    /// Adds the sums of another.
    ///
    /// # Panics
    /// If it is of another size.
    pub fn merge(&mut self, other: &Self) {
        assert_eq!(self.sums.len(), other.sums.len(), "gradients of one layer");
        for (sum, other) in self.sums.iter_mut().zip(other.sums.iter()) {
            *sum += other;
        }
    }

    /// The gradient, in the layout of the weights: `4 × outputs × inputs × 3 × 3` for quaternions,
    /// `outputs × inputs × 3 × 3` for channels.
    pub fn weights(&self) -> Vec<f32> {
        let (counts, lanes, group) = (self.counts, self.set.lanes(), self.group);
        let units = counts.inputs.next_multiple_of(lanes / group);
        let quarter = counts.outputs * counts.inputs * TAPS;
        let mut weights = vec![0.0; group * quarter];
        let half = self.sums.len() / phases(group).len();
        for output in 0..counts.outputs {
            let (block, lane) = (output * group / lanes, output * group % lanes);
            for input in 0..counts.inputs {
                for tap in 0..TAPS {
                    let from = ((block * units + input) * TAPS + tap) * lanes + lane;
                    let to = (output * counts.inputs + input) * TAPS + tap;
                    if group == 1 {
                        weights[to] = self.sums[from];
                        continue;
                    }
                    let four = |at: usize| std::array::from_fn(|i| self.sums[at + i]);
                    let quarters = gradient_of_quarters(four(from), four(half + from));
                    for (component, value) in quarters.into_iter().enumerate() {
                        weights[component * quarter + to] = value;
                    }
                }
            }
        }
        weights
    }
}

/// The adjoint of [`coefficients`](super::eight::coefficients), both phases together.
pub(super) fn gradient_of_quarters(transformed: [f32; 4], straight: [f32; 4]) -> [f32; 4] {
    let transformed = hadamard(transformed);
    let [r, j, k, i] = straight;
    let straight = [r, i, j, k];
    std::array::from_fn(|component| transformed[component] / 4.0 - 2.0 * straight[component])
}

/// Brings input and gradient into the form that a phase multiplies.
struct Prepare<'a> {
    phase: Phase,
    input: &'a [f32],
    from: MapShape,
    gradient: &'a [f32],
    to: MapShape,
    transformed: &'a mut [f32],
    prepared: &'a mut [f32],
}

impl SimdOp for Prepare<'_> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        if self.phase == Phase::Transformed {
            let pairs = self.input[..self.from.size()].chunks_exact(V::COUNT);
            for (from, to) in pairs.zip(self.transformed.chunks_exact_mut(V::COUNT)) {
                // SAFETY: both are as long as a vector.
                unsafe { V::load(from.as_ptr()).hadamard().store(to.as_mut_ptr()) };
            }
        }
        let line = self.to.mels * V::COUNT;
        let mut lines = self.prepared.chunks_exact_mut(line);
        for block in 0..self.to.blocks() {
            for row in 0..self.to.rows {
                let Some(to) = lines.next() else { return };
                let from = &self.gradient[self.to.index(block * V::COUNT, row, 0)..][..line];
                for (from, to) in from
                    .chunks_exact(V::COUNT)
                    .zip(to.chunks_exact_mut(V::COUNT))
                {
                    // SAFETY: both are as long as a vector.
                    unsafe {
                        let value = V::load(from.as_ptr());
                        let value = match self.phase {
                            Phase::Quarters => value,
                            Phase::Transformed => value.mul(V::quad(SIGN)).hadamard(),
                            Phase::Straight => value.mul(V::quad(SIGN)).turn_last_three_right(),
                        };
                        value.store(to.as_mut_ptr());
                    }
                }
            }
        }
    }
}

struct Accumulate<'a> {
    input: &'a [f32],
    from: MapShape,
    /// `output blocks × rows × mels × lanes`.
    gradient: &'a [f32],
    output_blocks: usize,
    sums: &'a mut [f32],
    units: usize,
}

struct AccumulateOf<'a, const GROUP: usize>(Accumulate<'a>);

impl<const GROUP: usize> SimdOp for AccumulateOf<'_, GROUP> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let mut call = self.0;
        let per_block = V::COUNT / GROUP;
        // A tile has a sum for each of its units, mels of the kernel and output blocks.
        match per_block.min(V::SUMS / (2 * SIDE)) {
            4.. => call.all::<V, GROUP, 4>(),
            2..4 => call.all::<V, GROUP, 2>(),
            _ => call.all::<V, GROUP, 1>(),
        }
    }
}

impl Accumulate<'_> {
    #[inline(always)]
    fn all<V: Lanes, const GROUP: usize, const UNITS: usize>(&mut self) {
        let mut block = 0;
        while block < self.output_blocks {
            for first in (0..self.units).step_by(UNITS) {
                for row in 0..SIDE {
                    if block + 1 < self.output_blocks {
                        self.tile::<V, GROUP, UNITS, 2>(block, first, row);
                    } else {
                        self.tile::<V, GROUP, UNITS, 1>(block, first, row);
                    }
                }
            }
            block += 2;
        }
    }

    /// `UNITS` inputs at one row of the kernel, for `BLOCKS` blocks of outputs, over all pixels.
    #[inline(always)]
    fn tile<V: Lanes, const GROUP: usize, const UNITS: usize, const BLOCKS: usize>(
        &mut self,
        block: usize,
        first: usize,
        kernel_row: usize,
    ) {
        let (shape, per_block) = (self.from, V::COUNT / GROUP);
        let pixels = shape.rows * shape.mels;
        let padded = self.units.next_multiple_of(per_block);
        assert!(self.gradient.len() >= self.output_blocks * pixels * V::COUNT);
        assert!(self.input.len() >= shape.size() && first + UNITS <= padded);
        assert!(self.sums.len() >= self.output_blocks * padded * TAPS * V::COUNT);
        let mut tile = [[[V::splat(0.0); BLOCKS]; SIDE]; UNITS];
        // SAFETY: blocks, rows and units are within the maps, whose sizes were asserted; the tile
        // reads one zero beside each row.
        unsafe {
            let input = self.input.as_ptr().add(
                first / per_block * shape.block_stride()
                    + kernel_row * shape.row_stride()
                    + first % per_block * GROUP,
            );
            let mut gradient = self.gradient.as_ptr().add(block * pixels * V::COUNT);
            for row in 0..shape.rows {
                let mut at = input.add(row * shape.row_stride());
                for _ in 0..shape.mels {
                    let mut vectors = [V::splat(0.0); BLOCKS];
                    for (block, vector) in vectors.iter_mut().enumerate() {
                        *vector = V::load(gradient.add(block * pixels * V::COUNT));
                    }
                    for (unit, lines) in tile.iter_mut().enumerate() {
                        for (mel, sums) in lines.iter_mut().enumerate() {
                            let at = at.add(mel * V::COUNT + unit * GROUP);
                            let value = if GROUP == 4 {
                                V::load_quad(at)
                            } else {
                                V::load_splat(at)
                            };
                            for (sum, vector) in sums.iter_mut().zip(vectors) {
                                *sum = value.mul_add(vector, *sum);
                            }
                        }
                    }
                    at = at.add(V::COUNT);
                    gradient = gradient.add(V::COUNT);
                }
            }
            for (unit, lines) in tile.iter().enumerate() {
                for (mel, sums) in lines.iter().enumerate() {
                    for (index, sum) in sums.iter().enumerate() {
                        let weight = ((block + index) * padded + first + unit) * TAPS;
                        let at = (weight + kernel_row * SIDE + mel) * V::COUNT;
                        let slot = self.sums.as_mut_ptr().add(at);
                        V::load(slot).add(*sum).store(slot);
                    }
                }
            }
        }
    }
}

/// The weights of the adjoint convolution, which turns a gradient of the outputs into one of the inputs: inputs
/// and outputs exchanged, taps in reverse order, quaternions conjugated. Allocates.
pub fn adjoint_weights(weights: &[f32], group: usize, counts: Counts) -> Vec<f32> {
    let quarter = counts.outputs * counts.inputs * TAPS;
    let mut adjoint = vec![0.0; weights.len()];
    for component in 0..group {
        let sign = if component == 0 { 1.0 } else { -1.0 };
        for output in 0..counts.outputs {
            for input in 0..counts.inputs {
                let from = component * quarter + (output * counts.inputs + input) * TAPS;
                let to = component * quarter + (input * counts.outputs + output) * TAPS;
                for tap in 0..TAPS {
                    adjoint[to + TAPS - 1 - tap] = sign * weights[from + tap];
                }
            }
        }
    }
    adjoint
}

/// Copies a map with its rows moved to the front, over the history, and two rows of zeros at the end: over the copy
/// a causal kernel computes the anticausal convolution.
pub fn anticausal_copy(map: &[f32], shape: MapShape, copy: &mut [f32]) {
    let rows = HISTORY * shape.row_stride();
    let blocks = map.chunks_exact(shape.block_stride());
    for (from, to) in blocks.zip(copy.chunks_exact_mut(shape.block_stride())) {
        let (data, end) = to.split_at_mut(shape.block_stride() - rows);
        data.copy_from_slice(&from[rows..]);
        end.fill(0.0);
    }
}
