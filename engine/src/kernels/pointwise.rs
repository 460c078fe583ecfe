//! 1×1 convolutions: the expansions and projections of separable units. Quaternions take the eight products of
//! [`eight`], whose transforms come and go with the maps ([`Pair`]).

use super::buffer::Buffer;
use super::eight::{self, Phase, coefficients, phases};
use super::finish::{Finish, FinishView};
use super::lanes::{Lanes, SimdOp};
use super::map::{MapRef, MapShape};
use super::packing::sets_of;
use super::pair::{Pair, PairMut, PairTarget};
use super::tile::{Inputs, Line, Tile, accumulate, for_each_tile};
use super::unit_convolution::UnitConvolution;
use super::{Counts, InstructionSet};

/// A 1×1 convolution that can be run. Immutable; share it.
pub struct PackedPointwise {
    set: InstructionSet,
    group: usize,
    counts: Counts,
    /// For each set of output blocks that share the registers: phases × inputs × blocks × lanes.
    values: Buffer,
    sets: Vec<usize>,
    finish: Finish,
}

impl PackedPointwise {
    /// Packs weights. Allocates.
    ///
    /// # Panics
    /// If there are not as many weights, scales and shifts as the counts ask for.
    pub fn new(convolution: UnitConvolution<'_>, set: InstructionSet) -> Self {
        let UnitConvolution {
            weights,
            group,
            counts,
            ..
        } = convolution;
        assert_eq!(
            weights.len(),
            group * counts.outputs * counts.inputs,
            "weights of {counts:?}"
        );
        let (lanes, phases) = (set.lanes(), phases(group));
        let blocks = (counts.outputs * group).div_ceil(lanes);
        let sets = sets_of(blocks, set.blocks_at_once());
        let mut values = Buffer::new(phases.len() * counts.inputs * blocks * lanes);
        let (mut start, mut first) = (0, 0);
        for &size in &sets {
            for &phase in phases {
                for input in 0..counts.inputs {
                    let to = &mut values[start..][..size * lanes];
                    fill(to, convolution, phase, input, first * lanes / group);
                    start += size * lanes;
                }
            }
            first += size;
        }
        Self {
            set,
            group,
            counts,
            values,
            sets,
            finish: Finish::of(&convolution, set),
        }
    }

    /// Bytes of the packed weights, without scales and shifts.
    pub fn weight_bytes(group: usize, counts: Counts, set: InstructionSet) -> usize {
        let lanes = set.lanes();
        let outputs = (counts.outputs * group).next_multiple_of(lanes);
        phases(group).len() * counts.inputs * outputs * size_of::<f32>()
    }

    /// Bytes of weights, scales and shifts.
    pub fn size_bytes(&self) -> usize {
        size_of_val(&self.values[..]) + self.finish.size_bytes()
    }

    /// Real channels that come in and go out.
    pub fn channels(&self) -> (usize, usize) {
        (
            self.group * self.counts.inputs,
            self.group * self.counts.outputs,
        )
    }

    /// Computes `rows` rows, and adds those of `residual`, a map of as many channels as the output. Allocates nothing.
    /// Each pixel is computed in the same way whatever else is in the chunk, so the results are those of any other cut of the
    /// rows, to the bit.
    ///
    /// # Panics
    /// If the maps do not fit.
    pub fn run(
        &self,
        input: Pair<'_>,
        rows: usize,
        residual: Option<MapRef<'_>>,
        mut output: PairMut<'_>,
    ) {
        let (inputs, outputs) = self.channels();
        let (from, to) = (input.straight.shape, output.straight.shape);
        input.check(self.group);
        output.check(self.group);
        let lanes = self.set.lanes();
        assert_eq!((from.channels, from.lanes), (inputs, lanes));
        assert_eq!(
            (to.channels, to.mels, to.lanes),
            (outputs, from.mels, lanes)
        );
        assert!(rows <= from.rows && rows <= to.rows, "{rows} rows");
        if let Some(MapRef { values, shape }) = residual {
            assert_eq!(
                (shape.channels, shape.mels, shape.lanes),
                (outputs, to.mels, lanes)
            );
            assert!(rows <= shape.rows && values.len() >= shape.size());
        }
        let call = Call {
            layer: self,
            input,
            rows,
            residual,
            output: output.first(),
        };
        match self.group {
            4 => self.set.run(PointwiseOp::<4>(call)),
            _ => self.set.run(PointwiseOp::<1>(call)),
        }
    }
}

/// Writes the weights of an input for a set of output blocks whose first unit is `first`.
fn fill(
    to: &mut [f32],
    convolution: UnitConvolution<'_>,
    phase: Phase,
    input: usize,
    first: usize,
) {
    let UnitConvolution {
        weights,
        group,
        counts,
        ..
    } = convolution;
    for (unit, to) in to.chunks_exact_mut(group).enumerate() {
        let output = first + unit;
        if output >= counts.outputs {
            return;
        }
        let at = output * counts.inputs + input;
        let mut weight = [0.0; 4];
        for (component, weight) in weight.iter_mut().enumerate().take(group) {
            *weight = weights[component * counts.outputs * counts.inputs + at];
        }
        to.copy_from_slice(&coefficients(phase, weight)[..group]);
    }
}

