//! Sixteen products from weights that are read once: for maps of so few pixels that reading the
//! weights takes longer than multiplying.
//!
//! The vector of weights holds (r, i, j, k) of each filter. Each component of the input, repeated,
//! meets it whole, in sums of its own: four sums hold all sixteen products, and only at the end
//! are their lanes brought to where Hamilton wants them.

use super::TAPS;
use super::direct::{Finish, Target};
use super::lanes::{Kernel, Lanes};
use super::map::MapShape;
use super::packing::Packed;
use super::tile::{Line, for_each_tile};

/// One call: quaternions only.
pub(super) struct Shared<'a> {
    pub(super) packed: &'a Packed,
    pub(super) finish: Finish<'a>,
    pub(super) units: usize,
    pub(super) input: *const f32,
    pub(super) shape: MapShape,
    pub(super) rows: usize,
    pub(super) output: Target,
}

impl Kernel for Shared<'_> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let row = self.shape.row_stride();
        for block in 0..self.packed.sets.iter().sum() {
            for row_index in 0..self.rows {
                // SAFETY: row, block and weights are within the map, the target and the packing.
                let line = unsafe {
                    SharedLine {
                        call: &self,
                        input: self.input.add(row_index * row),
                        weights: self
                            .packed
                            .values
                            .as_ptr()
                            .add(block * self.packed.phase_stride),
                        block,
                        output: self.output.first.add(
                            block * self.output.block_stride + row_index * self.output.row_stride,
                        ),
                    }
                };
                for_each_tile::<V, 1>(&line, self.shape.mels, 4);
            }
        }
    }
}

struct SharedLine<'a, 'b> {
    call: &'a Shared<'b>,
    input: *const f32,
    weights: *const f32,
    block: usize,
    output: *mut f32,
}

impl Line for SharedLine<'_, '_> {
    #[inline(always)]
    unsafe fn tile<V: Lanes, const PIXELS: usize, const BLOCKS: usize>(&self, first: usize) {
        let mut sums = [[V::splat(0.0); 4]; PIXELS];
        let mut weights = self.weights;
        let mut units = self.call.units;
        // SAFETY: the pixels are part of the row, the borders hold the taps beside it, and the
        // weights lie in the order of this walk.
        unsafe {
            let mut block = self.input.add(first * V::COUNT);
            while units > 0 {
                let here = units.min(V::COUNT / 4);
                for tap in 0..TAPS {
                    let offset = tap / 3 * self.call.shape.row_stride() + tap % 3 * V::COUNT;
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
                block = block.wrapping_add(self.call.shape.block_stride());
            }
            let (scale, shift, floor) = self.call.finish.of_block::<V>(self.block);
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
