//! The convolutions in candle's own operations.

use candle_core::{Result, Tensor};

use super::expand_tensor;
use crate::features::COMPONENTS;

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

/// `x` (`batch × channels × time × mel`) through a 1×1 kernel (`4 × outputs × inputs × 1 × 1` of quaternions, `outputs ×
/// inputs × 1 × 1` of real numbers), no bias. By candle's own operations, so on any device, and differentiable: the
/// reference for the kernels.
///
/// # Errors
/// If the shapes do not go together or candle fails.
pub fn pointwise(x: &Tensor, kernel: &Tensor) -> Result<Tensor> {
    let (batch, channels, time, mels) = x.dims4()?;
    let kernel = real(kernel)?;
    let outputs = kernel.dim(0)?;
    let pixels = x.reshape((batch, channels, time * mels))?;
    let matrix = kernel.reshape((1, outputs, kernel.elem_count() / outputs))?;
    matrix
        .broadcast_as((batch, outputs, matrix.dim(2)?))?
        .contiguous()?
        .matmul(&pixels.contiguous()?)?
        .reshape((batch, outputs, time, mels))
}

/// `x` (`batch × channels × time × mel`) through a depthwise kernel (`4 × units × 1 × size × size` of quaternions:
/// each input quaternion by its own; `channels × 1 × size × size` of real numbers), causal in time (`size − 1` rows of
/// zeros before, none after), `size / 2` zeros on both sides in mel, no bias. As [`pointwise`]. Depthwise quaternion
/// convolution is the grouped form of Gaudet and Maida, *Deep Quaternion Networks* (arXiv 1712.04604), with one filter
/// a group.
///
/// # Errors
/// If the shapes do not go together or candle fails.
pub fn depthwise(x: &Tensor, kernel: &Tensor) -> Result<Tensor> {
    let (batch, channels, time, mels) = x.dims4()?;
    let (read, expanded) = match kernel.rank() {
        5 => (COMPONENTS, expand_tensor(kernel)?),
        _ => (1, kernel.clone()),
    };
    let size = expanded.dim(3)?;
    let units = channels / read;
    let padded = x
        .pad_with_zeros(2, size - 1, 0)?
        .pad_with_zeros(3, size / 2, size / 2)?;
    let mut sum: Option<Tensor> = None;
    for tap in 0..size * size {
        let shifted = padded
            .narrow(2, tap / size, time)?
            .narrow(3, tap % size, mels)?
            .reshape((batch, read, units, time, mels))?;
        let weights = expanded
            .narrow(2, tap / size, 1)?
            .narrow(3, tap % size, 1)?;
        for on in 0..read {
            let weights = weights.narrow(1, on, 1)?.reshape((1, read, units, 1, 1))?;
            let product = shifted.narrow(1, on, 1)?.broadcast_mul(&weights)?;
            sum = Some(match sum {
                Some(sum) => (sum + product)?,
                None => product,
            });
        }
    }
    let Some(sum) = sum else {
        candle_core::bail!("a kernel without taps")
    };
    sum.reshape((batch, channels, time, mels))
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