struct Call<'a> {
    layer: &'a PackedPointwise,
    input: Pair<'a>,
    rows: usize,
    residual: Option<MapRef<'a>>,
    output: PairTarget,
}

struct PointwiseOp<'a, const GROUP: usize>(Call<'a>);

impl<const GROUP: usize> SimdOp for PointwiseOp<'_, GROUP> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let call = self.0;
        let shape = call.input.straight.shape;
        // Without borders all rows are one line.
        let (lines, pixels) = match shape.reach {
            0 => (1, call.rows * shape.mels),
            _ => (call.rows, shape.mels),
        };
        let phases = if GROUP == 4 { 2 } else { 1 };
        let inputs = Inputs {
            units: call.layer.counts.inputs,
            block_stride: shape.block_stride(),
            taps: &[0],
        };
        let mut start = 0;
        for &size in &call.layer.sets {
            let phase = call.layer.counts.inputs * size * V::COUNT;
            for line in 0..lines {
                let at = shape.first_pixel() + line * shape.row_stride();
                // SAFETY: `run` checked that the maps have these rows; the sets lie one after the other.
                let line = unsafe {
                    let weights = call.layer.values.as_ptr();
                    let weights = weights.add(phases * call.layer.counts.inputs * start * V::COUNT);
                    PointwiseLine::<GROUP> {
                        inputs,
                        straight: call.input.straight.values.as_ptr().add(at),
                        transformed: call.input.transformed.as_ptr().wrapping_add(at),
                        weights: [weights, weights.wrapping_add((phases - 1) * phase)],
                        finish: call.layer.finish.view(),
                        block: start,
                        first_row: line,
                        mels: shape.mels,
                        residual: call.residual,
                        output: call.output,
                    }
                };
                match size {
                    1 => for_each_tile::<V, 1>(&line, pixels, 1),
                    2 => for_each_tile::<V, 2>(&line, pixels, 1),
                    _ => for_each_tile::<V, 3>(&line, pixels, 1),
                }
            }
            start += size;
        }
    }
}

/// Pixels that lie side by side in the input, for one set of output blocks.
struct PointwiseLine<'a, const GROUP: usize> {
    inputs: Inputs<'a>,
    straight: *const f32,
    transformed: *const f32,
    /// Of each phase; with one phase the first counts.
    weights: [*const f32; 2],
    finish: FinishView<'a>,
    block: usize,
    first_row: usize,
    mels: usize,
    residual: Option<MapRef<'a>>,
    output: PairTarget,
}

impl<const GROUP: usize> Line for PointwiseLine<'_, GROUP> {
    #[inline(always)]
    unsafe fn tile<V: Lanes, const PIXELS: usize, const BLOCKS: usize>(&self, first: usize) {
        let mut tile: Tile<V, PIXELS, BLOCKS> = [[V::splat(0.0); BLOCKS]; PIXELS];
        let offset = first * V::COUNT;
        // SAFETY: the pixels are part of the line.
        unsafe {
            let straight = self.straight.add(offset);
            if GROUP == 4 {
                let transformed = self.transformed.add(offset);
                tile = accumulate::<V, f32, 4, PIXELS, BLOCKS>(
                    tile,
                    transformed,
                    self.inputs,
                    self.weights[0],
                );
                tile = eight::between(tile);
                tile = accumulate::<V, f32, 4, PIXELS, BLOCKS>(
                    tile,
                    straight,
                    self.inputs,
                    self.weights[1],
                );
            } else {
                tile = accumulate::<V, f32, 1, PIXELS, BLOCKS>(
                    tile,
                    straight,
                    self.inputs,
                    self.weights[0],
                );
            }
            let (mut row, mut mel) = (self.first_row + first / self.mels, first % self.mels);
            for sums in &tile {
                for (block, sum) in sums.iter().enumerate() {
                    self.store(*sum, self.block + block, [row, mel]);
                }
                mel += 1;
                if mel == self.mels {
                    (row, mel) = (row + 1, 0);
                }
            }
        }
    }
}

impl<const GROUP: usize> PointwiseLine<'_, GROUP> {
    /// Finishes and stores the sums of a pixel.
    ///
    /// # Safety
    /// There are such a block, row and mel.
    #[inline(always)]
    unsafe fn store<V: Lanes>(&self, sum: V, block: usize, [row, mel]: [usize; 2]) {
        // SAFETY: the caller's promise; `run` checked the sizes of all maps.
        unsafe {
            let (scale, shift, floor) = self.finish.of_block::<V>(block);
            let sum = if GROUP == 4 { eight::after(sum) } else { sum };
            let mut value = floor.max(sum.mul_add(scale, shift));
            if let Some(residual) = self.residual {
                let at = pixel::<V>(residual.shape, block, row, mel);
                value = value.add(V::load(residual.values.as_ptr().add(at)));
            }
            let to =
                block * self.output.block_stride + row * self.output.row_stride + mel * V::COUNT;
            value.store(self.output.straight.add(to));
            if GROUP == 4 && !self.output.transformed.is_null() {
                value.hadamard().store(self.output.transformed.add(to));
            }
        }
    }
}

/// The index of a pixel of a block.
#[inline(always)]
fn pixel<V: Lanes>(shape: MapShape, block: usize, row: usize, mel: usize) -> usize {
    shape.index(block * V::COUNT, row, mel)
}
