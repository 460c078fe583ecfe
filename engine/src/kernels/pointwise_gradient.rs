//! The gradient of a 1×1 convolution with respect to its weights: over all pixels, the sum of the product of the gradient
//! of each output with each input. For quaternions by the eight products in reverse, as in [`gradient`](super::gradient).

use super::buffer::{Buffer, floats};
use super::eight::{Phase, SIGN, phases};
use super::gradient::gradient_of_quarters;
use super::lanes::{Lanes, SimdOp};
use super::map::MapRef;
use super::packing::sets_of;
use super::{Counts, InstructionSet};

/// Pixels whose values of all channels stay in the second-level cache while each tile of weights reads them.
const PIXELS: usize = 64;

/// Sums over pixels of input × gradient of the output, for all weights of a 1×1 convolution.
pub struct PointwiseGradient {
    set: InstructionSet,
    group: usize,
    counts: Counts,
    /// `phases × output blocks × input units (whole blocks) × lanes`.
    sums: Buffer,
    /// Of some pixels: the inputs transformed, and the gradients in the form of a phase.
    transformed: Buffer,
    gradient: Buffer,
}

impl PointwiseGradient {
    /// All zero, for units of `group` channels.
    ///
    /// # Panics
    /// If there are more weights than a `usize` counts.
    pub fn new(group: usize, counts: Counts, set: InstructionSet) -> Self {
        let lanes = set.lanes();
        let blocks = |units: usize| (units * group).div_ceil(lanes);
        let units = counts.inputs.next_multiple_of(lanes / group);
        let sums = [phases(group).len(), blocks(counts.outputs), units, lanes];
        Self {
            sums: Buffer::new(floats(sums)),
            transformed: Buffer::new(floats([blocks(counts.inputs), PIXELS, lanes])),
            gradient: Buffer::new(floats([blocks(counts.outputs), PIXELS, lanes])),
            set,
            group,
            counts,
        }
    }

    /// Adds one sample: the input of the convolution and the gradient of its output, with the same rows and mels, both
    /// without borders (a reach of 0).
    ///
    /// # Panics
    /// If the shapes do not fit.
    pub fn add(&mut self, input: MapRef<'_>, gradient: MapRef<'_>) {
        let (from, to) = (input.shape, gradient.shape);
        let lanes = self.set.lanes();
        assert_eq!((from.rows, from.mels), (to.rows, to.mels), "sizes of maps");
        assert_eq!((from.reach, to.reach), (0, 0), "maps without borders");
        assert_eq!((from.lanes, to.lanes), (lanes, lanes));
        assert_eq!(from.channels, self.counts.inputs * self.group);
        assert_eq!(to.channels, self.counts.outputs * self.group);
        assert!(input.values.len() >= from.size() && gradient.values.len() >= to.size());
        let call = Call {
            of: self,
            input,
            gradient,
        };
        match call.of.group {
            4 => call.of.set.run(GradientOp::<4>(call)),
            _ => call.of.set.run(GradientOp::<1>(call)),
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

    /// The gradient, in the layout of the weights: `4 × outputs × inputs` for quaternions, `outputs × inputs` for channels.
    /// Allocates.
    pub fn weights(&self) -> Vec<f32> {
        let (counts, lanes, group) = (self.counts, self.set.lanes(), self.group);
        let units = counts.inputs.next_multiple_of(lanes / group);
        let quarter = counts.outputs * counts.inputs;
        let half = self.sums.len() / phases(group).len();
        let mut weights = vec![0.0; group * quarter];
        for to in 0..quarter {
            let (output, input) = (to / counts.inputs, to % counts.inputs);
            let (block, lane) = (output * group / lanes, output * group % lanes);
            let from = (block * units + input) * lanes + lane;
            if group == 1 {
                weights[to] = self.sums[from];
                continue;
            }
            let four = |at: usize| std::array::from_fn(|i| self.sums[at + i]);
            let quarters = gradient_of_quarters(four(from), four(half + from));
            for (component, value) in quarters.into_iter().enumerate() {
                weights[component * quarter + to] = value;
            }
        }
        weights
    }
}

/// The weights of the adjoint of a 1×1 convolution, which turns a gradient of the outputs into one of the inputs: inputs
/// and outputs exchanged, quaternions conjugated. Allocates.
pub fn adjoint_pointwise(weights: &[f32], group: usize, counts: Counts) -> Vec<f32> {
    let quarter = counts.outputs * counts.inputs;
    let mut adjoint = vec![0.0; weights.len()];
    for component in 0..group {
        let sign = if component == 0 { 1.0 } else { -1.0 };
        for output in 0..counts.outputs {
            for input in 0..counts.inputs {
                let to = component * quarter + input * counts.outputs + output;
                let from = component * quarter + output * counts.inputs + input;
                adjoint[to] = sign * weights[from];
            }
        }
    }
    adjoint
}

struct Call<'a> {
    of: &'a mut PointwiseGradient,
    input: MapRef<'a>,
    gradient: MapRef<'a>,
}

struct GradientOp<'a, const GROUP: usize>(Call<'a>);

