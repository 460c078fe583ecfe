//! The layers behind a window's features.

use super::Weights;
use super::packed_linear::PackedLinear;
use crate::kernels::InstructionSet;
use crate::network::{Algebra, Architecture};

/// A hidden layer with ReLU, if there is one, and the output layer.
pub(super) struct Head {
    hidden: Option<PackedLinear>,
    output: PackedLinear,
}

impl Head {
    /// Takes weights by name, as a model file holds them.
    ///
    /// # Panics
    /// If a weight is missing or has another size.
    pub(super) fn new(architecture: &Architecture, weights: &Weights, set: InstructionSet) -> Self {
        let linear = |weight: &str, bias: &str, algebra| {
            PackedLinear::new(&weights[weight], &weights[bias], algebra, set)
        };
        let algebra = architecture.algebra;
        Self {
            hidden: (architecture.hidden > 0)
                .then(|| linear("head.hidden.kernel", "head.hidden.bias", algebra)),
            output: linear("head.output.weight", "head.output.bias", Algebra::Real),
        }
    }

    /// The same in half precision.
    pub(super) fn halved(&self) -> Self {
        Self {
            hidden: self.hidden.as_ref().map(PackedLinear::halved),
            output: self.output.halved(),
        }
    }

    /// Features to logits; `hidden` is scratch. Allocates only where the two have to grow.
    pub(super) fn logits_into(
        &self,
        features: &[f32],
        hidden: &mut Vec<f32>,
        logits: &mut Vec<f32>,
    ) {
        let Some(layer) = &self.hidden else {
            return self.output.apply(features, hidden, logits);
        };
        layer.apply(features, logits, hidden); // `logits` serves as scratch
        hidden.iter_mut().for_each(|unit| *unit = unit.max(0.0));
        self.output.apply(hidden, &mut Vec::new(), logits);
    }

    /// Bytes in memory.
    pub(super) fn size_bytes(&self) -> usize {
        let linears = self.hidden.iter().chain([&self.output]);
        linears.map(PackedLinear::size_bytes).sum()
    }
}
