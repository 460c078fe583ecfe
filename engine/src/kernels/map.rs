//! Activations in the layout that the kernels read.

use super::InstructionSet;
use super::buffer::{Buffer, floats};

/// Rows that a causal 3×3 convolution needs from before the first.
pub const HISTORY: usize = 2;
/// The [`reach`](MapShape::reach) of a map that a 3×3 convolution reads.
pub(super) const REACH: usize = 1;

/// A stack of channels over rows (time) and mels, blocked: `blocks × (2·reach + rows) × (reach + mels + reach) ×
/// lanes`, where a block is as many channels as a vector has lanes. The first rows are those
/// before the present ones, and there are zeros on both sides of a row, so kernels need no
/// bounds checks at the edges. The reach is 1 for 3×3 convolutions, 2 for 5×5 ones, 0 for 1×1.
///
/// Channels of quaternions are ordered quaternion by quaternion, (r, i, j, k) adjacent: four
/// lanes are one number for any number of filters, so few filters still fill a vector.
#[derive(Clone)]
pub struct Map {
    shape: MapShape,
    values: Buffer,
}

/// Floats in the layout of a [`Map`].
#[derive(Clone, Copy)]
pub struct MapRef<'a> {
    /// `shape.size()` floats or more.
    pub values: &'a [f32],
    /// Their layout.
    pub shape: MapShape,
}

/// Floats in the layout of a [`Map`], to be written.
pub struct MapMut<'a> {
    /// `shape.size()` floats or more.
    pub values: &'a mut [f32],
    /// Their layout.
    pub shape: MapShape,
}

/// The size of a [`Map`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MapShape {
    /// Real channels.
    pub channels: usize,
    /// Capacity in rows, without the history.
    pub rows: usize,
    /// Mels of a row.
    pub mels: usize,
    /// Lanes of a vector.
    pub lanes: usize,
    /// Zeros on each side of a row, and half the rows before the first.
    pub reach: usize,
}

impl MapShape {
    /// Blocks of channels.
    pub fn blocks(&self) -> usize {
        self.channels.div_ceil(self.lanes)
    }

    /// Rows before the first.
    pub fn history(&self) -> usize {
        2 * self.reach
    }

    /// Floats from one row to the next.
    pub fn row_stride(&self) -> usize {
        (self.mels + 2 * self.reach) * self.lanes
    }

    /// Floats from one block to the next.
    pub fn block_stride(&self) -> usize {
        (self.history() + self.rows) * self.row_stride()
    }

    /// Floats of all blocks.
    ///
    /// # Panics
    /// If they are more than a `usize` counts. Where this does not panic, no index into the map
    /// overflows either.
    pub fn size(&self) -> usize {
        let rows = self.rows.saturating_add(self.history());
        let pixels = self.mels.saturating_add(2 * self.reach);
        floats([self.blocks(), rows, pixels, self.lanes])
    }

    /// Sets history and borders to zero.
    ///
    /// # Panics
    /// If the map is shorter than the shape says.
    pub fn clear_borders(&self, map: &mut [f32]) {
        let border = self.reach * self.lanes;
        for block in map[..self.size()].chunks_exact_mut(self.block_stride()) {
            for (index, row) in block.chunks_exact_mut(self.row_stride()).enumerate() {
                if index < self.history() {
                    row.fill(0.0);
                } else {
                    row[..border].fill(0.0);
                    row[border + self.mels * self.lanes..].fill(0.0);
                }
            }
        }
    }

    /// The index of the first mel of row 0 in block 0.
    pub(super) fn first_pixel(&self) -> usize {
        self.index(0, 0, 0)
    }

    /// The index of a channel's value; row 0 is the first after the history.
    pub fn index(&self, channel: usize, row: usize, mel: usize) -> usize {
        (channel / self.lanes) * self.block_stride()
            + (self.history() + row) * self.row_stride()
            + (self.reach + mel) * self.lanes
            + channel % self.lanes
    }
}

impl Map {
    /// All zero, for a 3×3 convolution to read.
    pub fn new(channels: usize, rows: usize, mels: usize, set: InstructionSet) -> Self {
        Self::with_reach(channels, rows, mels, set, REACH)
    }

    /// All zero, with another reach.
    pub fn with_reach(
        channels: usize,
        rows: usize,
        mels: usize,
        set: InstructionSet,
        reach: usize,
    ) -> Self {
        let shape = MapShape {
            channels,
            rows,
            mels,
            lanes: set.lanes(),
            reach,
        };
        Self {
            shape,
            values: Buffer::new(shape.size()),
        }
    }

    /// Its size.
    pub fn shape(&self) -> MapShape {
        self.shape
    }

    /// Sets everything to zero, including the history.
    pub fn clear(&mut self) {
        self.values.fill(0.0);
    }

