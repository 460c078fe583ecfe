//! The convolution as it is written: for each pixel, over all inputs and taps.

use super::TAPS;
use super::eight;
use super::lanes::{Kernel, Lanes};
use super::map::MapShape;
use super::packing::Packed;
use super::tile::{Inputs, Line, Tile, accumulate, for_each_tile};

/// Where results go: `blocks × rows × pixels × lanes` with any strides.
#[derive(Clone, Copy)]
pub(super) struct Target {
    pub(super) first: *mut f32,
    pub(super) block_stride: usize,
    pub(super) row_stride: usize,
}

/// What happens to a sum before it is stored: `max(floor, scale · sum + shift)`, scale and shift
/// for each output channel.
#[derive(Clone, Copy)]
pub(super) struct Finish<'a> {
    pub(super) scale: &'a [f32],
    pub(super) shift: &'a [f32],
    /// Zero for ReLU, minus infinity for none.
    pub(super) floor: f32,
}

impl Finish<'_> {
    /// Scale and shift of a block, and the floor.
    ///
    /// # Safety
    /// There is such a block.
    #[inline(always)]
    pub(super) unsafe fn of_block<V: Lanes>(&self, block: usize) -> (V, V, V) {
        // SAFETY: there are `COUNT` scales and shifts for each block.
        unsafe {
            (
                V::load(self.scale.as_ptr().add(block * V::COUNT)),
                V::load(self.shift.as_ptr().add(block * V::COUNT)),
                V::splat(self.floor),
            )
        }
    }
}

/// One call of the direct kernel: `GROUP` 4 for quaternions, with eight products; 1 for channels.
pub(super) struct Direct<'a, const GROUP: usize> {
    pub(super) packed: &'a Packed,
    pub(super) finish: Finish<'a>,
    /// Units of the input.
    pub(super) units: usize,
    pub(super) input: *const f32,
    pub(super) shape: MapShape,
    /// Rows to compute.
    pub(super) rows: usize,
    /// Room for the transformed input: `blocks × (2 + rows)` rows.
    pub(super) transformed: &'a mut [f32],
    pub(super) output: Target,
}

impl<const GROUP: usize> Kernel for Direct<'_, GROUP> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let row = self.shape.row_stride();
        let block_stride = (super::HISTORY + self.rows) * row;
        if GROUP == 4 {
            for block in 0..self.shape.blocks() {
                let to = &mut self.transformed[block * block_stride..][..block_stride];
                // SAFETY: the map has so many blocks and rows.
                unsafe {
                    let from = self.input.add(block * self.shape.block_stride());
                    for at in (0..block_stride).step_by(V::COUNT) {
                        V::load(from.add(at))
                            .hadamard()
                            .store(to.as_mut_ptr().add(at));
                    }
                }
            }
        }
        let taps: [usize; TAPS] = std::array::from_fn(|tap| tap / 3 * row + tap % 3 * V::COUNT);
        let straight = Inputs {
            units: self.units,
            block_stride: self.shape.block_stride(),
            taps: &taps,
        };
        let transformed = Inputs {
            block_stride,
            ..straight
        };
        let mut start = 0;
        for &size in &self.packed.sets {
            let phase = self.packed.phase_stride * size;
            let phases = if GROUP == 4 { 2 } else { 1 };
            // SAFETY: the sets lie one after the other.
            let weights = unsafe {
                let values = self.packed.values.as_ptr();
                values.add(phases * self.packed.phase_stride * start)
            };
            for row_index in 0..self.rows {
                // SAFETY: row, block and weights are within the map, the target and the packing.
                let line = unsafe {
                    DirectLine::<GROUP> {
                        straight: (self.input.add(row_index * row), straight),
                        transformed: (self.transformed.as_ptr().add(row_index * row), transformed),
                        weights: [weights, weights.add(phase * (phases - 1))],
                        finish: self.finish,
                        block: start,
                        output: self.output.first.add(
                            start * self.output.block_stride + row_index * self.output.row_stride,
                        ),
                        block_stride: self.output.block_stride,
                    }
                };
                match size {
                    1 => for_each_tile::<V, 1>(&line, self.shape.mels, 1),
                    2 => for_each_tile::<V, 2>(&line, self.shape.mels, 1),
                    _ => for_each_tile::<V, 3>(&line, self.shape.mels, 1),
                }
            }
            start += size;
        }
    }
}

/// One row of one set of output blocks.
struct DirectLine<'a, const GROUP: usize> {
    straight: (*const f32, Inputs<'a>),
    transformed: (*const f32, Inputs<'a>),
    /// Of each phase; with one phase the first counts.
    weights: [*const f32; 2],
    finish: Finish<'a>,
    block: usize,
    output: *mut f32,
    block_stride: usize,
}

impl<const GROUP: usize> Line for DirectLine<'_, GROUP> {
    #[inline(always)]
    unsafe fn tile<V: Lanes, const PIXELS: usize, const BLOCKS: usize>(&self, first: usize) {
        let mut tile: Tile<V, PIXELS, BLOCKS> = [[V::splat(0.0); BLOCKS]; PIXELS];
        let offset = first * V::COUNT;
        // SAFETY: the pixels are part of the row; the row's borders hold the taps beside it.
        unsafe {
            let straight = self.straight.0.add(offset);
            if GROUP == 4 {
                let transformed = self.transformed.0.add(offset);
                tile = accumulate::<V, f32, 4, PIXELS, BLOCKS>(
                    tile,
                    transformed,
                    self.transformed.1,
                    self.weights[0],
                );
                tile = eight::between(tile);
                tile = accumulate::<V, f32, 4, PIXELS, BLOCKS>(
                    tile,
                    straight,
                    self.straight.1,
                    self.weights[1],
                );
            } else {
                tile = accumulate::<V, f32, 1, PIXELS, BLOCKS>(
                    tile,
                    straight,
                    self.straight.1,
                    self.weights[0],
                );
            }
            for block in 0..BLOCKS {
                let (scale, shift, floor) = self.finish.of_block::<V>(self.block + block);
                let to = self.output.add(block * self.block_stride + offset);
                for (pixel, sums) in tile.iter().enumerate() {
                    let sum = if GROUP == 4 {
                        eight::after(sums[block])
                    } else {
                        sums[block]
                    };
                    floor
                        .max(sum.mul_add(scale, shift))
                        .store(to.add(pixel * V::COUNT));
                }
            }
        }
    }
}
