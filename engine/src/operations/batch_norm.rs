//! Batch norm and ReLU in candle's own operations.

use candle_core::{Result, Tensor};

use crate::kernels::BATCH_NORM_EPSILON;

/// Mean and variance (biased) of every channel in one batch.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BatchStatistics {
    /// Mean of each channel.
    pub mean: Vec<f32>,
    /// Variance of each channel, divided by the count.
    pub variance: Vec<f32>,
}

/// ReLU(batch norm(`x`)) with the batch's own statistics, over `batch × channels × time × mel`;
/// `weight` and `bias` have one value a channel. Also returns those statistics, for the running
/// ones. Differentiable in all three, on any device; on the CPU
/// [`trunk`](crate::blocked::trunk) is the faster way.
///
/// # Errors
/// If the shapes do not go together or candle fails.
pub fn batch_norm_relu(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
) -> Result<(Tensor, BatchStatistics)> {
    let (y, [mean, variance]) = batch_norm(x, weight, bias)?;
    let list = |t: &Tensor| t.to_vec1::<f32>();
    Ok((
        y.relu()?,
        BatchStatistics {
            mean: list(&mean)?,
            variance: list(&variance)?,
        },
    ))
}

/// Batch norm (arXiv 1502.03167, section 3) as in [`batch_norm_relu`], without ReLU; mean and biased variance of the batch
/// (one value a channel, on the device of `x`).
///
/// # Errors
/// If the shapes do not go together or candle fails.
pub(crate) fn batch_norm(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
) -> Result<(Tensor, [Tensor; 2])> {
    let channels = x.dim(1)?;
    let over = (0, 2, 3);
    let mean = x.mean_keepdim(over)?;
    let centred = x.broadcast_sub(&mean)?;
    let variance = centred.sqr()?.mean_keepdim(over)?;
    let scale = (&variance + f64::from(BATCH_NORM_EPSILON))?
        .sqrt()?
        .recip()?;
    let shape = (1, channels, 1, 1);
    let y = centred
        .broadcast_mul(&scale)?
        .broadcast_mul(&weight.reshape(shape)?)?
        .broadcast_add(&bias.reshape(shape)?)?;
    let statistics = [
        mean.flatten_all()?.detach(),
        variance.flatten_all()?.detach(),
    ];
    Ok((y, statistics))
}
