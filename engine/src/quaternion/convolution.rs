//! The convolutions in candle's own operations.

use candle_core::{Result, Tensor};

use super::expand_tensor;

/// `x` (`batch × channels × time × mel`) through a 3×3 kernel, causal in time (two rows of zeros
/// before, none after), one zero on both sides in mel, no bias. A kernel of five dimensions
/// (`4 × outputs × inputs × 3 × 3`) is one of quaternions, with channels blocked; one of four is real.
/// By candle's own convolution, so on any device, and differentiable: the reference for
/// [`causal_convolution`](crate::blocked::causal_convolution).
///
/// # Errors
/// If the shapes do not go together or candle fails.
pub fn convolve_by_expansion(x: &Tensor, kernel: &Tensor) -> Result<Tensor> {
    padded(x)?.conv2d(&real(kernel)?, 0, 1, 1, 1)
}

fn real(kernel: &Tensor) -> Result<Tensor> {
    match kernel.rank() {
        5 => expand_tensor(kernel),
        _ => Ok(kernel.clone()),
    }
}

fn padded(x: &Tensor) -> Result<Tensor> {
    x.pad_with_zeros(2, 2, 0)?.pad_with_zeros(3, 1, 1)
}
