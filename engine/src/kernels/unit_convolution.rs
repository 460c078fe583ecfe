//! A convolution of a separable unit, as a network defines it.

use super::weights::Counts;

/// A convolution of a separable unit with the batch norm behind it.
#[derive(Clone, Copy)]
pub struct UnitConvolution<'a> {
    /// Kernels in row-major order: `4 × outputs × inputs × taps` of quaternions, `outputs × inputs × taps` of real
    /// numbers. A depthwise kernel has one input.
    pub weights: &'a [f32],
    /// Real channels of a unit: 4 for quaternions, 1.
    pub group: usize,
    /// Units in and out.
    pub counts: Counts,
    /// The factor of each output channel; quaternions: all r, then all i, j, k.
    pub scale: &'a [f32],
    /// The term added to each output channel after that, in the same order.
    pub shift: &'a [f32],
    /// Whether negative results become zero.
    pub relu: bool,
}
