//! Batch norm, ReLU and pooling over maps, for training.

use super::lanes::{Lanes, MOST_LANES, SimdOp};
use super::map::{MapMut, MapRef};
use super::pair::PairMut;
use super::{InstructionSet, MapShape, POOLING};

/// y = `scale` · x + `shift`, a scale and shift a lane of every block; with `relu`, max(0, y).
#[derive(Clone, Copy)]
pub struct ScaleShift<'a> {
    /// Factors.
    pub scale: &'a [f32],
    /// Terms.
    pub shift: &'a [f32],
    /// Whether negative results become zero.
    pub relu: bool,
}

impl ScaleShift<'_> {
    /// The least result.
    fn floor(&self) -> f32 {
        if self.relu { 0.0 } else { f32::NEG_INFINITY }
    }
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
            for pixel in from.chunks_exact(V::COUNT) {
                let value = load::<V>(pixel, 0).sub(centre);
                sum = sum.add(value);
                squares = value.mul_add(value, squares);
            }
            add_to(&mut self.sums[0], sum);
            add_to(&mut self.sums[1], squares);
        }
    }
}

/// Writes scale · x + shift of a map (with or without ReLU), or with `pools` its 2×2 means (an odd last row or mel is
/// dropped), plus `residual`, a map of the output's size, into another map. Maps may have any reach; borders are not
/// written.
///
/// # Panics
/// If the maps or lanes are shorter than their shapes say.
pub fn scale(
    set: InstructionSet,
    input: MapRef<'_>,
    affine: ScaleShift<'_>,
    pools: bool,
    residual: Option<MapRef<'_>>,
    output: PairMut<'_>,
) {
    set.run(Scale {
        input,
        affine,
        pools,
        residual,
        output,
    });
}

struct Scale<'a> {
    input: MapRef<'a>,
    affine: ScaleShift<'a>,
    pools: bool,
    residual: Option<MapRef<'a>>,
    output: PairMut<'a>,
}

impl SimdOp for Scale<'_> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let MapRef {
            values: input,
            shape: from,
        } = self.input;
        let PairMut {
            straight:
                MapMut {
                    values: output,
                    shape: to,
                },
            transformed,
        } = self.output;
        let floor = V::splat(self.affine.floor());
        let quarter = V::splat(1.0 / (POOLING * POOLING) as f32);
        let line = to.mels * V::COUNT;
        for block in 0..from.blocks() {
            let lane = block * V::COUNT;
            let scale = load::<V>(self.affine.scale, lane);
            let shift = load::<V>(self.affine.shift, lane);
            for row in 0..to.rows {
                let at = to.index(lane, row, 0);
                let out = &mut output[at..][..line];
                let pixels = out.chunks_exact_mut(V::COUNT);
                if self.pools {
                    let above = &input[from.index(lane, POOLING * row, 0)..][..POOLING * line];
                    let below = &input[from.index(lane, POOLING * row + 1, 0)..][..POOLING * line];
                    for (mel, to) in pixels.enumerate() {
                        let mut sum = V::splat(0.0);
                        for row in [above, below] {
                            for column in 0..POOLING {
                                let value = load::<V>(row, (POOLING * mel + column) * V::COUNT);
                                sum = sum.add(floor.max(value.mul_add(scale, shift)));
                            }
                        }
                        store(sum.mul(quarter), to, 0);
                    }
                } else {
                    let input = &input[from.index(lane, row, 0)..][..line];
                    for (to, from) in pixels.zip(input.chunks_exact(V::COUNT)) {
                        let value = load::<V>(from, 0).mul_add(scale, shift);
                        store(floor.max(value), to, 0);
                    }
                }
                if let Some(MapRef { values, shape }) = self.residual {
                    let added = &values[shape.index(lane, row, 0)..][..line];
                    for (to, from) in out
                        .chunks_exact_mut(V::COUNT)
                        .zip(added.chunks_exact(V::COUNT))
                    {
                        store(load::<V>(to, 0).add(load(from, 0)), to, 0);
                    }
                }
                if !transformed.is_empty() {
                    write_transform::<V>(out, &mut transformed[at..][..line]);
                }
            }
        }
    }
}

/// The Walsh–Hadamard transform of each quaternion of a line.
#[inline(always)]
fn write_transform<V: Lanes>(line: &[f32], to: &mut [f32]) {
    for (from, to) in line
        .chunks_exact(V::COUNT)
        .zip(to.chunks_exact_mut(V::COUNT))
    {
        store(load::<V>(from, 0).hadamard(), to, 0);
    }
}

/// One sample in the backward pass of [`scale`].
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

impl<'a> Backward<'a> {
    /// The gradient at a pixel of the input, before the scale, given that of the output there.
    #[inline(always)]
    fn passed<V: Lanes>(relu: bool, value: V, [scale, shift]: [V; 2], gradient: V) -> V {
        match relu {
            true => value.mul_add(scale, shift).pass_where_positive(gradient),
            false => gradient,
        }
    }

