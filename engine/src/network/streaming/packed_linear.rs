//! Linear layers of the head, ready to run on one window at a time.
//!
//! A window is one vector, so a layer takes as long as reading its weights. The quaternion layer therefore
//! reads its quarter weights as they are and never expands them, which would be four times as many.

use crate::features::COMPONENTS;
use crate::kernels::{InstructionSet, PackedRows};
use crate::network::Algebra;
use crate::quaternion::quarter_factors;

/// y = W·x + b; quaternions: y = W ⊗ x + b, component after component.
pub(super) struct PackedLinear {
    /// Real: `outputs × inputs`. Quaternions: `outputs × quarter × inputs`, for each component of the sums.
    weight: PackedRows,
    bias: Vec<f32>,
    algebra: Algebra,
}

impl PackedLinear {
    /// Takes a weight as the model file has it: `outputs × inputs`, or the four quarters of that.
    pub(super) fn new(weight: &[f32], bias: &[f32], algebra: Algebra, set: InstructionSet) -> Self {
        let weight = match algebra {
            Algebra::Real => PackedRows::new(weight, bias.len(), 1, set),
            Algebra::Quaternion => {
                let outputs = bias.len() / COMPONENTS;
                PackedRows::new(&by_output(weight, outputs), outputs, COMPONENTS, set)
            }
        };
        Self {
            weight,
            bias: bias.to_vec(),
            algebra,
        }
    }

    /// The same with its weights in half precision: half the bytes to read, results rounded at about a
    /// thousandth.
    pub(super) fn halved(&self) -> Self {
        Self {
            weight: self.weight.halved(),
            bias: self.bias.clone(),
            algebra: self.algebra,
        }
    }

    /// Bytes in memory.
    pub(super) fn size_bytes(&self) -> usize {
        self.weight.size_bytes() + size_of_val(&self.bias[..])
    }

    /// Writes y; `factors` is scratch. Allocates only where the two have to grow.
    pub(super) fn apply(&self, x: &[f32], factors: &mut Vec<f32>, y: &mut Vec<f32>) {
        y.clear();
        y.extend_from_slice(&self.bias);
        let vectors = match self.algebra {
            Algebra::Real => x,
            Algebra::Quaternion => {
                quarter_factors(x, factors);
                factors
            }
        };
        self.weight.add_products(vectors, y);
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
    use crate::test_numbers::numbers;

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
                let (mut factors, mut y) = (Vec::new(), vec![9.0; 3]);
                PackedLinear::new(weight, &bias, algebra, InstructionSet::best())
                    .apply(&x, &mut factors, &mut y);
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
