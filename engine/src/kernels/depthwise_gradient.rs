//! The gradient of a depthwise convolution with respect to its weights: for each tap, the sum over all pixels of the
//! product of the gradient of a unit with its input at the tap. For quaternions by the eight products in reverse, as in
//! [`gradient`](super::gradient).

use super::InstructionSet;
use super::buffer::{Buffer, floats};
use super::eight::{Phase, phases};
use super::gradient::gradient_of_quarters;
use super::lanes::{Lanes, SimdOp};
use super::map::{MapRef, MapShape};
use super::pair::Pair;
use super::pointwise_gradient::prepare;

/// Pixels whose gradients are summed in registers before the sums go to memory.
const PIXELS: usize = 256;

/// Sums over pixels of (input at a tap) × (gradient of the output), for all weights of a depthwise convolution.
pub struct DepthwiseGradient {
    set: InstructionSet,
    group: usize,
    units: usize,
    size: usize,
    /// `phases × blocks × taps × lanes`.
    sums: Buffer,
    /// Gradients of some rows in the form of a phase.
    gradient: Buffer,
}

impl DepthwiseGradient {
    /// All zero, for `units` units of `group` channels and kernels of `size × size` taps, 3 or 5.
    ///
    /// # Panics
    /// If the size is another.
    pub fn new(group: usize, units: usize, size: usize, set: InstructionSet) -> Self {
        assert!([3, 5].contains(&size), "a depthwise kernel of {size}");
        let lanes = set.lanes();
        let blocks = (units * group).div_ceil(lanes);
        Self {
            sums: Buffer::new(floats([phases(group).len(), blocks, size * size, lanes])),
            gradient: Buffer::default(),
            set,
            group,
            units,
            size,
        }
    }

    /// Adds one sample: the input of the convolution, with its history, and the gradient of its output. Both have the
    /// same mels and a reach of `size / 2`; the gradient has as many rows as the input or more, of which the first count.
    ///
    /// # Panics
    /// If the shapes do not fit.
    pub fn add(&mut self, input: Pair<'_>, gradient: MapRef<'_>) {
        let (from, to) = (input.straight.shape, gradient.shape);
        let lanes = self.set.lanes();
        input.check(self.group);
        assert_eq!((from.mels, from.reach), (to.mels, self.size / 2));
        assert_eq!((from.lanes, to.lanes), (lanes, lanes));
        let channels = self.units * self.group;
        assert_eq!((from.channels, to.channels), (channels, channels));
        assert!(from.rows <= to.rows && gradient.values.len() >= to.size());
        let rows = rows_at_once(from);
        self.gradient.reserve(floats([rows, from.mels, lanes]));
        let call = Call {
            of: self,
            input,
            gradient,
            rows,
        };
        let set = call.of.set;
        match (call.of.group, call.of.size) {
            (4, 3) => set.run(GradientOp::<4, 3>(call)),
            (4, _) => set.run(GradientOp::<4, 5>(call)),
            (_, 3) => set.run(GradientOp::<1, 3>(call)),
            _ => set.run(GradientOp::<1, 5>(call)),
        }
    }

    /// Adds the sums of another.
    ///
    /// # Panics
    /// If it is of another size.
    pub fn merge(&mut self, other: &Self) {
        assert_eq!(self.sums.len(), other.sums.len(), "gradients of one layer");
        for (sum, other) in self.sums.iter_mut().zip(other.sums.iter()) {
            *sum += other;
        }
    }

    /// The gradient, in the layout of the weights: `4 × units × 1 × size × size` for quaternions, `channels × 1 × size ×
    /// size` for channels. Allocates.
    pub fn weights(&self) -> Vec<f32> {
        let (lanes, group, taps) = (self.set.lanes(), self.group, self.size * self.size);
        let half = self.sums.len() / phases(group).len();
        let mut weights = vec![0.0; group * self.units * taps];
        for to in 0..self.units * taps {
            let (unit, tap) = (to / taps, to % taps);
            let (block, lane) = (unit * group / lanes, unit * group % lanes);
            let from = (block * taps + tap) * lanes + lane;
            if group == 1 {
                weights[to] = self.sums[from];
                continue;
            }
            let four = |at: usize| std::array::from_fn(|i| self.sums[at + i]);
            let quarters = gradient_of_quarters(four(from), four(half + from));
            for (component, value) in quarters.into_iter().enumerate() {
                weights[component * self.units * taps + to] = value;
            }
        }
        weights
    }
}

