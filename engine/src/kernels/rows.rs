//! Products of a matrix with one vector or four: a linear layer on a single window.
//!
//! Each weight is used once or four times, so this takes as long as reading them from memory. They lie in the
//! order in which they are read, and may be in half precision.

use half::f16;

use super::InstructionSet;
use super::buffer::{Buffer, floats};
use super::lanes::{Lanes, MOST_LANES, SimdOp};
use super::tile::Weight;
use super::weights::power_of_two;

/// A matrix, its rows to be multiplied with one vector or with four. Immutable; share it.
pub struct PackedRows {
    set: InstructionSet,
    rows: usize,
    length: usize,
    vectors: usize,
    weights: Weights,
}

/// For each block of rows that are summed at once, vector after vector, the rows of the block; zeros behind each
/// row's end and behind the last row.
enum Weights {
    Single(Buffer),
    /// The weights of each row, divided by a power of two, and these powers: half precision has a small range.
    Half(Buffer<f16>, Vec<f32>),
}

impl PackedRows {
    /// Of `rows × length` weights, for products with `vectors` vectors at a time: one or four.
    ///
    /// # Panics
    /// If the weights are not whole rows, or `vectors` is neither 1 nor 4.
    pub fn new(weights: &[f32], rows: usize, vectors: usize, set: InstructionSet) -> Self {
        assert!(vectors == 1 || vectors == 4, "{vectors} vectors");
        let length = weights.len() / rows.max(1);
        assert_eq!(weights.len(), floats([rows, length]), "whole rows");
        let mut packed = Self {
            set,
            rows,
            length,
            vectors,
            weights: Weights::Single(Buffer::default()),
        };
        let (block, lanes) = (packed.block(), set.lanes());
        let steps = length.div_ceil(lanes);
        let mut values = Buffer::new(floats([rows.next_multiple_of(block), steps, lanes]));
        for (row, from) in weights.chunks_exact(length.max(1)).enumerate() {
            for (step, from) in from.chunks(lanes).enumerate() {
                let vector = (row / block * steps + step) * block + row % block;
                values[vector * lanes..][..from.len()].copy_from_slice(from);
            }
        }
        packed.weights = Weights::Single(values);
        packed
    }

    /// The same rounded to half precision: results are rounded at about a thousandth.
    pub fn halved(&self) -> Self {
        let Weights::Single(values) = &self.weights else {
            unreachable!("halved once");
        };
        let mut largest = vec![0f32; self.rows.next_multiple_of(self.block())];
        let lanes = self.set.lanes();
        for (index, vector) in values.chunks_exact(lanes).enumerate() {
            let largest = &mut largest[self.row_at(index)];
            *largest = vector.iter().fold(*largest, |most, x| most.max(x.abs()));
        }
        let sizes: Vec<f32> = largest.into_iter().map(power_of_two).collect();
        let mut halves = Buffer::new(values.len());
        for (index, (half, value)) in halves.iter_mut().zip(values.iter()).enumerate() {
            *half = f16::from_f32(value / sizes[self.row_at(index / lanes)]);
        }
        Self {
            weights: Weights::Half(halves, sizes),
            ..*self
        }
    }

    /// Bytes of the weights.
    pub fn size_bytes(&self) -> usize {
        match &self.weights {
            Weights::Single(values) => size_of_val(&values[..]),
            Weights::Half(values, sizes) => size_of_val(&values[..]) + size_of_val(&sizes[..]),
        }
    }

    /// Adds the product of row r with vector v to `sums[v · rows + r]`. Allocates nothing.
    ///
    /// # Panics
    /// If there are not `vectors` vectors of the length of a row, or not `vectors · rows` sums.
    pub fn add_products(&self, vectors: &[f32], sums: &mut [f32]) {
        match self.vectors {
            1 => self.run::<1, 4>(vectors, sums),
            _ => self.run::<4, 2>(vectors, sums),
        }
    }

    fn run<const VECTORS: usize, const BLOCK: usize>(&self, vectors: &[f32], sums: &mut [f32]) {
        assert_eq!(vectors.len(), VECTORS * self.length, "lengths of vectors");
        assert_eq!(sums.len(), VECTORS * self.rows, "numbers of sums");
        let mut tails = [[0.0; MOST_LANES]; VECTORS];
        let tail = self.length % self.set.lanes();
        for (vector, to) in tails.iter_mut().enumerate() {
            to[..tail].copy_from_slice(&vectors[(vector + 1) * self.length - tail..][..tail]);
        }
        match &self.weights {
            Weights::Single(weights) => self.set.run(Products::<_, VECTORS, BLOCK> {
                rows: self,
                weights,
                sizes: None,
                vectors,
                tails,
                sums,
            }),
            Weights::Half(weights, sizes) => self.set.run(Products::<_, VECTORS, BLOCK> {
                rows: self,
                weights,
                sizes: Some(sizes),
                vectors,
                tails,
                sums,
            }),
        }
    }

