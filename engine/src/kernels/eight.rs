//! Quaternion products by eight real products: the parts that kernels share.
//!
//! With H the 4 × 4 Walsh–Hadamard matrix, w = (r, i, j, k) and x = (x₀, x₁, x₂, x₃):
//!
//! ```text
//! t  = (H w / 4) ∘ (H x)                        four products
//! c  = −2 · (r·x₀, k·x₂, i·x₃, j·x₁)            four products
//! y  = diag(−1, 1, 1, 1) · (H t + c)  =  w ⊗ x
//! ```
//!
//! ([`hamilton_product_by_eight`](crate::quaternion::hamilton_product_by_eight) derives it.) Both lines are linear in
//! w and in x, so they hold for sums over input channels and taps as well: a convolution takes eight real ones of a
//! quarter of the channels each. Here they are two *phases* over the same sums:
//!
//! 1. sum (H w / 4) ∘ (H x) over inputs and taps, lane by lane ([`Phase::Transformed`]);
//! 2. once, transform the sums by H and bring the lanes into the order of c ([`between`]);
//! 3. go on adding −2 (r, j, k, i) ∘ (x₀, x₁, x₂, x₃) ([`Phase::Straight`]);
//! 4. once, bring the lanes back ([`after`]). The sign of the first goes into the scale.

use super::lanes::Lanes;
use super::tile::Tile;
use crate::quaternion::hadamard;

/// A line of the identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Products of transformed weights and transformed inputs.
    Transformed,
    /// Products of weights and inputs as they are.
    Straight,
    /// No eight products: the plain quarter weights, for [`shared`](super::shared) and real kernels.
    Quarters,
}

/// The phases in which units of `group` channels are multiplied by a kernel that takes eight products for quaternions.
pub(super) fn phases(group: usize) -> &'static [Phase] {
    match group {
        4 => &[Phase::Transformed, Phase::Straight],
        _ => &[Phase::Quarters],
    }
}

/// The sign of each component that the scale has to apply.
pub(super) const SIGN: [f32; 4] = [-1.0, 1.0, 1.0, 1.0];

/// The coefficients of a quaternion weight in a phase.
pub(super) fn coefficients(phase: Phase, weight: [f32; 4]) -> [f32; 4] {
    let [r, i, j, k] = weight;
    match phase {
        Phase::Quarters => weight,
        Phase::Transformed => hadamard(weight).map(|sum| sum / 4.0),
        Phase::Straight => [r, j, k, i].map(|weight| -2.0 * weight),
    }
}

/// Between the phases.
#[inline(always)]
pub(super) fn between<V: Lanes, const PIXELS: usize, const BLOCKS: usize>(
    mut tile: Tile<V, PIXELS, BLOCKS>,
) -> Tile<V, PIXELS, BLOCKS> {
    for sums in &mut tile {
        for sum in sums {
            *sum = sum.hadamard().turn_last_three_right();
        }
    }
    tile
}

/// After the second phase.
#[inline(always)]
pub(super) fn after<V: Lanes>(sum: V) -> V {
    sum.turn_last_three_left()
}