impl<const GROUP: usize> SimdOp for GradientOp<'_, GROUP> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Call {
            of,
            input,
            gradient,
        } = self.0;
        let (from, to) = (input.shape, gradient.shape);
        let pixels = from.rows * from.mels;
        let half = of.sums.len() / phases(GROUP).len();
        let sets = sets_of(to.blocks(), V::BLOCKS);
        for first in (0..pixels).step_by(PIXELS) {
            let count = PIXELS.min(pixels - first);
            for (number, &phase) in phases(GROUP).iter().enumerate() {
                for block in 0..to.blocks() {
                    let from = &gradient.values[block * to.block_stride() + first * V::COUNT..];
                    let to = &mut of.gradient[block * PIXELS * V::COUNT..];
                    prepare::<V>(phase, &from[..count * V::COUNT], to);
                }
                let mut tiles = Tiles {
                    input: input.values[first * V::COUNT..].as_ptr(),
                    input_stride: from.block_stride(),
                    gradient: of.gradient.as_ptr(),
                    pixels: count,
                    units: of.counts.inputs,
                    padded: of.counts.inputs.next_multiple_of(V::COUNT / GROUP),
                    sums: of.sums[number * half..][..half].as_mut_ptr(),
                };
                if phase == Phase::Transformed {
                    for block in 0..from.blocks() {
                        let from = &input.values[block * from.block_stride() + first * V::COUNT..];
                        let to = &mut of.transformed[block * PIXELS * V::COUNT..];
                        transform::<V>(&from[..count * V::COUNT], to);
                    }
                    tiles.input = of.transformed.as_ptr();
                    tiles.input_stride = PIXELS * V::COUNT;
                }
                let mut block = 0;
                for &blocks in &sets {
                    match blocks {
                        1 => tiles.all::<V, GROUP, 1>(block),
                        2 => tiles.all::<V, GROUP, 2>(block),
                        _ => tiles.all::<V, GROUP, 3>(block),
                    }
                    block += blocks;
                }
            }
        }
    }
}

/// Brings gradients into the form that a phase multiplies.
#[inline(always)]
pub(super) fn prepare<V: Lanes>(phase: Phase, from: &[f32], to: &mut [f32]) {
    for (from, to) in from
        .chunks_exact(V::COUNT)
        .zip(to.chunks_exact_mut(V::COUNT))
    {
        // SAFETY: both are as long as a vector.
        unsafe {
            let value = V::load(from.as_ptr());
            let value = match phase {
                Phase::Quarters => value,
                Phase::Transformed => value.mul(V::quad(SIGN)).hadamard(),
                Phase::Straight => value.mul(V::quad(SIGN)).turn_last_three_right(),
            };
            value.store(to.as_mut_ptr());
        }
    }
}

