//! Winograd's convolution, F(2×2, 3×3) and F(4×4, 3×3): fewer products for the same outputs.
//!
//! Tiles of the input are transformed, then each position of the transform is a product of its
//! own (inputs × outputs, tiles for pixels), then tiles are transformed back. The transforms are
//! linear, so the eight products of a quaternion nest inside: each position multiplies in the two
//! phases of [`eight`], and its sums come out as a Hamilton product already.

mod multiply;
mod tiles;
mod transforms;

use std::marker::PhantomData;

use half::f16;

use super::eight;
use super::finish::Finish;
use super::kernel::{Call, ConvolutionKernel, LayerShape, PIXELS_A_LOAD, Work};
use super::lanes::{Lanes, SimdOp};
use super::packing::{LayerToPack, Layout, Packed, UnitPairs, pack};
use super::tile::{BfloatPair, Weight};
use super::{Counts, InstructionSet};
use transforms::{Balanced, F2, F4, Points, Size, Whole};

/// F(2×2, 3×3) with weights of type `W`.
pub(super) type WinogradTwo<W> = Winograd<F2, W, 2, 4>;
/// F(4×4, 3×3) with weights of type `W`.
pub(super) type WinogradFour<W> = Winograd<F4<<W as WinogradWeight>::Points>, W, 4, 6>;

/// Bytes of transformed tiles that are worked on at once: half of a usual second level of cache,
/// so that weights can stream past them.
const WORKING_SET: usize = 512 << 10;
/// Cycles of a transform of the input whose results become pairs of bfloat16, against one that stores floats.
const PAIRING: f64 = 1.2;
/// Tiles for which weights are read once, at least and at most.
const TILES: (usize, usize) = (8, 32);

/// A layer of `OUT × OUT` outputs a tile, of `IN × IN` inputs.
pub(super) struct Winograd<S, W, const OUT: usize, const IN: usize> {
    size: PhantomData<S>,
    set: InstructionSet,
    group: usize,
    counts: Counts,
    mels: usize,
    packed: Packed<W>,
    finish: Finish,
    /// Whether 2×2 means of the outputs are stored instead of them.
    pools: bool,
}

/// A type of packed weights.
pub(super) trait WinogradWeight: Weight {
    /// The points of F(4×4, 3×3).
    type Points: Points;
    const HALVES: bool = false;
    /// Units of the input that are multiplied at once, by pairs of bfloat16.
    const PAIRS: bool = false;
    /// Blocks of the input that become one of the transformed input.
    const BLOCKS: usize = if Self::PAIRS { 2 } else { 1 };

    fn of(packed: Packed, inputs: UnitPairs, lanes: usize) -> Packed<Self>;

    fn run(set: InstructionSet, op: impl SimdOp) {
        set.run(op);
    }
}

impl WinogradWeight for f32 {
    type Points = Whole;

    fn of(packed: Packed, _: UnitPairs, _: usize) -> Packed {
        packed
    }
}

impl WinogradWeight for f16 {
    type Points = Whole;
    const HALVES: bool = true;

    fn of(packed: Packed, _: UnitPairs, _: usize) -> Packed<Self> {
        packed.halves()
    }
}

impl WinogradWeight for BfloatPair {
    type Points = Balanced;
    const PAIRS: bool = true;

    fn of(packed: Packed, inputs: UnitPairs, lanes: usize) -> Packed<Self> {
        packed.pairs(inputs, lanes)
    }

    fn run(set: InstructionSet, op: impl SimdOp) {
        set.run_with_pairs(op);
    }
}

