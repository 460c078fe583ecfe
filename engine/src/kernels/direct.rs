//! The convolution by its definition: for each pixel, over all inputs and taps. Quaternions take the eight products
//! of [`eight`].

use super::eight;
use super::finish::{Finish, FinishView};
use super::kernel::{Call, ConvolutionKernel, LayerShape, PIXELS_A_LOAD, Work};
use super::lanes::{Lanes, SimdOp};
use super::packing::{LayerToPack, Layout, Packed, pack};
use super::tile::{Inputs, Line, Tile, accumulate, for_each_tile};
use super::{Counts, HISTORY, InstructionSet, TAPS};

pub(super) struct Direct {
    set: InstructionSet,
    group: usize,
    counts: Counts,
    mels: usize,
    packed: Packed,
    finish: Finish,
}

impl ConvolutionKernel for Direct {
    fn fits(_: usize) -> bool {
        true
    }

    fn work(layer: LayerShape, set: InstructionSet) -> Work {
        let weights = TAPS as f64 * layer.phases() * layer.weight_vectors(set);
        Work {
            weights,
            products: weights * (layer.pixels() + PIXELS_A_LOAD),
            transforms: 0.0,
        }
    }

    fn pack(layer: &LayerToPack<'_>) -> Self {
        let weights = layer.convolution.weights;
        let group = weights.group();
        let layout = Layout {
            phases: eight::phases(group),
            most_blocks: layer.set.blocks_at_once(),
            planes: 1,
            steps: TAPS,
            transform: |taps, numbers| numbers.copy_from_slice(taps),
        };
        Self {
            set: layer.set,
            group,
            counts: layer.convolution.counts,
            mels: layer.mels,
            packed: pack(layer, weights, layout),
            finish: Finish::new(layer, group == 4, None),
        }
    }

    fn size_bytes(&self) -> usize {
        size_of_val(&self.packed.values[..]) + self.finish.size_bytes()
    }

    /// Quaternions: the transformed input.
    fn scratch(&self, rows: usize) -> usize {
        let lanes = self.set.lanes();
        match self.group {
            4 => {
                let blocks = (self.group * self.counts.inputs).div_ceil(lanes);
                blocks * (HISTORY + rows) * (self.mels + 2) * lanes
            }
            _ => 0,
        }
    }

    unsafe fn run(&self, call: Call<'_>) {
        match self.group {
            4 => self.set.run(DirectOp::<4> { layer: self, call }),
            _ => self.set.run(DirectOp::<1> { layer: self, call }),
        }
    }
}

/// One run: `GROUP` 4 for quaternions, 1 for channels.
struct DirectOp<'a, const GROUP: usize> {
    layer: &'a Direct,
    call: Call<'a>,
}

impl<const GROUP: usize> SimdOp for DirectOp<'_, GROUP> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { layer, call } = self;
        let (packed, finish) = (&layer.packed, layer.finish.view());
        let row = call.shape.row_stride();
        let block_stride = (HISTORY + call.rows) * row;
        if GROUP == 4 {
            for block in 0..call.shape.blocks() {
                let to = &mut call.scratch[block * block_stride..][..block_stride];
                // SAFETY: the map has these blocks and rows.
                unsafe {
                    let from = call.input.add(block * call.shape.block_stride());
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
            units: layer.counts.inputs,
            block_stride: call.shape.block_stride(),
            taps: &taps,
        };
        let transformed = Inputs {
            block_stride,
            ..straight
        };
        let mut start = 0;
        for &size in &packed.sets {
            let phase = packed.phase_stride * size;
            let phases = if GROUP == 4 { 2 } else { 1 };
            // SAFETY: the sets lie one after the other.
            let weights = unsafe {
                let values = packed.values.as_ptr();
                values.add(phases * packed.phase_stride * start)
            };
            for row_index in 0..call.rows {
                // SAFETY: row, block and weights are within the map, the target and the packing.
                let line = unsafe {
                    DirectLine::<GROUP> {
                        straight: (call.input.add(row_index * row), straight),
                        transformed: (call.scratch.as_ptr().add(row_index * row), transformed),
                        weights: [weights, weights.add(phase * (phases - 1))],
                        finish,
                        block: start,
                        output: call.output.first.add(
                            start * call.output.block_stride + row_index * call.output.row_stride,
                        ),
                        block_stride: call.output.block_stride,
                    }
                };
                match size {
                    1 => for_each_tile::<V, 1>(&line, call.shape.mels, 1),
                    2 => for_each_tile::<V, 2>(&line, call.shape.mels, 1),
                    _ => for_each_tile::<V, 3>(&line, call.shape.mels, 1),
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
    finish: FinishView<'a>,
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