    /// Rows that are summed at once: as many as have room in the registers of any set.
    fn block(&self) -> usize {
        if self.vectors == 1 { 4 } else { 2 }
    }

    /// The row that a packed vector of weights belongs to.
    fn row_at(&self, vector: usize) -> usize {
        let steps = self.length.div_ceil(self.set.lanes());
        let block = self.block();
        vector / (block * steps) * block + vector % block
    }
}

/// One call, for one kind of weight.
struct Products<'a, W, const VECTORS: usize, const BLOCK: usize> {
    rows: &'a PackedRows,
    weights: &'a [W],
    sizes: Option<&'a Vec<f32>>,
    vectors: &'a [f32],
    /// The rest of each vector after its last whole step, padded with zeros.
    tails: [[f32; MOST_LANES]; VECTORS],
    sums: &'a mut [f32],
}

impl<W: Weight, const VECTORS: usize, const BLOCK: usize> SimdOp
    for Products<'_, W, VECTORS, BLOCK>
{
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let PackedRows { rows, length, .. } = *self.rows;
        let (whole, steps) = (length / V::COUNT, length.div_ceil(V::COUNT));
        for block in 0..rows.div_ceil(BLOCK) {
            let mut weights = self.weights[block * BLOCK * steps * V::COUNT..].as_ptr();
            let mut products = [[V::splat(0.0); VECTORS]; BLOCK];
            for step in 0..steps {
                let mut inputs = [V::splat(0.0); VECTORS];
                for (vector, input) in inputs.iter_mut().enumerate() {
                    let from = match step < whole {
                        true => &self.vectors[vector * length + step * V::COUNT..][..V::COUNT],
                        false => &self.tails[vector][..V::COUNT],
                    };
                    // SAFETY: the slice has `COUNT` floats.
                    *input = unsafe { V::load(from.as_ptr()) };
                }
                for sums in &mut products {
                    // SAFETY: `new` has packed a vector for each step of each row of the block, and
                    // `add` goes to the end of these at most.
                    let weight: V = unsafe {
                        let at = weights;
                        weights = at.add(V::COUNT);
                        W::load(at)
                    };
                    for (sum, input) in sums.iter_mut().zip(inputs) {
                        *sum = weight.mul_add(input, *sum);
                    }
                }
            }
            for (row, sums) in (block * BLOCK..rows).zip(products) {
                let size = self.sizes.map_or(1.0, |sizes| sizes[row]);
                for (vector, sum) in sums.into_iter().enumerate() {
                    let mut lanes = [0.0; MOST_LANES];
                    // SAFETY: no vector has more floats.
                    unsafe { sum.store(lanes.as_mut_ptr()) };
                    self.sums[vector * rows + row] += size * lanes.iter().sum::<f32>();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::test_numbers::numbers;

    proptest! {
        #[test]
        fn equal_the_plain_sums(
            rows in 1usize..20, length in 1usize..80, four in any::<bool>(), seed in 0usize..100,
            exponent in -37i32..36,
        ) {
            let vectors = if four { 4 } else { 1 };
            let size = 10f32.powi(exponent);
            let weights: Vec<f32> = numbers(rows * length, seed).iter().map(|x| size * x).collect();
            let inputs = numbers(vectors * length, seed + 1);
            for set in InstructionSet::ALL.into_iter().filter(|set| set.is_available()) {
                let single = PackedRows::new(&weights, rows, vectors, set);
                for (packed, allowed) in [(&single, 1e-5), (&single.halved(), 1e-3)] {
                    let mut sums = vec![size; vectors * rows];
                    packed.add_products(&inputs, &mut sums);
                    for (index, got) in sums.iter().enumerate() {
                        let (vector, row) = (index / rows, index % rows);
                        let pairs = weights[row * length..].iter().zip(&inputs[vector * length..]);
                        let pairs = pairs.take(length);
                        let (mut want, mut terms) = (size, size);
                        for (weight, input) in pairs {
                            want += weight * input;
                            terms += (weight * input).abs();
                        }
                        let near = (got - want).abs() <= allowed * terms;
                        prop_assert!(near, "{}: {got} for {want}", set.name());
                    }
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "lengths of vectors")]
    fn vectors_of_another_length_are_refused() {
        let packed = PackedRows::new(&[1.0; 12], 3, 1, InstructionSet::Plain);
        packed.add_products(&[1.0; 3], &mut [0.0; 3]);
    }
}
