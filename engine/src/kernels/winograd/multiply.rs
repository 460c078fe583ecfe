//! Each position of the transform: outputs from inputs, for a chunk of tiles.

use super::super::eight;
use super::super::lanes::Lanes;
use super::super::packing::Packed;
use super::super::tile::{Inputs, Line, Tile, Weight, accumulate, for_each_tile};
use super::{Plan, phases};

/// The products at all positions of the transform.
pub(super) struct Positions<'a> {
    /// Units of the input.
    pub(super) units: usize,
    pub(super) plan: &'a Plan,
    /// How many positions there are.
    pub(super) count: usize,
    /// Tiles of this chunk, at most `plan.chunk`.
    pub(super) tiles: usize,
}

impl Positions<'_> {
    /// Multiplies the transformed tiles `from` with the weights into `to`.
    ///
    /// # Safety
    /// `from` and `to` have room for `plan.chunk` tiles at each position.
    #[inline(always)]
    pub(super) unsafe fn multiply<V: Lanes, W: Weight, const GROUP: usize>(
        &self,
        packed: &Packed<W>,
        from: &[f32],
        to: &mut [f32],
    ) {
        let Self {
            units,
            plan,
            count,
            tiles,
        } = *self;
        let inputs = Inputs {
            units,
            block_stride: plan.block,
            taps: &[0],
        };
        let phases = phases(GROUP);
        for position in 0..count {
            let mut start = 0;
            for &size in &packed.sets {
                // Sets lie one after the other, each with all its positions.
                let before = count * start + position * size;
                // SAFETY: within weights and scratch, as the caller promised.
                let line = unsafe {
                    let input = from.as_ptr().add(position * plan.input_position);
                    let weights = packed
                        .values
                        .as_ptr()
                        .add(phases * packed.phase_stride * before);
                    PositionLine::<W, GROUP> {
                        inputs,
                        input: [
                            input,
                            input.add((phases - 1) * plan.blocks.inputs * plan.block),
                        ],
                        weights: [
                            weights,
                            weights.add((phases - 1) * packed.phase_stride * size),
                        ],
                        output: to
                            .as_mut_ptr()
                            .add(position * plan.output_position + start * plan.block),
                        block: plan.block,
                    }
                };
                match size {
                    1 => for_each_tile::<V, 1>(&line, tiles, 1),
                    2 => for_each_tile::<V, 2>(&line, tiles, 1),
                    _ => for_each_tile::<V, 3>(&line, tiles, 1),
                }
                start += size;
            }
        }
    }
}

/// One position of one set of output blocks: tiles stand for pixels.
struct PositionLine<'a, W, const GROUP: usize> {
    inputs: Inputs<'a>,
    /// For each phase; with one phase both are the same.
    input: [*const f32; 2],
    weights: [*const W; 2],
    output: *mut f32,
    block: usize,
}

impl<W: Weight, const GROUP: usize> Line for PositionLine<'_, W, GROUP> {
    #[inline(always)]
    unsafe fn tile<V: Lanes, const PIXELS: usize, const BLOCKS: usize>(&self, first: usize) {
        let mut tile: Tile<V, PIXELS, BLOCKS> = [[V::splat(0.0); BLOCKS]; PIXELS];
        let offset = first * V::COUNT;
        // SAFETY: the tiles are part of the chunk.
        unsafe {
            tile = accumulate::<V, W, GROUP, PIXELS, BLOCKS>(
                tile,
                self.input[0].add(offset),
                self.inputs,
                self.weights[0],
            );
            if GROUP == 4 {
                tile = eight::between(tile);
                tile = accumulate::<V, W, GROUP, PIXELS, BLOCKS>(
                    tile,
                    self.input[1].add(offset),
                    self.inputs,
                    self.weights[1],
                );
            }
            for (pixel, sums) in tile.iter().enumerate() {
                for (block, &sum) in sums.iter().enumerate() {
                    let sum = if GROUP == 4 { eight::after(sum) } else { sum };
                    sum.store(
                        self.output
                            .add(block * self.block + offset + pixel * V::COUNT),
                    );
                }
            }
        }
    }
}