#[inline(always)]
fn transform<V: Lanes>(from: &[f32], to: &mut [f32]) {
    for (from, to) in from
        .chunks_exact(V::COUNT)
        .zip(to.chunks_exact_mut(V::COUNT))
    {
        // SAFETY: both are as long as a vector.
        unsafe { V::load(from.as_ptr()).hadamard().store(to.as_mut_ptr()) };
    }
}

/// Some pixels in one phase. `add` checked the maps, and the buffers were made for all blocks of both.
struct Tiles {
    input: *const f32,
    /// Floats from one block of the input to the next.
    input_stride: usize,
    /// `output blocks × PIXELS × lanes`.
    gradient: *const f32,
    pixels: usize,
    units: usize,
    /// Units of whole blocks.
    padded: usize,
    /// `output blocks × padded units × lanes`.
    sums: *mut f32,
}

impl Tiles {
    /// All inputs, for `BLOCKS` blocks of outputs.
    #[inline(always)]
    fn all<V: Lanes, const GROUP: usize, const BLOCKS: usize>(&mut self, block: usize) {
        let most = V::SUMS / V::BLOCKS;
        let mut first = 0;
        macro_rules! tiles {
            ($($size:literal)*) => {$(
                while most >= $size && self.units - first >= $size {
                    self.tile::<V, GROUP, $size, BLOCKS>(block, first);
                    first += $size;
                }
            )*};
        }
        // From the largest on, so each begins at a multiple of its size and lies in whole blocks or in one.
        tiles!(8 4 2 1);
    }

