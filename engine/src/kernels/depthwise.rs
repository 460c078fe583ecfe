//! Depthwise convolutions of separable units, causal over rows: each unit with a kernel of its own. Of quaternions they
//! take the eight products of [`eight`], two multiply-adds of vectors a tap where the ordinary depthwise convolution takes
//! one.

use super::InstructionSet;
use super::buffer::Buffer;
use super::eight::{self, coefficients, phases};
use super::finish::Finish;
use super::lanes::{Lanes, SimdOp};
use super::map::MapShape;
use super::pair::{Pair, PairMut, PairTarget};
use super::tile::{Line, for_each_tile};
use super::unit_convolution::UnitConvolution;

/// A depthwise convolution that can be run. Immutable; share it.
pub struct PackedDepthwise {
    set: InstructionSet,
    group: usize,
    units: usize,
    size: usize,
    pools: bool,
    /// For each block: phases × taps × lanes.
    values: Buffer,
    finish: Finish,
}

impl PackedDepthwise {
    /// Packs kernels of `size × size` taps, 3 or 5; with `pools`, 2×2 means of the results are the output. Allocates.
    ///
    /// # Panics
    /// If there are not as many weights, scales and shifts as the counts ask for, a unit has not one input, or the size is
    /// another.
    pub fn new(
        convolution: UnitConvolution<'_>,
        size: usize,
        pools: bool,
        set: InstructionSet,
    ) -> Self {
        let UnitConvolution {
            weights,
            group,
            counts,
            ..
        } = convolution;
        assert!([3, 5].contains(&size), "a depthwise kernel of {size}");
        let (units, taps) = (counts.outputs, size * size);
        assert_eq!(
            (counts.inputs, weights.len()),
            (units, group * units * taps),
            "weights of {counts:?}"
        );
        let (lanes, phases) = (set.lanes(), phases(group));
        let blocks = (units * group).div_ceil(lanes);
        let mut values = Buffer::new(blocks * phases.len() * taps * lanes);
        for unit in 0..units {
            let (block, lane) = (unit * group / lanes, unit * group % lanes);
            for (number, &phase) in phases.iter().enumerate() {
                for tap in 0..taps {
                    let mut weight = [0.0; 4];
                    for (component, weight) in weight.iter_mut().enumerate().take(group) {
                        *weight = weights[(component * units + unit) * taps + tap];
                    }
                    let at = ((block * phases.len() + number) * taps + tap) * lanes + lane;
                    values[at..at + group].copy_from_slice(&coefficients(phase, weight)[..group]);
                }
            }
        }
        Self {
            set,
            group,
            units,
            size,
            pools,
            values,
            finish: Finish::of(&convolution, set),
        }
    }

    /// Bytes of the packed weights, without scales and shifts.
    pub fn weight_bytes(group: usize, units: usize, size: usize, set: InstructionSet) -> usize {
        let channels = (units * group).next_multiple_of(set.lanes());
        phases(group).len() * size * size * channels * size_of::<f32>()
    }

    /// Bytes of weights, scales and shifts.
    pub fn size_bytes(&self) -> usize {
        size_of_val(&self.values[..]) + self.finish.size_bytes()
    }

    /// Real channels.
    pub fn channels(&self) -> usize {
        self.group * self.units
    }

    /// Floats of scratch memory for maps of `mels` mels.
    pub fn scratch(&self, mels: usize) -> usize {
        2 * mels * self.set.lanes()
    }

    /// Computes `rows` rows: row t of the output from rows t − size + 1 to t of the input, the history included. With
    /// pooling, an odd last row or mel is dropped. Allocates nothing. The results are those of any other cut of the rows (of
    /// an even number of rows where it pools), to the bit.
    ///
    /// # Panics
    /// If the maps do not fit, or `scratch` is shorter than [`scratch`](Self::scratch) says.
    pub fn run(&self, input: Pair<'_>, rows: usize, mut output: PairMut<'_>, scratch: &mut [f32]) {
        let (from, to) = (input.straight.shape, output.straight.shape);
        input.check(self.group);
        output.check(self.group);
        let halved = |size: usize| if self.pools { size / 2 } else { size };
        let (channels, lanes) = (self.channels(), self.set.lanes());
        assert_eq!(
            (from.channels, from.lanes, from.reach),
            (channels, lanes, self.size / 2)
        );
        assert_eq!(
            (to.channels, to.mels, to.lanes),
            (channels, halved(from.mels), lanes)
        );
        assert!(rows <= from.rows && halved(rows) <= to.rows, "{rows} rows");
        assert!(
            scratch.len() >= self.scratch(from.mels),
            "too little scratch memory"
        );
        let call = Call {
            layer: self,
            input,
            rows: halved(rows),
            output: output.first(),
            scratch,
        };
        match (self.group, self.size) {
            (4, 3) => self.set.run(DepthwiseOp::<4, 3>(call)),
            (4, _) => self.set.run(DepthwiseOp::<4, 5>(call)),
            (_, 3) => self.set.run(DepthwiseOp::<1, 3>(call)),
            _ => self.set.run(DepthwiseOp::<1, 5>(call)),
        }
    }
}

struct Call<'a> {
    layer: &'a PackedDepthwise,
    input: Pair<'a>,
    /// Of the output.
    rows: usize,
    output: PairTarget,
    scratch: &'a mut [f32],
}

struct DepthwiseOp<'a, const GROUP: usize, const SIZE: usize>(Call<'a>);

