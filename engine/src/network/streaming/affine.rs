//! Batch norms of trained networks.

use super::Weights;
use crate::network::BATCH_NORM_EPSILON;

/// A batch norm with its running statistics as one scale and shift a channel.
pub(super) fn batch_norm_affine(weights: &Weights, name: &str) -> (Vec<f32>, Vec<f32>) {
    let part = |part: &str| &weights[&format!("{name}.{part}")];
    let scales = part("weight").iter().zip(part("variance"));
    let scale: Vec<f32> = scales
        .map(|(weight, variance)| weight / (variance + BATCH_NORM_EPSILON).sqrt())
        .collect();
    let shifts = part("bias").iter().zip(part("mean")).zip(&scale);
    let shift = shifts
        .map(|((bias, mean), scale)| bias - mean * scale)
        .collect();
    (scale, shift)
}