    /// `UNITS` inputs from `first` on, for `BLOCKS` blocks of outputs, over all pixels.
    #[inline(always)]
    fn tile<V: Lanes, const GROUP: usize, const UNITS: usize, const BLOCKS: usize>(
        &mut self,
        block: usize,
        first: usize,
    ) {
        let per_block = V::COUNT / GROUP;
        let mut tile = [[V::splat(0.0); BLOCKS]; UNITS];
        // SAFETY: the pixels, units and blocks are within the maps and buffers, see `Tiles`.
        unsafe {
            let mut input = self
                .input
                .add(first / per_block * self.input_stride + first % per_block * GROUP);
            let mut gradient = self.gradient.add(block * PIXELS * V::COUNT);
            for _ in 0..self.pixels {
                let mut vectors = [V::splat(0.0); BLOCKS];
                for (block, vector) in vectors.iter_mut().enumerate() {
                    *vector = V::load(gradient.add(block * PIXELS * V::COUNT));
                }
                for (unit, sums) in tile.iter_mut().enumerate() {
                    let at =
                        input.add(unit / per_block * self.input_stride + unit % per_block * GROUP);
                    let value = if GROUP == 4 {
                        V::load_quad(at)
                    } else {
                        V::load_splat(at)
                    };
                    for (sum, vector) in sums.iter_mut().zip(vectors) {
                        *sum = value.mul_add(vector, *sum);
                    }
                }
                input = input.wrapping_add(V::COUNT);
                gradient = gradient.wrapping_add(V::COUNT);
            }
            for (unit, sums) in tile.iter().enumerate() {
                for (index, sum) in sums.iter().enumerate() {
                    let at = ((block + index) * self.padded + first + unit) * V::COUNT;
                    let slot = self.sums.add(at);
                    V::load(slot).add(*sum).store(slot);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Map, PackedPointwise, Pair, PairMut, UnitConvolution};
    use super::*;
    use crate::quaternion::hamilton_product;
    use crate::test_numbers::numbers;

    /// The index in a map of a component of a unit.
    fn map(
        units: usize,
        group: usize,
        [rows, mels]: [usize; 2],
        values: &[f32],
        set: InstructionSet,
    ) -> Map {
        let mut map = Map::with_reach(units * group, rows, mels, set, 0);
        for channel in 0..units * group {
            for row in 0..rows {
                let at = (channel * rows + row) * mels;
                map.write_row(channel, row, values[at..at + mels].iter().copied());
            }
        }
        map
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        /// Against the definition, in double precision: for each pixel g ⊗ conj(x). Maps have the components of a unit side by side.
        #[test]
        fn it_is_the_sum_of_products_over_pixels(
            quaternion in any::<bool>(), inputs in 1usize..20, outputs in 1usize..20,
            rows in 1usize..12, mels in 1usize..24, seed in 0usize..100,
        ) {
            let group = if quaternion { 4 } else { 1 };
            let (counts, size) = (Counts { inputs, outputs }, [rows, mels]);
            let pixels = rows * mels;
            let x = numbers(inputs * group * pixels, seed);
            let g = numbers(outputs * group * pixels, seed + 1);
            let unit = |values: &[f32], unit: usize, pixel: usize| -> [f32; 4] {
                std::array::from_fn(|i| if i < group { values[(unit * group + i) * pixels + pixel] } else { 0.0 })
            };
            for set in InstructionSet::ALL.into_iter().filter(|set| set.is_available()) {
                let (input, gradient) = (map(inputs, group, size, &x, set), map(outputs, group, size, &g, set));
                let mut sum = PointwiseGradient::new(group, counts, set);
                sum.add(input.view(), gradient.view());
                let mut twice = PointwiseGradient::new(group, counts, set);
                twice.merge(&sum);
                let weights = twice.weights();
                for to in 0..outputs * inputs {
                    let (output, input) = (to / inputs, to % inputs);
                    let mut want = [0f64; 4];
                    for pixel in 0..pixels {
                        let [r, i, j, k] = unit(&x, input, pixel);
                        let product = hamilton_product(unit(&g, output, pixel), [r, -i, -j, -k]);
                        want.iter_mut().zip(product).for_each(|(sum, value)| *sum += f64::from(value));
                    }
                    for (component, want) in want.into_iter().enumerate().take(group) {
                        let got = f64::from(weights[component * outputs * inputs + to]);
                        prop_assert!((got - want).abs() < 1e-4 * (1.0 + want.abs() + (pixels as f64).sqrt()), "{}: {got} for {want}", set.name());
                    }
                }
            }
        }
    }

    /// ⟨g, W x⟩ = ⟨W* g, x⟩.
    #[test]
    fn the_adjoint_is_one() {
        for group in [1, 4] {
            let (counts, size, set) = (
                Counts {
                    inputs: 5,
                    outputs: 7,
                },
                [3, 4],
                InstructionSet::best(),
            );
            let run = |weights: &[f32], counts: Counts, x: &Map| {
                let zeros = vec![0.0; counts.outputs * group];
                let convolution = UnitConvolution {
                    weights,
                    group,
                    counts,
                    scale: &vec![1.0; zeros.len()],
                    shift: &zeros,
                    relu: false,
                };
                let mut y = Map::with_reach(counts.outputs * group, size[0], size[1], set, 0);
                let mut transformed = x.clone();
                super::super::transform(set, x.view(), size[0], transformed.view_mut().values);
                let pair = Pair {
                    straight: x.view(),
                    transformed: transformed.view().values,
                };
                let to = PairMut {
                    straight: y.view_mut(),
                    transformed: &mut [],
                };
                PackedPointwise::new(convolution, set).run(pair, size[0], None, to);
                y
            };
            let dot = |a: &Map, b: &Map| -> f64 {
                let (a, b) = (a.view(), b.view());
                a.values
                    .iter()
                    .zip(b.values)
                    .map(|(a, b)| f64::from(a * b))
                    .sum()
            };
            let weights = numbers(group * 35, 3);
            let x = map(5, group, size, &numbers(5 * group * 12, 1), set);
            let g = map(7, group, size, &numbers(7 * group * 12, 2), set);
            let back = Counts {
                inputs: 7,
                outputs: 5,
            };
            let left = dot(&g, &run(&weights, counts, &x));
            let right = dot(
                &run(&adjoint_pointwise(&weights, group, counts), back, &g),
                &x,
            );
            assert!(
                (left - right).abs() < 1e-4 * (1.0 + left.abs()),
                "{left} {right}"
            );
        }
    }
}
