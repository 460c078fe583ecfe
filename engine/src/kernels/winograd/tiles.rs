//! Tiles of the map into the transform, and back.

use std::ops::Range;

use super::super::finish::{FinishView, Target};
use super::super::lanes::Lanes;
use super::super::map::{HISTORY, MapShape};
use super::{Plan, Size, WinogradWeight};

/// Where tiles are read: a map's oldest row.
pub(super) struct Source {
    pub(super) first: *const f32,
    pub(super) shape: MapShape,
    pub(super) rows: usize,
}

/// Transforms tiles into `positions × phases × blocks × tiles`. Quaternions: first the products'
/// factors transformed once more by Hadamard, then as they are. With weights in pairs, two blocks of the source become one of
/// pairs.
///
/// # Safety
/// The source is a map with `rows` rows, `to` has room as `plan` says.
#[inline(always)]
pub(super) unsafe fn read<
    V: Lanes,
    S: Size<OUT, IN>,
    const OUT: usize,
    const IN: usize,
    const GROUP: usize,
    W: WinogradWeight,
>(
    source: &Source,
    plan: &Plan,
    tiles: Range<usize>,
    to: &mut [f32],
) {
    let straight = (super::phases(GROUP) - 1) * plan.blocks.inputs * plan.block;
    let source_blocks = source.shape.blocks();
    for block in 0..plan.blocks.inputs {
        for (slot, tile) in tiles.clone().enumerate() {
            let (row, column) = (tile / plan.across * OUT, tile % plan.across * OUT);
            let at = |block: usize| TileStart { block, row, column };
            // SAFETY: blocks, rows and columns are those of the map, and the slot is one of the chunk.
            unsafe {
                let low = source.by_rows::<V, S, OUT, IN>(at(W::BLOCKS * block));
                let mut high = [[V::splat(0.0); IN]; IN];
                if W::PAIRS && W::BLOCKS * block + 1 < source_blocks {
                    high = source.by_rows::<V, S, OUT, IN>(at(W::BLOCKS * block + 1));
                }
                let mut slot = to.as_mut_ptr().add(block * plan.block + slot * V::COUNT);
                for (low, high) in low.into_iter().zip(high) {
                    let (low, high) = (S::input(low), S::input(high));
                    for (low, high) in low.into_iter().zip(high) {
                        if GROUP == 4 {
                            store::<V, W>(low.hadamard(), high.hadamard(), slot);
                        }
                        store::<V, W>(low, high, slot.add(straight));
                        // Behind the last position there is nothing: `add` must not go there.
                        slot = slot.wrapping_add(plan.input_position);
                    }
                }
            }
        }
    }
}

/// Where a tile begins.
struct TileStart {
    block: usize,
    row: usize,
    column: usize,
}

impl Source {
    /// A tile, transformed over its rows. Past the end of the map there are zeros.
    ///
    /// # Safety
    /// The tile begins in the map.
    #[inline(always)]
    unsafe fn by_rows<V: Lanes, S: Size<OUT, IN>, const OUT: usize, const IN: usize>(
        &self,
        start: TileStart,
    ) -> [[V; IN]; IN] {
        let row_stride = self.shape.row_stride();
        let rows = (HISTORY + self.rows - start.row).min(IN);
        let columns = (self.shape.mels + 2 - start.column).min(IN);
        let mut half = [[V::splat(0.0); IN]; IN];
        // SAFETY: rows and columns are those of the map.
        unsafe {
            let from = self.first.add(
                start.block * self.shape.block_stride()
                    + start.row * row_stride
                    + start.column * V::COUNT,
            );
            #[allow(clippy::needless_range_loop)] // a column is not a slice of anything
            for column in 0..columns {
                let mut lines = [V::splat(0.0); IN];
                for (row, line) in lines.iter_mut().enumerate().take(rows) {
                    *line = V::load(from.add(row * row_stride + column * V::COUNT));
                }
                for (row, value) in S::input(lines).into_iter().enumerate() {
                    half[row][column] = value;
                }
            }
        }
        half
    }
}