/// The weights of the adjoint of a depthwise convolution, to be run anticausally: taps in reverse order, quaternions
/// conjugated. Allocates.
pub fn adjoint_depthwise(weights: &[f32], group: usize, size: usize) -> Vec<f32> {
    let (component, taps) = (weights.len() / group, size * size);
    let mut adjoint = weights.to_vec();
    adjoint.chunks_exact_mut(taps).for_each(<[f32]>::reverse);
    for value in &mut adjoint[component..] {
        *value = -*value;
    }
    adjoint
}

/// Rows of [`PIXELS`] pixels, one at least.
fn rows_at_once(shape: MapShape) -> usize {
    (PIXELS / shape.mels.max(1)).clamp(1, shape.rows.max(1))
}

struct Call<'a> {
    of: &'a mut DepthwiseGradient,
    input: Pair<'a>,
    gradient: MapRef<'a>,
    rows: usize,
}

struct GradientOp<'a, const GROUP: usize, const SIZE: usize>(Call<'a>);

impl<const GROUP: usize, const SIZE: usize> SimdOp for GradientOp<'_, GROUP, SIZE> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Call {
            of,
            input,
            gradient,
            rows,
        } = self.0;
        let (from, to) = (input.straight.shape, gradient.shape);
        let line = from.mels * V::COUNT;
        let half = of.sums.len() / phases(GROUP).len();
        for block in 0..from.blocks() {
            for first in (0..from.rows).step_by(rows) {
                let count = rows.min(from.rows - first);
                for (number, &phase) in phases(GROUP).iter().enumerate() {
                    for row in 0..count {
                        let at = to.index(block * V::COUNT, first + row, 0);
                        let values = &gradient.values[at..][..line];
                        prepare::<V>(phase, values, &mut of.gradient[row * line..]);
                    }
                    let values = match phase {
                        Phase::Transformed => input.transformed,
                        _ => input.straight.values,
                    };
                    let sums = number * half + block * SIZE * SIZE * V::COUNT;
                    let rows = Rows {
                        input: values[block * from.block_stride() + first * from.row_stride()..]
                            .as_ptr(),
                        row_stride: from.row_stride(),
                        gradient: of.gradient.as_ptr(),
                        rows: count,
                        mels: from.mels,
                        sums: of.sums[sums..][..SIZE * SIZE * V::COUNT].as_mut_ptr(),
                    };
                    rows.all::<V, SIZE>();
                }
            }
        }
    }
}

/// Some rows of a block in one phase. `add` checked the maps.
struct Rows {
    /// The first tap of the first pixel.
    input: *const f32,
    row_stride: usize,
    /// `rows × mels × lanes`.
    gradient: *const f32,
    rows: usize,
    mels: usize,
    /// `taps × lanes`.
    sums: *mut f32,
}

impl Rows {
    #[inline(always)]
    fn all<V: Lanes, const SIZE: usize>(&self) {
        // As many rows of the kernel at a time as the registers hold.
        if SIZE == 3 || V::SUMS >= 24 {
            return self.kernel_rows::<V, SIZE, SIZE>(0);
        }
        self.kernel_rows::<V, SIZE, 2>(0);
        self.kernel_rows::<V, SIZE, 2>(2);
        self.kernel_rows::<V, SIZE, 1>(4);
    }

