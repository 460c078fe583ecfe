//! The innermost loop: a tile of sums in registers.
//!
//! For a few pixels and a few blocks of output channels
//! at once, it loops over all inputs, and adds (input, repeated) × (weights of all lanes). Each load
//! serves several products, and no sum leaves the registers before it is done.

use half::f16;

use super::buffer::Number;
use super::lanes::{Lanes, pair_of_bfloats};

/// The type of a packed weight.
pub(super) trait Weight: Number {
    /// A vector of them, as floats.
    ///
    /// # Safety
    /// [`Lanes::COUNT`] numbers can be read from there.
    unsafe fn load<V: Lanes>(from: *const Self) -> V;

    /// `sum` and the products of an input with a vector of weights.
    #[inline(always)]
    fn multiply_add<V: Lanes>(input: V, weights: V, sum: V) -> V {
        input.mul_add(weights, sum)
    }
}

impl Weight for f32 {
    #[inline(always)]
    unsafe fn load<V: Lanes>(from: *const Self) -> V {
        // SAFETY: the caller's promise.
        unsafe { V::load(from) }
    }
}

impl Weight for f16 {
    #[inline(always)]
    unsafe fn load<V: Lanes>(from: *const Self) -> V {
        // SAFETY: the caller's promise.
        unsafe { V::load_half(from) }
    }
}

/// The weights of two units of the input as bfloat16: eight bits of fraction, the range of `f32`. Inputs are such pairs too.
#[derive(Clone, Copy, Default)]
#[repr(transparent)]
pub(super) struct BfloatPair(u32);

// SAFETY: every pattern of bits is a pair of numbers, and none are zero; 4 bytes.
unsafe impl Number for BfloatPair {}

impl BfloatPair {
    /// Rounds two numbers to the nearest.
    pub(super) fn new(low: f32, high: f32) -> Self {
        Self(pair_of_bfloats(low, high))
    }
}

impl Weight for BfloatPair {
    #[inline(always)]
    unsafe fn load<V: Lanes>(from: *const Self) -> V {
        // SAFETY: the caller's promise; a pair has the size of a float.
        unsafe { V::load(from.cast()) }
    }

    #[inline(always)]
    fn multiply_add<V: Lanes>(input: V, weights: V, sum: V) -> V {
        input.mul_add_pairs(weights, sum)
    }
}

/// Sums of `PIXELS` adjacent pixels in `BLOCKS` blocks of output channels.
pub(super) type Tile<V, const PIXELS: usize, const BLOCKS: usize> = [[V; BLOCKS]; PIXELS];

/// Inputs of one convolution, in units: a quaternion (`GROUP` 4) or a real channel (`GROUP` 1).
#[derive(Clone, Copy)]
pub(super) struct Inputs<'a> {
    /// Number of units.
    pub(super) units: usize,
    /// Floats from one block of lanes to the next.
    pub(super) block_stride: usize,
    /// The offset of each tap's pixel from the tile's first, in floats.
    pub(super) taps: &'a [usize],
}

/// Adds to the tile, over all blocks, taps and units of the input in this order, the product of
/// each unit at each pixel with the weights, which lie in the same order: `BLOCKS` vectors a step.
/// Pixels are one vector apart.
///
/// With `GROUP` 4 the unit's four components are multiplied with the weights' lanes component by component
/// (nothing is summed across lanes); with `GROUP` 1 one channel is multiplied with all lanes.
///
/// # Safety
/// `input` can be read at all taps of all blocks for `PIXELS` pixels, and `weights` for
/// `units × taps × BLOCKS` vectors.
#[inline(always)]
pub(super) unsafe fn accumulate<
    V: Lanes,
    W: Weight,
    const GROUP: usize,
    const PIXELS: usize,
    const BLOCKS: usize,
>(
    tile: Tile<V, PIXELS, BLOCKS>,
    input: *const f32,
    inputs: Inputs<'_>,
    mut weights: *const W,
) -> Tile<V, PIXELS, BLOCKS> {
    let mut tile = tile; // by value, in and out: sums behind a reference would live in memory
    let per_block = V::COUNT / GROUP;
    let mut block = input;
    // SAFETY: the loop stays within the memory that the caller promised.
    unsafe {
        for _ in 0..inputs.units / per_block {
            for &tap in inputs.taps {
                for unit in 0..per_block {
                    let at = block.add(tap + unit * GROUP);
                    tile = step::<V, W, GROUP, PIXELS, BLOCKS>(tile, at, weights);
                    weights = weights.add(BLOCKS * V::COUNT);
                }
            }
            // Behind the last block there may be nothing: `add` must not go there.
            block = block.wrapping_add(inputs.block_stride);
        }
        for &tap in inputs.taps {
            for unit in 0..inputs.units % per_block {
                let at = block.add(tap + unit * GROUP);
                tile = step::<V, W, GROUP, PIXELS, BLOCKS>(tile, at, weights);
                weights = weights.add(BLOCKS * V::COUNT);
            }
        }
    }
    tile
}

/// One unit of the input.
///
/// # Safety
/// As for [`accumulate`].
#[inline(always)]
unsafe fn step<
    V: Lanes,
    W: Weight,
    const GROUP: usize,
    const PIXELS: usize,
    const BLOCKS: usize,
>(
    mut tile: Tile<V, PIXELS, BLOCKS>,
    input: *const f32,
    weights: *const W,
) -> Tile<V, PIXELS, BLOCKS> {
    // SAFETY: the caller's promise.
    unsafe {
        let mut vectors = [V::splat(0.0); BLOCKS];
        for (block, vector) in vectors.iter_mut().enumerate() {
            *vector = W::load(weights.add(block * V::COUNT));
        }
        for (pixel, sums) in tile.iter_mut().enumerate() {
            let at = input.add(pixel * V::COUNT);
            let unit = if GROUP == 4 {
                V::load_quad(at)
            } else {
                V::load_splat(at)
            };
            for (sum, weights) in sums.iter_mut().zip(vectors) {
                *sum = W::multiply_add(unit, weights, *sum);
            }
        }
    }
    tile
}

/// Something that is computed tile by tile along a line of pixels.
pub(super) trait Line {
    /// Computes `PIXELS` pixels from `first` on, for `BLOCKS` blocks of outputs.
    ///
    /// # Safety
    /// The pixels are part of the line.
    unsafe fn tile<V: Lanes, const PIXELS: usize, const BLOCKS: usize>(&self, first: usize);
}

/// Covers a line of `pixels` with the largest tiles that fit, where a pixel takes `sums` registers
/// a block.
#[inline(always)]
pub(super) fn for_each_tile<V: Lanes, const BLOCKS: usize>(
    line: &impl Line,
    pixels: usize,
    sums: usize,
) {
    let most = V::SUMS / (BLOCKS * sums);
    let mut first = 0;
    macro_rules! tiles {
        ($($size:literal)*) => {$(
            while most >= $size && pixels - first >= $size {
                // SAFETY: the line has that many pixels left.
                unsafe { line.tile::<V, $size, BLOCKS>(first) };
                first += $size;
            }
        )*};
    }
    tiles!(16 8 4 2 1);
}
