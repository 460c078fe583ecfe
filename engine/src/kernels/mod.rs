//! The arithmetic under the network: matrix product and 3×3 convolution over (time, mel).
//!
//! This is the only room of the engine where `unsafe` may stand, each block with its reason.

mod convolution;
mod matrix;

pub use convolution::{Grid, KERNEL_SIZE, Reach, TAPS, convolve, kernel_gradient};
pub use matrix::{Matrix, MatrixMut, multiply_add};