    /// Writes one row of one channel.
    ///
    /// # Panics
    /// If there is no such row or channel, or `values` is not as long as a row.
    pub fn write_row(
        &mut self,
        channel: usize,
        row: usize,
        values: impl ExactSizeIterator<Item = f32>,
    ) {
        assert!(
            channel < self.shape.channels
                && row < self.shape.rows
                && values.len() == self.shape.mels
        );
        let (start, lanes) = (self.shape.index(channel, row, 0), self.shape.lanes);
        let slots = self.values[start..].iter_mut().step_by(lanes);
        for (slot, value) in slots.zip(values) {
            *slot = value;
        }
    }

    /// Writes one row of four channels: `scale · frame + shift`, each of them four rows of mels one after the other.
    ///
    /// # Panics
    /// If there is no such row, there are fewer than four channels, or the numbers are not those of four rows.
    pub fn write_frame(&mut self, row: usize, frame: &[f32], scale: &[f32], shift: &[f32]) {
        let MapShape { lanes, mels, .. } = self.shape;
        assert!(self.shape.channels >= 4 && row < self.shape.rows);
        assert_eq!([frame.len(), scale.len(), shift.len()], [4 * mels; 3]);
        let start = self.shape.index(0, row, 0);
        let pixels = self.values[start..][..mels * lanes].chunks_exact_mut(lanes);
        for (mel, pixel) in pixels.enumerate() {
            for (component, slot) in pixel[..4].iter_mut().enumerate() {
                let at = component * mels + mel;
                *slot = frame[at] * scale[at] + shift[at];
            }
        }
    }

    /// One row of one channel.
    ///
    /// # Panics
    /// If there is no such row or channel.
    pub fn row(&self, channel: usize, row: usize) -> impl Iterator<Item = f32> + '_ {
        assert!(channel < self.shape.channels && row < self.shape.rows);
        let (start, lanes) = (self.shape.index(channel, row, 0), self.shape.lanes);
        let slots = self.values[start..].iter().step_by(lanes);
        slots.take(self.shape.mels).copied()
    }

    /// Adds to `sums` (one a lane of every block) the values of the rows `rows` over all mels.
    ///
    /// # Panics
    /// If there are no such rows, or too few sums.
    pub fn add_rows(&self, rows: std::ops::Range<usize>, sums: &mut [f32]) {
        assert!(rows.end <= self.shape.rows);
        let lanes = self.shape.lanes;
        for (block, sums) in sums[..self.shape.blocks() * lanes]
            .chunks_exact_mut(lanes)
            .enumerate()
        {
            for row in rows.clone() {
                let start = self.shape.index(block * lanes, row, 0);
                for pixel in self.values[start..][..self.shape.mels * lanes].chunks_exact(lanes) {
                    sums.iter_mut()
                        .zip(pixel)
                        .for_each(|(sum, value)| *sum += value);
                }
            }
        }
    }

    /// Makes the last of `rows` rows the history of those to come.
    ///
    /// # Panics
    /// If there are no such rows.
    pub fn advance(&mut self, rows: usize) {
        assert!(rows <= self.shape.rows);
        let (row, block) = (self.shape.row_stride(), self.shape.block_stride());
        for block in self.values.chunks_exact_mut(block.max(1)) {
            block.copy_within(rows * row..(rows + self.shape.history()) * row, 0);
        }
    }

    /// The rows before row 0, block after block, as [`set_history`](Self::set_history) takes them. Allocates.
    pub fn history(&self) -> Vec<f32> {
        let (row, block) = (self.shape.row_stride(), self.shape.block_stride());
        let blocks = self.values.chunks_exact(block.max(1));
        blocks
            .flat_map(|block| &block[..self.shape.history() * row])
            .copied()
            .collect()
    }

    /// Replaces the rows before row 0. Allocates nothing.
    ///
    /// # Panics
    /// If `history` is not that of a map with as many channels, mels and lanes.
    pub fn set_history(&mut self, history: &[f32]) {
        let size = self.shape.history() * self.shape.row_stride();
        assert_eq!(history.len(), size * self.shape.blocks(), "another shape");
        let blocks = self.values.chunks_exact_mut(self.shape.block_stride());
        for (block, history) in blocks.zip(history.chunks_exact(size.max(1))) {
            block[..size].copy_from_slice(history);
        }
    }

    pub(super) fn view(&self) -> MapRef<'_> {
        MapRef {
            values: &self.values,
            shape: self.shape,
        }
    }

    pub(super) fn view_mut(&mut self) -> MapMut<'_> {
        MapMut {
            values: &mut self.values,
            shape: self.shape,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "no memory holds")]
    fn a_size_that_wraps_round_is_refused() {
        let shape = MapShape {
            channels: 8,
            rows: usize::MAX / 16,
            mels: 62,
            lanes: 8,
            reach: REACH,
        };
        shape.size();
    }
}
