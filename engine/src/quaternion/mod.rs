//! Quaternion algebra for networks.
//!
//! A quaternion is r + i·**i** + j·**j** + k·**k**. Channels are *blocked*: all r, then all i, all
//! j, all k. A layer's weight is four quarter weights (r, i, j, k), each `outputs × inputs` in
//! quaternion filters; the layer multiplies from the left, y = w ⊗ x, so that as real numbers
//!
//! ```text
//! y_r = r·x0 − i·x1 − j·x2 − k·x3
//! y_i = i·x0 + r·x1 − k·x2 + j·x3
//! y_j = j·x0 + k·x1 + r·x2 − i·x3
//! y_k = k·x0 − j·x1 + i·x2 + r·x3
//! ```
//!
//! with a product of matrices or a convolution for each dot (Gaudet & Maida, "Deep Quaternion
//! Networks"; arXiv 2510.21388, section II). Written as one real matrix of 4 × 4 blocks, that is
//! the *expanded* weight: four times the numbers, a quarter of them free.

mod algebra;
#[cfg(feature = "training")]
mod convolution;
mod eight_products;
#[cfg(feature = "training")]
mod expansion;
mod initialisation;
#[cfg(feature = "training")]
mod linear;

pub use algebra::{expand, hamilton_product, quarter_factors};
#[cfg(feature = "training")]
pub use convolution::{convolve_by_expansion, depthwise, pointwise};
pub use eight_products::{hadamard, hamilton_product_by_eight};
#[cfg(feature = "training")]
pub use expansion::expand_tensor;
pub use initialisation::initial_quarters;
#[cfg(feature = "training")]
pub use linear::quaternion_linear;
