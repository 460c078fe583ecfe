//! The convolutions in candle's own operations.

use candle_core::{Result, Tensor};

use super::expand_tensor;

/// Taps of a kernel on a side.
const TAPS: usize = 3;

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

/// The same as one product of matrices: for devices that are fast at those. candle's convolution is not
/// there when it goes backward: its gradient for the input comes from a kernel that adds one product at
/// a time (candle 0.11.1). Takes nine times the memory of `x`.
///
/// # Errors
/// If the shapes do not go together or candle fails.
pub fn convolve_by_matrices(x: &Tensor, kernel: &Tensor) -> Result<Tensor> {
    let (batch, channels, time, mels) = x.dims4()?;
    let kernel = real(kernel)?;
    let (outputs, inputs) = (kernel.dim(0)?, TAPS * TAPS * channels);
    let padded = padded(x)?;
    let mut taps = Vec::with_capacity(TAPS * TAPS);
    for row in 0..TAPS {
        for column in 0..TAPS {
            taps.push(padded.narrow(2, row, time)?.narrow(3, column, mels)?);
        }
    }
    let taps = Tensor::cat(&taps, 1)?.reshape((batch, inputs, time * mels))?;
    let kernel = kernel.permute((0, 2, 3, 1))?.contiguous()?;
    let kernel = kernel.reshape((1, outputs, inputs))?;
    let kernel = kernel.broadcast_as((batch, outputs, inputs))?;
    kernel.matmul(&taps)?.reshape((batch, outputs, time, mels))
}

fn real(kernel: &Tensor) -> Result<Tensor> {
    match kernel.rank() {
        5 => expand_tensor(kernel),
        _ => Ok(kernel.clone()),
    }
}

fn padded(x: &Tensor) -> Result<Tensor> {
    x.pad_with_zeros(2, TAPS - 1, 0)?.pad_with_zeros(3, 1, 1)
}
