//! Batch norm, ReLU and pooling over maps, for training.

use super::lanes::{Lanes, MOST_LANES, SimdOp};
use super::map::{MapMut, MapRef};
use super::{InstructionSet, MapShape};

/// y = max(0, `scale` · x + `shift`), a scale and shift a lane of every block.
#[derive(Clone, Copy)]
pub struct ScaleShift<'a> {
    /// Factors.
    pub scale: &'a [f32],
    /// Terms.
    pub shift: &'a [f32],
}

/// Sums of x and of (x − `centre`)² over the pixels of one block of a map, a lane each; `centre`
/// is one value a lane.
///
/// # Panics
/// If map or lanes are shorter than the shape says.
pub fn moments(
    set: InstructionSet,
    map: MapRef<'_>,
    block: usize,
    centre: &[f32],
) -> [Vec<f64>; 2] {
    let MapRef { values: map, shape } = map;
    let mut sums = [vec![0.0; shape.lanes], vec![0.0; shape.lanes]];
    set.run(Moments {
        map,
        shape,
        block,
        centre,
        sums: &mut sums,
    });
    sums
}

struct Moments<'a> {
    map: &'a [f32],
    shape: MapShape,
    block: usize,
    centre: &'a [f32],
    sums: &'a mut [Vec<f64>; 2],
}

impl SimdOp for Moments<'_> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let line = self.shape.mels * V::COUNT;
        let centre = load::<V>(self.centre, 0);
        for row in 0..self.shape.rows {
            let from = &self.map[self.shape.index(self.block * V::COUNT, row, 0)..][..line];
            let (mut sum, mut squares) = (V::splat(0.0), V::splat(0.0));
            for pixel in (0..line).step_by(V::COUNT) {
                let value = load::<V>(from, pixel).sub(centre);
                sum = sum.add(value);
                squares = value.mul_add(value, squares);
            }
            add_to(&mut self.sums[0], sum);
            add_to(&mut self.sums[1], squares);
        }
    }
}

/// Writes ReLU(scale · x + shift) of a map, or with `pools` its 2×2 means (an odd last row or mel
/// is dropped), into another map.
///
/// # Panics
/// If the maps or lanes are shorter than their shapes say.
pub fn scale_relu(
    set: InstructionSet,
    input: MapRef<'_>,
    affine: ScaleShift<'_>,
    output: MapMut<'_>,
    pools: bool,
) {
    let (from, to) = (input.shape, output.shape);
    let (input, output) = (input.values, output.values);
    set.run(ScaleRelu {
        input,
        from,
        affine,
        output,
        to,
        pools,
    });
}

struct ScaleRelu<'a> {
    input: &'a [f32],
    from: MapShape,
    affine: ScaleShift<'a>,
    output: &'a mut [f32],
    to: MapShape,
    pools: bool,
}

impl SimdOp for ScaleRelu<'_> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let step = 1 + usize::from(self.pools);
        let weight = V::splat(1.0 / (step * step) as f32);
        for block in 0..self.from.blocks() {
            let scale = load::<V>(self.affine.scale, block * V::COUNT);
            let shift = load::<V>(self.affine.shift, block * V::COUNT);
            for row in 0..self.to.rows {
                let line = self.to.mels * V::COUNT;
                let to = &mut self.output[self.to.index(block * V::COUNT, row, 0)..][..line];
                for mel in 0..self.to.mels {
                    let mut sum = V::splat(0.0);
                    for line in 0..step {
                        let at = self
                            .from
                            .index(block * V::COUNT, step * row + line, step * mel);
                        for column in 0..step {
                            let value = load::<V>(self.input, at + column * V::COUNT);
                            sum = sum.add(V::splat(0.0).max(value.mul_add(scale, shift)));
                        }
                    }
                    store(sum.mul(weight), to, mel * V::COUNT);
                }
            }
        }
    }
}

/// One sample in the backward pass of [`scale_relu`].
#[derive(Clone, Copy)]
pub struct Backward<'a> {
    /// The input.
    pub input: MapRef<'a>,
    /// The gradient of the output.
    pub gradient: MapRef<'a>,
    /// Scale and shift of the forward pass.
    pub affine: ScaleShift<'a>,
    /// Whether it pooled.
    pub pools: bool,
}

