//! Linear layers of the head, ready to run on one window at a time.
//!
//! A window is one vector, so a layer takes as long as reading its weights. The quaternion layer therefore
//! reads its quarter weights as they are and never expands them, which would be four times as many.

use super::Algebra;
use crate::features::COMPONENTS;
use crate::kernels::{Matrix, MatrixMut, multiply_add};
use crate::quaternion::turned;

/// y = W·x + b; quaternions: y = W ⊗ x + b, component after component.
pub(super) struct PackedLinear {
    /// Real: `outputs × inputs`. Quaternions: `outputs × quarter × inputs`.
    weight: Vec<f32>,
    bias: Vec<f32>,
    algebra: Algebra,
}

impl PackedLinear {
    /// Takes a weight as the model file has it: `outputs × inputs`, or the four quarters of that.
    pub(super) fn new(weight: &[f32], bias: &[f32], algebra: Algebra) -> Self {
        let weight = match algebra {
            Algebra::Real => weight.to_vec(),
            Algebra::Quaternion => by_output(weight, bias.len() / COMPONENTS),
        };
        Self {
            weight,
            bias: bias.to_vec(),
            algebra,
        }
    }

    /// Numbers in memory.
    pub(super) fn size(&self) -> usize {
        self.weight.len() + self.bias.len()
    }

    /// Writes y; `turns` is scratch. Allocates only where the two have to grow.
    pub(super) fn apply(&self, x: &[f32], turns: &mut Vec<f32>, y: &mut Vec<f32>) {
        y.clear();
        y.extend_from_slice(&self.bias);
        // With rows for components the sums lie as the bias does.
        let (rows, x) = match self.algebra {
            Algebra::Real => (1, x),
            Algebra::Quaternion => {
                turned(x, turns);
                (COMPONENTS, turns.as_slice())
            }
        };
        let (inputs, outputs) = (x.len() / rows, y.len() / rows);
        let mut sums = MatrixMut {
            data: y,
            rows,
            columns: outputs,
            row_stride: outputs,
        };
        let weight = Matrix::row_major(&self.weight, outputs, inputs).transposed();
        multiply_add(&mut sums, Matrix::row_major(x, rows, inputs), weight);
    }
}

/// `quarter × outputs × inputs` to `outputs × quarter × inputs`.
fn by_output(quarters: &[f32], outputs: usize) -> Vec<f32> {
    let inputs = quarters.len() / (COMPONENTS * outputs).max(1);
    let line = |output: usize, quarter: usize| {
        &quarters[(quarter * outputs + output) * inputs..][..inputs]
    };
    (0..outputs)
        .flat_map(|output| (0..COMPONENTS).flat_map(move |quarter| line(output, quarter)))
        .copied()
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::quaternion::expand;

    fn numbers(count: usize, seed: usize) -> Vec<f32> {
        (0..count).map(|i| ((i * i + seed) as f32).sin()).collect()
    }

    proptest! {
        #[test]
        fn a_quaternion_layer_is_its_expanded_one(
            outputs in 1usize..20, inputs in 1usize..30, seed in 0usize..100,
        ) {
            let quarters = numbers(COMPONENTS * outputs * inputs, seed);
            let bias = numbers(COMPONENTS * outputs, seed + 1);
            let expanded = expand(&quarters, outputs, inputs, 1);
            let x = numbers(COMPONENTS * inputs, seed + 2);
            let apply = |weight: &[f32], algebra| {
                let (mut turns, mut y) = (Vec::new(), vec![9.0; 3]);
                PackedLinear::new(weight, &bias, algebra).apply(&x, &mut turns, &mut y);
                y
            };
            let got = apply(&quarters, Algebra::Quaternion);
            let want = apply(&expanded, Algebra::Real);
            prop_assert_eq!(got.len(), want.len());
            for (got, want) in got.iter().zip(&want) {
                prop_assert!((got - want).abs() < 1e-4, "{got} for {want}");
            }
        }
    }
}