    /// `COUNT` rows of the kernel from `first` on, over all pixels.
    #[inline(always)]
    fn kernel_rows<V: Lanes, const SIZE: usize, const COUNT: usize>(&self, first: usize) {
        let mut tile = [[V::splat(0.0); SIZE]; COUNT];
        // SAFETY: `add` checked that the input has these rows and the borders beside them; the buffers hold as many.
        unsafe {
            let mut gradient = self.gradient;
            for row in 0..self.rows {
                let mut at = self.input.add((row + first) * self.row_stride);
                for _ in 0..self.mels {
                    let vector = V::load(gradient);
                    for (row, sums) in tile.iter_mut().enumerate() {
                        for (column, sum) in sums.iter_mut().enumerate() {
                            let value = V::load(at.add(row * self.row_stride + column * V::COUNT));
                            *sum = value.mul_add(vector, *sum);
                        }
                    }
                    at = at.add(V::COUNT);
                    gradient = gradient.wrapping_add(V::COUNT);
                }
            }
            for (row, sums) in tile.iter().enumerate() {
                for (column, sum) in sums.iter().enumerate() {
                    let slot = self.sums.add(((first + row) * SIZE + column) * V::COUNT);
                    V::load(slot).add(*sum).store(slot);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{MapPair, MapShape};
    use super::*;
    use crate::quaternion::hamilton_product;
    use crate::test_numbers::numbers;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        /// Against the definition, in double precision: for each pixel and tap g ⊗ conj(x).
        #[test]
        fn it_is_the_sum_of_products_over_pixels(
            quaternion in any::<bool>(), wide in any::<bool>(), units in 1usize..20,
            rows in 1usize..20, mels in 1usize..24, seed in 0usize..100,
        ) {
            let (group, size) = (if quaternion { 4 } else { 1 }, if wide { 5 } else { 3 });
            let channels = units * group;
            let (x, g) = (numbers(channels * rows * mels, seed), numbers(channels * rows * mels, seed + 1));
            let at = |values: &[f32], unit: usize, row: isize, mel: isize| -> [f32; 4] {
                let inside = row >= 0 && (0..mels as isize).contains(&mel);
                std::array::from_fn(|i| match inside && i < group {
                    true => values[((unit * group + i) * rows + row as usize) * mels + mel as usize],
                    false => 0.0,
                })
            };
            for set in InstructionSet::ALL.into_iter().filter(|set| set.is_available()) {
                let shape = MapShape { channels, rows, mels, lanes: set.lanes(), reach: size / 2 };
                let pair = |values: &[f32]| {
                    let mut pair = MapPair::new(group, shape, set);
                    for channel in 0..channels {
                        for row in 0..rows {
                            let at = (channel * rows + row) * mels;
                            pair.straight.write_row(channel, row, values[at..at + mels].iter().copied());
                        }
                    }
                    pair.transform(rows, set);
                    pair
                };
                let (input, gradient) = (pair(&x), pair(&g));
                let mut sum = DepthwiseGradient::new(group, units, size, set);
                sum.add(input.view(), gradient.view().straight);
                let weights = sum.weights();
                for index in 0..units * size * size {
                    let (unit, tap) = (index / (size * size), index % (size * size));
                    let (up, left) = (size - 1 - tap / size, tap % size);
                    let mut want = [0f64; 4];
                    for pixel in 0..rows * mels {
                        let (row, mel) = ((pixel / mels) as isize, (pixel % mels) as isize);
                        let mel_there = mel + left as isize - (size / 2) as isize;
                        let [r, i, j, k] = at(&x, unit, row - up as isize, mel_there);
                        let product = hamilton_product(at(&g, unit, row, mel), [r, -i, -j, -k]);
                        want.iter_mut().zip(product).for_each(|(sum, value)| *sum += f64::from(value));
                    }
                    for (component, want) in want.into_iter().enumerate().take(group) {
                        let got = f64::from(weights[component * units * size * size + index]);
                        prop_assert!((got - want).abs() < 1e-4 * (1.0 + want.abs() + ((rows * mels) as f64).sqrt()), "{}: {got} for {want}", set.name());
                    }
                }
            }
        }
    }

    #[test]
    fn the_adjoint_is_reversed_and_conjugated() {
        let weights: Vec<f32> = (0..72).map(|i| i as f32).collect();
        let adjoint = adjoint_depthwise(&weights, 4, 3);
        assert_eq!((adjoint[0], adjoint[9], adjoint[18]), (8.0, 17.0, -26.0));
        assert_eq!(adjoint_depthwise(&adjoint, 4, 3), weights);
    }
}
