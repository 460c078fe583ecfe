//! The quaternion convolution in candle's own operations.

use candle_core::{Result, Tensor};

use super::expand_tensor;

/// `x` (`batch × 4·inputs × time × mel`, channels blocked) through quarter kernels
/// (`4 × outputs × inputs × 3 × 3`), causal in time (two rows of zeros before, none after), one
/// zero on both sides in mel, no bias: `batch × 4·outputs × time × mel`. By candle's own
/// operations, so on any device, and differentiable: the reference for
/// [`causal_convolution`](crate::blocked::causal_convolution).
///
/// # Errors
/// If the shapes do not go together or candle fails.
pub fn convolve_by_expansion(x: &Tensor, quarters: &Tensor) -> Result<Tensor> {
    let padded = x.pad_with_zeros(2, 2, 0)?.pad_with_zeros(3, 1, 1)?;
    padded.conv2d(&expand_tensor(quarters)?, 0, 1, 1, 1)
}