impl Backward<'_> {
    /// The gradient at a pixel of the input, before the scale.
    #[inline(always)]
    fn passed<V: Lanes>(&self, value: V, scale: V, shift: V, pixel: [usize; 3]) -> V {
        let [block, row, mel] = pixel;
        let MapRef {
            values: gradient,
            shape,
        } = self.gradient;
        let step = 1 + usize::from(self.pools);
        if row / step >= shape.rows || mel / step >= shape.mels {
            return V::splat(0.0);
        }
        let at = shape.index(block * V::COUNT, row / step, mel / step);
        let weight = V::splat(1.0 / (step * step) as f32);
        let gradient = load::<V>(gradient, at).mul(weight);
        value.mul_add(scale, shift).pass_where_positive(gradient)
    }

    /// Sums over the pixels of one block, a lane each: of the gradient that passes the ReLU, and of
    /// its product with (x − `centre`).
    ///
    /// # Panics
    /// As [`scale_relu`].
    pub fn sums(self, set: InstructionSet, block: usize, centre: &[f32]) -> [Vec<f64>; 2] {
        let lanes = self.input.shape.lanes;
        let mut sums = [vec![0.0; lanes], vec![0.0; lanes]];
        set.run(BackwardSums {
            call: self,
            block,
            centre,
            sums: &mut sums,
        });
        sums
    }

    /// Writes the gradient of the input: `factors[0] · passed + factors[1] · x + factors[2]`, a
    /// value a lane of every block.
    ///
    /// # Panics
    /// As [`scale_relu`].
    pub fn apply(self, set: InstructionSet, factors: [&[f32]; 3], output: &mut [f32]) {
        set.run(BackwardApply {
            call: self,
            factors,
            output,
        });
    }
}

struct BackwardSums<'a> {
    call: Backward<'a>,
    block: usize,
    centre: &'a [f32],
    sums: &'a mut [Vec<f64>; 2],
}

impl SimdOp for BackwardSums<'_> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let MapRef {
            values: input,
            shape,
        } = self.call.input;
        let scale = load::<V>(self.call.affine.scale, self.block * V::COUNT);
        let shift = load::<V>(self.call.affine.shift, self.block * V::COUNT);
        let centre = load::<V>(self.centre, 0);
        for row in 0..shape.rows {
            let (mut sum, mut product) = (V::splat(0.0), V::splat(0.0));
            for mel in 0..shape.mels {
                let value = load::<V>(input, shape.index(self.block * V::COUNT, row, mel));
                let passed = self
                    .call
                    .passed(value, scale, shift, [self.block, row, mel]);
                sum = sum.add(passed);
                product = value.sub(centre).mul_add(passed, product);
            }
            add_to(&mut self.sums[0], sum);
            add_to(&mut self.sums[1], product);
        }
    }
}

struct BackwardApply<'a> {
    call: Backward<'a>,
    factors: [&'a [f32]; 3],
    output: &'a mut [f32],
}

impl SimdOp for BackwardApply<'_> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let MapRef {
            values: input,
            shape,
        } = self.call.input;
        for block in 0..shape.blocks() {
            let lane = block * V::COUNT;
            let scale = load::<V>(self.call.affine.scale, lane);
            let shift = load::<V>(self.call.affine.shift, lane);
            let of_passed = load::<V>(self.factors[0], lane);
            let of_input = load::<V>(self.factors[1], lane);
            let rest = load::<V>(self.factors[2], lane);
            for row in 0..shape.rows {
                for mel in 0..shape.mels {
                    let at = shape.index(lane, row, mel);
                    let value = load::<V>(input, at);
                    let passed = self.call.passed(value, scale, shift, [block, row, mel]);
                    let gradient = passed.mul_add(of_passed, value.mul_add(of_input, rest));
                    store(gradient, self.output, at);
                }
            }
        }
    }
}

#[inline(always)]
fn load<V: Lanes>(values: &[f32], at: usize) -> V {
    let values = &values[at..at + V::COUNT];
    // SAFETY: the slice is as long as the vector.
    unsafe { V::load(values.as_ptr()) }
}

#[inline(always)]
fn store<V: Lanes>(vector: V, values: &mut [f32], at: usize) {
    let values = &mut values[at..at + V::COUNT];
    // SAFETY: the slice is as long as the vector.
    unsafe { vector.store(values.as_mut_ptr()) };
}

#[inline(always)]
fn add_to<V: Lanes>(sums: &mut [f64], vector: V) {
    let mut lanes = [0.0; MOST_LANES];
    store(vector, &mut lanes, 0);
    for (sum, lane) in sums.iter_mut().zip(lanes) {
        *sum += f64::from(lane);
    }
}
