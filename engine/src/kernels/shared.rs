//! Quaternions by sixteen products from weights that are read once: for maps of so few pixels that reading the weights
//! takes longer than multiplying.
//!
//! A vector of weights holds (r, i, j, k) of several filters. Each component of the input, repeated, is multiplied with
//! the whole vector into a sum of its own: four sums hold all sixteen products, and only at the end are their lanes
//! permuted into the order of the Hamilton product.

use super::eight::Phase;
use super::finish::{Finish, FinishView};
use super::kernel::{Call, ConvolutionKernel, LayerShape, PIXELS_A_LOAD, Work};
use super::lanes::{Lanes, SimdOp};
use super::map::MapShape;
use super::packing::{LayerToPack, Layout, Packed, pack};
use super::tile::{Line, for_each_tile};
use super::{InstructionSet, TAPS};

pub(super) struct Shared {
    set: InstructionSet,
    /// Units of the input.
    units: usize,
    packed: Packed,
    finish: Finish,
}

impl ConvolutionKernel for Shared {
    fn fits(group: usize) -> bool {
        group == 4
    }

    fn work(layer: LayerShape, set: InstructionSet) -> Work {
        let vectors = layer.weight_vectors(set);
        Work {
            weights: 9.0 * vectors,
            // Each of its multiply-adds needs a load of its own.
            products: 9.0 * 4.0 * 1.2 * vectors * (layer.pixels() + PIXELS_A_LOAD),
            transforms: 0.0,
        }
    }

    fn pack(layer: &LayerToPack<'_>) -> Self {
        let layout = Layout {
            phases: &[Phase::Quarters],
            most_blocks: 1,
            planes: 1,
            steps: TAPS,
            transform: |taps, numbers| numbers.copy_from_slice(taps),
        };
        Self {
            set: layer.set,
            units: layer.convolution.counts.inputs,
            packed: pack(layer, layer.convolution.weights, layout),
            finish: Finish::new(layer, false, None),
        }
    }

    fn size_bytes(&self) -> usize {
        size_of_val(&self.packed.values[..]) + self.finish.size_bytes()
    }

    fn scratch(&self, _: usize) -> usize {
        0
    }

    unsafe fn run(&self, call: Call<'_>) {
        self.set.run(SharedOp { layer: self, call });
    }
}

/// One run.
struct SharedOp<'a> {
    layer: &'a Shared,
    call: Call<'a>,
}

impl SimdOp for SharedOp<'_> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { layer, call } = self;
        let (packed, finish) = (&layer.packed, layer.finish.view());
        let row = call.shape.row_stride();
        for block in 0..packed.sets.iter().sum() {
            for row_index in 0..call.rows {
                // SAFETY: row, block and weights are within the map, the target and the packing.
                let line = unsafe {
                    SharedLine {
                        units: layer.units,
                        shape: call.shape,
                        finish,
                        input: call.input.add(row_index * row),
                        weights: packed.values.as_ptr().add(block * packed.phase_stride),
                        block,
                        output: call.output.first.add(
                            block * call.output.block_stride + row_index * call.output.row_stride,
                        ),
                    }
                };
                for_each_tile::<V, 1>(&line, call.shape.mels, 4);
            }
        }
    }
}

/// One row of one output block.
struct SharedLine<'a> {
    units: usize,
    shape: MapShape,
    finish: FinishView<'a>,
    input: *const f32,
    weights: *const f32,
    block: usize,
    output: *mut f32,
}

impl Line for SharedLine<'_> {
    #[inline(always)]
    unsafe fn tile<V: Lanes, const PIXELS: usize, const BLOCKS: usize>(&self, first: usize) {
        let mut sums = [[V::splat(0.0); 4]; PIXELS];
        let mut weights = self.weights;
        let mut units = self.units;
        // SAFETY: the pixels are part of the row, the borders hold the taps beside it, and the
        // weights lie in the order of this loop.
        unsafe {
            let mut block = self.input.add(first * V::COUNT);
            while units > 0 {
                let here = units.min(V::COUNT / 4);
                for tap in 0..TAPS {
                    let offset = tap / 3 * self.shape.row_stride() + tap % 3 * V::COUNT;
                    for unit in 0..here {
                        let weight = V::load(weights);
                        weights = weights.add(V::COUNT);
                        for (pixel, sums) in sums.iter_mut().enumerate() {
                            let at = block.add(offset + 4 * unit + pixel * V::COUNT);
                            for (component, sum) in sums.iter_mut().enumerate() {
                                *sum = V::load_splat(at.add(component)).mul_add(weight, *sum);
                            }
                        }
                    }
                }
                units -= here;
                // Behind the last block there may be nothing: `add` must not go there.
                block = block.wrapping_add(self.shape.block_stride());
            }
            let (scale, shift, floor) = self.finish.of_block::<V>(self.block);
            for (pixel, sums) in sums.iter().enumerate() {
                let to = self.output.add((first + pixel) * V::COUNT);
                let product = hamilton(*sums).mul_add(scale, shift);
                floor.max(product).store(to);
            }
        }
    }
}

/// Sums of (r, i, j, k) · x₀, · x₁, · x₂ and · x₃ to their Hamilton product.
#[inline(always)]
fn hamilton<V: Lanes>([real, i, j, k]: [V; 4]) -> V {
    let i = i.swap_neighbours().mul(V::quad([-1., 1., 1., -1.]));
    let j = j.swap_pairs().mul(V::quad([-1., -1., 1., 1.]));
    let k = k
        .swap_pairs()
        .swap_neighbours()
        .mul(V::quad([-1., 1., -1., 1.]));
    real.add(i).add(j.add(k))
}
