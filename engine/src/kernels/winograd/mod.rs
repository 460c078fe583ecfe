//! Winograd's convolution, F(2×2, 3×3) and F(4×4, 3×3): fewer products for the same outputs.
//!
//! Tiles of the input are transformed, then each position of the transform is a product of its
//! own (inputs × outputs, tiles for pixels), then tiles are transformed back. The transforms are
//! linear, so the eight products of a quaternion nest inside: each position multiplies in the two
//! phases of [`eight`], and its sums come out as a Hamilton product already.

mod multiply;
mod tiles;
mod transforms;

use super::direct::{Finish, Target};
use super::lanes::{Kernel, Lanes};
use super::map::MapShape;
use super::packing::Packed;
use super::tile::Weight;
pub(super) use transforms::{F2, F4, Size};

/// Bytes of transformed tiles that are worked on at once: half of a usual second level of cache,
/// so that weights can stream past them.
const WORKING_SET: usize = 512 << 10;
/// Tiles that share a walk over the weights, at least and at most.
const TILES: (usize, usize) = (8, 32);

/// One call. `GROUP` as for [`accumulate`](super::tile::accumulate).
pub(super) struct Winograd<'a, S, W, const OUT: usize, const IN: usize, const GROUP: usize> {
    pub(super) size: std::marker::PhantomData<S>,
    pub(super) packed: &'a Packed<W>,
    pub(super) finish: Finish<'a>,
    /// Units of the input.
    pub(super) units: usize,
    pub(super) input: *const f32,
    pub(super) shape: MapShape,
    /// Rows to compute.
    pub(super) rows: usize,
    /// See [`scratch`].
    pub(super) scratch: &'a mut [f32],
    pub(super) output: Target,
    /// Whether 2×2 means of the outputs are stored in their place.
    pub(super) pools: bool,
}

/// Numbers that do not change during a call.
#[derive(Clone, Copy)]
struct Plan {
    input_blocks: usize,
    output_blocks: usize,
    /// Tiles of a row, and at once.
    across: usize,
    chunk: usize,
    /// Floats from one block of transformed tiles to the next, and from one position to the next,
    /// for inputs and products.
    block: usize,
    input_position: usize,
    output_position: usize,
}

impl Plan {
    fn new(blocks: (usize, usize), phases: usize, mels: usize, out: usize, lanes: usize) -> Self {
        let positions = (out + 2) * (out + 2);
        let bytes = size_of::<f32>() * lanes * positions * (phases * blocks.0 + blocks.1);
        let chunk = (WORKING_SET / bytes / 8 * 8).clamp(TILES.0, TILES.1);
        let block = chunk * lanes;
        Self {
            input_blocks: blocks.0,
            output_blocks: blocks.1,
            across: mels.div_ceil(out),
            chunk,
            block,
            // One vector more than needed: at strides of a power of two all positions of a tile
            // would fall into the same few sets of the cache and drive each other out.
            input_position: phases * blocks.0 * block + lanes,
            output_position: blocks.1 * block + lanes,
        }
    }
}

/// Floats of scratch that a call needs, blocks counted in and out.
pub(super) fn scratch(
    blocks: (usize, usize),
    group: usize,
    mels: usize,
    out: usize,
    lanes: usize,
) -> usize {
    let plan = Plan::new(blocks, phases(group), mels, out, lanes);
    (out + 2) * (out + 2) * (plan.input_position + plan.output_position)
}

/// Copies of the transformed input: quaternions need it straight and transformed once more.
const fn phases(group: usize) -> usize {
    if group == 4 { 2 } else { 1 }
}

impl<S: Size<OUT, IN>, W: Weight, const OUT: usize, const IN: usize, const GROUP: usize> Kernel
    for Winograd<'_, S, W, OUT, IN, GROUP>
{
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let blocks = (self.shape.blocks(), self.packed.sets.iter().sum());
        let plan = Plan::new(blocks, phases(GROUP), self.shape.mels, OUT, V::COUNT);
        let inputs = IN * IN * plan.input_position;
        assert!(self.scratch.len() >= inputs + IN * IN * plan.output_position);
        let (from, to) = self.scratch.split_at_mut(inputs);
        let count = plan.across * self.rows.div_ceil(OUT);
        let source = tiles::Source {
            first: self.input,
            shape: self.shape,
            rows: self.rows,
        };
        let sink = tiles::Sink {
            target: self.output,
            rows: self.rows,
            mels: self.shape.mels,
            pools: self.pools,
            finish: self.finish,
        };
        for first in (0..count).step_by(plan.chunk) {
            let tiles = first..(first + plan.chunk).min(count);
            // SAFETY: the scratch has room for a chunk of tiles at every position, as asserted;
            // map, weights and target have the sizes they were made with.
            unsafe {
                tiles::read::<V, S, OUT, IN, GROUP>(&source, &plan, tiles.clone(), from);
                multiply::positions::<V, W, GROUP>(
                    self.packed,
                    self.units,
                    &plan,
                    (IN * IN, tiles.len()),
                    from,
                    to,
                );
                tiles::write::<V, S, OUT, IN>(&sink, &plan, tiles, to);
            }
        }
    }
}
