//! The quaternion linear layer.

use candle_core::{Result, Tensor};

use super::expand_tensor;

/// `x` (`batch × 4·inputs`, blocked) through quarter weights (`4 × outputs × inputs`) and a bias
/// (`4·outputs`): `batch × 4·outputs`. Differentiable on any device.
///
/// # Errors
/// If the shapes do not go together or candle fails.
pub fn quaternion_linear(x: &Tensor, quarters: &Tensor, bias: &Tensor) -> Result<Tensor> {
    x.matmul(&expand_tensor(quarters)?.t()?)?
        .broadcast_add(bias)
}