    /// The values of a row of the input.
    #[inline(always)]
    fn values<V: Lanes>(&self, block: usize, row: usize) -> &'a [f32] {
        let MapRef { values, shape } = self.input;
        &values[shape.index(block * V::COUNT, row, 0)..][..shape.mels * V::COUNT]
    }

    /// The gradients of the output that belong to a row of the input; none where pooling dropped it.
    #[inline(always)]
    fn gradients<V: Lanes>(&self, block: usize, row: usize) -> &'a [f32] {
        let MapRef { values, shape } = self.gradient;
        let row = if self.pools { row / POOLING } else { row };
        if row >= shape.rows {
            return &[];
        }
        &values[shape.index(block * V::COUNT, row, 0)..][..shape.mels * V::COUNT]
    }

    /// Sums over the pixels of one block, a lane each: of the gradient that passes the ReLU, and of
    /// its product with (x − `centre`).
    ///
    /// # Panics
    /// As [`scale`].
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
    /// value a lane of every block. The output is of the input's size, with any reach and more rows or as many; its
    /// borders are not written.
    ///
    /// # Panics
    /// As [`scale`].
    pub fn apply(self, set: InstructionSet, factors: [&[f32]; 3], output: PairMut<'_>) {
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
        let (call, lane) = (self.call, self.block * V::COUNT);
        let ScaleShift { scale, shift, relu } = call.affine;
        let affine = [load::<V>(scale, lane), load(shift, lane)];
        let centre = load::<V>(self.centre, 0);
        let quarter = V::splat(1.0 / (POOLING * POOLING) as f32);
        for row in 0..call.input.shape.rows {
            let values = call.values::<V>(self.block, row);
            let gradients = call.gradients::<V>(self.block, row);
            let (mut sum, mut product) = (V::splat(0.0), V::splat(0.0));
            if call.pools {
                let pairs = values.chunks_exact(POOLING * V::COUNT);
                for (pair, gradient) in pairs.zip(gradients.chunks_exact(V::COUNT)) {
                    let gradient = load::<V>(gradient, 0).mul(quarter);
                    for column in 0..POOLING {
                        let value = load::<V>(pair, column * V::COUNT);
                        let passed = Backward::passed(relu, value, affine, gradient);
                        sum = sum.add(passed);
                        product = value.sub(centre).mul_add(passed, product);
                    }
                }
            } else {
                let pixels = values.chunks_exact(V::COUNT);
                for (value, gradient) in pixels.zip(gradients.chunks_exact(V::COUNT)) {
                    let value = load::<V>(value, 0);
                    let passed = Backward::passed(relu, value, affine, load(gradient, 0));
                    sum = sum.add(passed);
                    product = value.sub(centre).mul_add(passed, product);
                }
            }
            add_to(&mut self.sums[0], sum);
            add_to(&mut self.sums[1], product);
        }
    }
}

struct BackwardApply<'a> {
    call: Backward<'a>,
    factors: [&'a [f32]; 3],
    output: PairMut<'a>,
}

impl SimdOp for BackwardApply<'_> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let call = self.call;
        let PairMut {
            straight:
                MapMut {
                    values: output,
                    shape: to,
                },
            transformed,
        } = self.output;
        let ScaleShift { scale, shift, relu } = call.affine;
        let shape = call.input.shape;
        let quarter = V::splat(1.0 / (POOLING * POOLING) as f32);
        let line = shape.mels * V::COUNT;
        for block in 0..shape.blocks() {
            let lane = block * V::COUNT;
            let affine = [load::<V>(scale, lane), load(shift, lane)];
            let of_passed = load::<V>(self.factors[0], lane);
            let of_input = load::<V>(self.factors[1], lane);
            let rest = load::<V>(self.factors[2], lane);
            for row in 0..shape.rows {
                let values = call.values::<V>(block, row);
                let gradients = call.gradients::<V>(block, row);
                let at = to.index(lane, row, 0);
                let out = &mut output[at..][..line];
                // Where no gradient comes from: pixels that pooling dropped.
                let step = if call.pools { POOLING } else { 1 };
                let done = gradients.len() * step;
                for (value, to) in values[done..]
                    .chunks_exact(V::COUNT)
                    .zip(out[done..].chunks_exact_mut(V::COUNT))
                {
                    store(load::<V>(value, 0).mul_add(of_input, rest), to, 0);
                }
                if call.pools {
                    let pairs = values.chunks_exact(POOLING * V::COUNT);
                    let pairs = pairs.zip(out.chunks_exact_mut(POOLING * V::COUNT));
                    for ((pair, to), gradient) in pairs.zip(gradients.chunks_exact(V::COUNT)) {
                        let gradient = load::<V>(gradient, 0).mul(quarter);
                        for column in 0..POOLING {
                            let value = load::<V>(pair, column * V::COUNT);
                            let passed = Backward::passed(relu, value, affine, gradient);
                            let gradient = passed.mul_add(of_passed, value.mul_add(of_input, rest));
                            store(gradient, to, column * V::COUNT);
                        }
                    }
                } else {
                    let pixels = values.chunks_exact(V::COUNT);
                    let pixels = pixels.zip(out.chunks_exact_mut(V::COUNT));
                    for ((value, to), gradient) in pixels.zip(gradients.chunks_exact(V::COUNT)) {
                        let value = load::<V>(value, 0);
                        let passed = Backward::passed(relu, value, affine, load(gradient, 0));
                        let gradient = passed.mul_add(of_passed, value.mul_add(of_input, rest));
                        store(gradient, to, 0);
                    }
                }
                if !transformed.is_empty() {
                    write_transform::<V>(out, &mut transformed[at..][..line]);
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
