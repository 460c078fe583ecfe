//! Average pooling of blocked maps.

use super::finish::Target;
use super::lanes::{Lanes, SimdOp};

/// 2×2 means of `blocks × rows × mels` (dense) into a target. Odd last rows and mels are dropped.
pub(super) struct Pool<'a> {
    pub(super) input: &'a [f32],
    pub(super) blocks: usize,
    pub(super) rows: usize,
    pub(super) mels: usize,
    pub(super) output: Target,
}

impl SimdOp for Pool<'_> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let row = self.mels * V::COUNT;
        assert!(self.input.len() >= self.blocks * self.rows * row);
        let quarter = V::splat(0.25);
        for block in 0..self.blocks {
            for line in 0..self.rows / 2 {
                // SAFETY: the length of the input was asserted above; the target has half as many rows and mels.
                unsafe {
                    let from = self
                        .input
                        .as_ptr()
                        .add((block * self.rows + 2 * line) * row);
                    let to = self
                        .output
                        .first
                        .add(block * self.output.block_stride + line * self.output.row_stride);
                    for mel in 0..self.mels / 2 {
                        let at = from.add(2 * mel * V::COUNT);
                        let above = V::load(at).add(V::load(at.add(V::COUNT)));
                        let below = V::load(at.add(row)).add(V::load(at.add(row + V::COUNT)));
                        above.add(below).mul(quarter).store(to.add(mel * V::COUNT));
                    }
                }
            }
        }
    }
}