/// Stores a number of the transformed input, or a pair of them.
///
/// # Safety
/// There is room for a vector.
#[inline(always)]
unsafe fn store<V: Lanes, W: WinogradWeight>(low: V, high: V, to: *mut f32) {
    let value = if W::PAIRS { low.pair(high) } else { low };
    // SAFETY: the caller's promise.
    unsafe { value.store(to) };
}

/// Where outputs go.
pub(super) struct Sink<'a> {
    pub(super) target: Target,
    pub(super) rows: usize,
    pub(super) mels: usize,
    pub(super) pools: bool,
    pub(super) finish: FinishView<'a>,
}

/// Transforms products (`positions × blocks × tiles`) back, finishes and stores them.
///
/// # Safety
/// `from` is as `plan` says, and the target has room for all rows and mels (halved, if it pools).
#[inline(always)]
pub(super) unsafe fn write<V: Lanes, S: Size<OUT, IN>, const OUT: usize, const IN: usize>(
    sink: &Sink<'_>,
    plan: &Plan,
    tiles: Range<usize>,
    from: &[f32],
) {
    for block in 0..plan.blocks.outputs {
        // SAFETY: there is such a block.
        let (scale, shift, floor) = unsafe { sink.finish.of_block::<V>(block) };
        for (slot, tile) in tiles.clone().enumerate() {
            let (row, column) = (tile / plan.across * OUT, tile % plan.across * OUT);
            let mut outputs: [[V; OUT]; OUT] = [[V::splat(0.0); OUT]; OUT];
            // SAFETY: the slot is one of the chunk.
            unsafe {
                let slot = from.as_ptr().add(block * plan.block + slot * V::COUNT);
                let mut half = [[V::splat(0.0); IN]; OUT]; // transformed over rows
                #[allow(clippy::needless_range_loop)] // a column is not a slice of anything
                for column in 0..IN {
                    let mut products = [V::splat(0.0); IN];
                    for (row, product) in products.iter_mut().enumerate() {
                        *product = V::load(slot.add((row * IN + column) * plan.output_position));
                    }
                    for (row, value) in S::output(products).into_iter().enumerate() {
                        half[row][column] = value;
                    }
                }
                for (line, outputs) in half.into_iter().zip(&mut outputs) {
                    for (output, sum) in outputs.iter_mut().zip(S::output(line)) {
                        *output = floor.max(sum.mul_add(scale, shift));
                    }
                }
            }
            // SAFETY: rows and mels outside the map are left out.
            unsafe {
                let to = sink.target.first.add(block * sink.target.block_stride);
                let rows = (sink.rows - row).min(OUT);
                let columns = (sink.mels - column).min(OUT);
                if sink.pools {
                    let tile = TileRange {
                        row,
                        column,
                        rows,
                        columns,
                    };
                    tile.store_means(&outputs, to, sink.target.row_stride);
                } else {
                    for (y, line) in outputs.iter().enumerate().take(rows) {
                        let to = to.add((row + y) * sink.target.row_stride + column * V::COUNT);
                        for (x, value) in line.iter().enumerate().take(columns) {
                            value.store(to.add(x * V::COUNT));
                        }
                    }
                }
            }
        }
    }
}

/// The part of a map that a tile covers.
struct TileRange {
    row: usize,
    column: usize,
    rows: usize,
    columns: usize,
}

impl TileRange {
    /// Stores the 2×2 means of the tile's outputs.
    ///
    /// # Safety
    /// As for [`write`].
    #[inline(always)]
    unsafe fn store_means<V: Lanes, const OUT: usize>(
        &self,
        outputs: &[[V; OUT]; OUT],
        to: *mut f32,
        row_stride: usize,
    ) {
        let quarter = V::splat(0.25);
        for y in 0..self.rows / 2 {
            for x in 0..self.columns / 2 {
                let above = outputs[2 * y][2 * x].add(outputs[2 * y][2 * x + 1]);
                let below = outputs[2 * y + 1][2 * x].add(outputs[2 * y + 1][2 * x + 1]);
                let mean = above.add(below).mul(quarter);
                let (row, column) = (self.row / 2 + y, self.column / 2 + x);
                // SAFETY: the caller's promise.
                unsafe { mean.store(to.add(row * row_stride + column * V::COUNT)) };
            }
        }
    }
}
