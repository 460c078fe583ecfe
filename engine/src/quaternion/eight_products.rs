//! A Hamilton product by eight real products instead of sixteen.
//!
//! # The identity
//!
//! Write y = w ⊗ x out (see [`quaternion`](super)) and turn the sign of its first line:
//!
//! ```text
//! −y_r = −r·x0 + i·x1 + j·x2 + k·x3
//!  y_i =  i·x0 + r·x1 − k·x2 + j·x3
//!  y_j =  j·x0 + k·x1 + r·x2 − i·x3
//!  y_k =  k·x0 − j·x1 + i·x2 + r·x3
//! ```
//!
//! Were all signs plus, line m would be Σₐ w(a)·x(a ⊕ m), with a ⊕ m the exclusive or of two
//! two-bit numbers: each index pairs 0..3 with itself, its neighbour, its next pair, its opposite.
//! That sum is a convolution over the group Z₂ × Z₂, and like any convolution it becomes a product
//! number by number under the group's Fourier transform, the Walsh–Hadamard matrix
//!
//! ```text
//!     ⎛ 1  1  1  1 ⎞
//! H = ⎜ 1 −1  1 −1 ⎟      H·H = 4,   so   w ∗ x = H ((H w / 4) ∘ (H x)):   four products.
//!     ⎜ 1  1 −1 −1 ⎟
//!     ⎝ 1 −1 −1  1 ⎠
//! ```
//!
//! Exactly one sign in each line is minus: −r·x0, −k·x2, −i·x3 and −j·x1. Each such term is in
//! the sum once with plus, so it is taken away twice: four products more.
//!
//! ```text
//! (−y_r, y_i, y_j, y_k) = H ((H w / 4) ∘ (H x)) − 2 (r·x0, k·x2, i·x3, j·x1)
//! ```
//!
//! Everything is linear in w and in x, so it holds where "product" is a convolution and a sum over
//! input channels: H x is formed once for all filters, H w once for all inputs, the outer H once
//! for all sums. The rest is eight real convolutions of a quarter of the channels, half of the
//! sixteen. (That eight are enough is known since Howell and Lafon, "The complexity of the quaternion
//! product", 1975.)
//!
//! [`kernels`](crate::kernels) computes it; this is the definition it is tested against.

/// The Walsh–Hadamard transform of four numbers.
pub fn hadamard([a, b, c, d]: [f32; 4]) -> [f32; 4] {
    [a + b + c + d, a - b + c - d, a + b - c - d, a - b - c + d]
}

/// w ⊗ x by eight products.
pub fn hamilton_product_by_eight(w: [f32; 4], x: [f32; 4]) -> [f32; 4] {
    let [r, i, j, k] = w;
    let (of_w, of_x) = (hadamard(w.map(|w| w / 4.0)), hadamard(x));
    let sums = hadamard(std::array::from_fn(|m| of_w[m] * of_x[m]));
    let twice = [r * x[0], k * x[2], i * x[3], j * x[1]];
    let [minus_r, i, j, k] = std::array::from_fn(|m| sums[m] - 2.0 * twice[m]);
    [-minus_r, i, j, k]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::hamilton_product;
    use super::*;

    proptest! {
        #[test]
        fn eight_products_are_the_product(w in prop::array::uniform4(-9f32..9.0), x in prop::array::uniform4(-9f32..9.0)) {
            let pairs = hamilton_product_by_eight(w, x).into_iter().zip(hamilton_product(w, x));
            for (eight, sixteen) in pairs {
                prop_assert!((eight - sixteen).abs() < 1e-3);
            }
        }
    }
}