impl<const GROUP: usize, const SIZE: usize> SimdOp for DepthwiseOp<'_, GROUP, SIZE> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Call {
            layer,
            input,
            rows,
            output,
            scratch,
        } = self.0;
        let shape = input.straight.shape;
        let phases = if GROUP == 4 { 2 } else { 1 };
        let step = if layer.pools { 2 } else { 1 };
        let line = shape.mels * V::COUNT;
        for block in 0..shape.blocks() {
            // SAFETY: `run` checked the sizes of weights, maps and scratch memory.
            unsafe {
                let (scale, shift, floor) = layer.finish.view().of_block::<V>(block);
                let weights = layer
                    .values
                    .as_ptr()
                    .add(block * phases * SIZE * SIZE * V::COUNT);
                for row in 0..rows {
                    for part in 0..step {
                        let at = first_tap(shape, block, step * row + part);
                        let line = DepthwiseLine::<V, GROUP, SIZE> {
                            straight: input.straight.values.as_ptr().add(at),
                            transformed: input.transformed.as_ptr().wrapping_add(at),
                            row_stride: shape.row_stride(),
                            weights: [
                                weights,
                                weights.wrapping_add((phases - 1) * SIZE * SIZE * V::COUNT),
                            ],
                            finish: (scale, shift, floor),
                            output: scratch.as_mut_ptr().add(part * line),
                        };
                        for_each_tile::<V, 1>(&line, shape.mels, 2);
                    }
                    let to = block * output.block_stride + row * output.row_stride;
                    for mel in 0..shape.mels / step {
                        let from = scratch.as_ptr().add(step * mel * V::COUNT);
                        let value = match step {
                            1 => V::load(from),
                            _ => mean_of_four::<V>(from, line),
                        };
                        let to = to + mel * V::COUNT;
                        value.store(output.straight.add(to));
                        if GROUP == 4 && !output.transformed.is_null() {
                            value.hadamard().store(output.transformed.add(to));
                        }
                    }
                }
            }
        }
    }
}

/// The index of the first tap of the first pixel of a row: the oldest row, the lowest mel.
#[inline(always)]
fn first_tap(shape: MapShape, block: usize, row: usize) -> usize {
    block * shape.block_stride() + row * shape.row_stride()
}

/// The mean of two pixels and the two of the next line.
///
/// # Safety
/// They can be read.
#[inline(always)]
unsafe fn mean_of_four<V: Lanes>(from: *const f32, line: usize) -> V {
    // SAFETY: the caller's promise.
    unsafe {
        let first = V::load(from).add(V::load(from.add(V::COUNT)));
        let second = V::load(from.add(line)).add(V::load(from.add(line + V::COUNT)));
        first.add(second).mul(V::splat(0.25))
    }
}

/// One row of one block.
struct DepthwiseLine<V, const GROUP: usize, const SIZE: usize> {
    straight: *const f32,
    transformed: *const f32,
    row_stride: usize,
    /// Of each phase; with one phase the first counts.
    weights: [*const f32; 2],
    /// Scale, shift and floor.
    finish: (V, V, V),
    output: *mut f32,
}

impl<W: Lanes, const GROUP: usize, const SIZE: usize> Line for DepthwiseLine<W, GROUP, SIZE> {
    #[inline(always)]
    unsafe fn tile<V: Lanes, const PIXELS: usize, const BLOCKS: usize>(&self, first: usize) {
        let offset = first * W::COUNT;
        let mut sums = [W::splat(0.0); PIXELS];
        // SAFETY: the pixels are part of the row, and the borders hold the taps beside it.
        unsafe {
            if GROUP == 4 {
                sums = taps::<W, PIXELS, SIZE>(
                    sums,
                    self.transformed.add(offset),
                    self.row_stride,
                    self.weights[0],
                );
                for sum in &mut sums {
                    *sum = sum.hadamard().turn_last_three_right();
                }
                sums = taps::<W, PIXELS, SIZE>(
                    sums,
                    self.straight.add(offset),
                    self.row_stride,
                    self.weights[1],
                );
            } else {
                sums = taps::<W, PIXELS, SIZE>(
                    sums,
                    self.straight.add(offset),
                    self.row_stride,
                    self.weights[0],
                );
            }
            let (scale, shift, floor) = self.finish;
            for (pixel, sum) in sums.iter().enumerate() {
                let sum = if GROUP == 4 { eight::after(*sum) } else { *sum };
                let value = floor.max(sum.mul_add(scale, shift));
                value.store(self.output.add(offset + pixel * W::COUNT));
            }
        }
    }
}

/// Adds the products of all taps with adjacent pixels.
///
/// # Safety
/// `SIZE` rows of `PIXELS + SIZE − 1` pixels and `SIZE²` vectors of weights can be read.
#[inline(always)]
unsafe fn taps<V: Lanes, const PIXELS: usize, const SIZE: usize>(
    mut sums: [V; PIXELS],
    input: *const f32,
    row_stride: usize,
    weights: *const f32,
) -> [V; PIXELS] {
    // SAFETY: the caller's promise.
    unsafe {
        for row in 0..SIZE {
            let line = input.add(row * row_stride);
            for column in 0..SIZE {
                let weight = V::load(weights.add((row * SIZE + column) * V::COUNT));
                for (pixel, sum) in sums.iter_mut().enumerate() {
                    let value = V::load(line.add((pixel + column) * V::COUNT));
                    *sum = value.mul_add(weight, *sum);
                }
            }
        }
    }
    sums
}