impl<S, W, const OUT: usize, const IN: usize> ConvolutionKernel for Winograd<S, W, OUT, IN>
where
    S: Size<OUT, IN> + Send + Sync,
    W: WinogradWeight + Send + Sync,
{
    fn fits(_: usize) -> bool {
        true
    }

    fn halves() -> bool {
        W::HALVES
    }

    fn pairs() -> bool {
        W::PAIRS
    }

    fn pools() -> bool {
        true
    }

    fn work(layer: LayerShape, set: InstructionSet) -> Work {
        let tiles = (layer.rows.div_ceil(OUT) * layer.mels.div_ceil(OUT)) as f64;
        let [weight_vectors, pairing] = if W::PAIRS {
            [layer.pair_vectors(set), PAIRING]
        } else {
            [layer.weight_vectors(set), 1.0]
        };
        let weights = (IN * IN) as f64 * layer.phases() * weight_vectors;
        let [inputs, outputs] =
            [layer.counts.inputs, layer.counts.outputs].map(|units| layer.blocks(units, set));
        // Halves are loaded and converted.
        let loads = PIXELS_A_LOAD * if W::HALVES { 2.0 } else { 1.0 };
        Work {
            weights,
            products: weights * (tiles + loads),
            transforms: tiles * S::CYCLES * (inputs * pairing + outputs) / 2.0,
        }
    }

    fn pack(layer: &LayerToPack<'_>) -> Self {
        let convolution = layer.convolution;
        let (weights, counts) = (convolution.weights, convolution.counts);
        let group = weights.group();
        let layout = Layout {
            phases: eight::phases(group),
            most_blocks: layer.set.blocks_at_once(),
            planes: IN * IN,
            steps: 1,
            transform: S::filter,
        };
        let (packed, powers) = if W::HALVES {
            let (scaled, powers) = weights.scaled_near_one(counts);
            (
                pack(layer, weights.with_values(&scaled), layout),
                Some(powers),
            )
        } else {
            (pack(layer, weights, layout), None)
        };
        let pairs = UnitPairs {
            inputs: counts.inputs,
            per_block: layer.set.lanes() / group,
        };
        Self {
            size: PhantomData,
            set: layer.set,
            group,
            counts,
            mels: layer.mels,
            packed: W::of(packed, pairs, layer.set.lanes()),
            finish: Finish::new(layer, group == 4, powers.as_deref()),
            pools: convolution.pools,
        }
    }

    fn size_bytes(&self) -> usize {
        size_of_val(&self.packed.values[..]) + self.finish.size_bytes()
    }

    /// A chunk of transformed tiles and of their products.
    fn scratch(&self, _: usize) -> usize {
        let lanes = self.set.lanes();
        let blocks = |units: usize| (self.group * units).div_ceil(lanes);
        let blocks = Blocks {
            inputs: blocks(self.counts.inputs).div_ceil(W::BLOCKS),
            outputs: blocks(self.counts.outputs),
        };
        let plan = Plan::new(blocks, phases(self.group), self.mels, OUT, lanes);
        IN * IN * (plan.input_position + plan.output_position)
    }

    unsafe fn run(&self, call: Call<'_>) {
        match self.group {
            4 => W::run(
                self.set,
                WinogradOp::<_, _, OUT, IN, 4> { layer: self, call },
            ),
            _ => W::run(
                self.set,
                WinogradOp::<_, _, OUT, IN, 1> { layer: self, call },
            ),
        }
    }
}

/// Blocks of channels of a layer.
#[derive(Clone, Copy)]
struct Blocks {
    inputs: usize,
    outputs: usize,
}

/// Numbers that do not change during a run.
#[derive(Clone, Copy)]
struct Plan {
    blocks: Blocks,
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
    fn new(blocks: Blocks, phases: usize, mels: usize, out: usize, lanes: usize) -> Self {
        let positions = (out + 2) * (out + 2);
        let bytes =
            size_of::<f32>() * lanes * positions * (phases * blocks.inputs + blocks.outputs);
        let chunk = (WORKING_SET / bytes / 8 * 8).clamp(TILES.0, TILES.1);
        let block = chunk * lanes;
        Self {
            blocks,
            across: mels.div_ceil(out),
            chunk,
            block,
            // One vector more than needed: at strides of a power of two all positions of a tile
            // would map to the same few sets of the cache and evict each other.
            input_position: phases * blocks.inputs * block + lanes,
            output_position: blocks.outputs * block + lanes,
        }
    }
}

/// Copies of the transformed input: quaternions need it as it is and transformed once more.
const fn phases(group: usize) -> usize {
    if group == 4 { 2 } else { 1 }
}

/// One run. `GROUP` as for [`accumulate`](super::tile::accumulate).
struct WinogradOp<'a, S, W, const OUT: usize, const IN: usize, const GROUP: usize> {
    layer: &'a Winograd<S, W, OUT, IN>,
    call: Call<'a>,
}

impl<S: Size<OUT, IN>, W: WinogradWeight, const OUT: usize, const IN: usize, const GROUP: usize>
    SimdOp for WinogradOp<'_, S, W, OUT, IN, GROUP>
{
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { layer, call } = self;
        let blocks = Blocks {
            inputs: call.shape.blocks().div_ceil(W::BLOCKS),
            outputs: layer.packed.sets.iter().sum(),
        };
        let plan = Plan::new(blocks, phases(GROUP), call.shape.mels, OUT, V::COUNT);
        let inputs = IN * IN * plan.input_position;
        assert!(call.scratch.len() >= inputs + IN * IN * plan.output_position);
        let (from, to) = call.scratch.split_at_mut(inputs);
        let count = plan.across * call.rows.div_ceil(OUT);
        let source = tiles::Source {
            first: call.input,
            shape: call.shape,
            rows: call.rows,
        };
        let sink = tiles::Sink {
            target: call.output,
            rows: call.rows,
            mels: call.shape.mels,
            pools: layer.pools,
            finish: layer.finish.view(),
        };
        for first in (0..count).step_by(plan.chunk) {
            let tiles = first..(first + plan.chunk).min(count);
            let positions = multiply::Positions {
                units: layer.packed.phase_stride / V::COUNT,
                plan: &plan,
                count: IN * IN,
                tiles: tiles.len(),
            };
            // SAFETY: the scratch has room for a chunk of tiles at every position, as asserted;
            // map, weights and target have the sizes they were made with.
            unsafe {
                tiles::read::<V, S, OUT, IN, GROUP, W>(&source, &plan, tiles.clone(), from);
                positions.multiply::<V, W, GROUP>(&layer.packed, from, to);
                tiles::write::<V, S, OUT, IN>(&sink, &plan, tiles, to);
            }
        }
    }
}
