//! The arithmetic under the network: 3×3 convolutions over (time, mel), real and quaternion.
//!
//! The way down: a [`PackedConvolution`] holds weights in a kernel's own order and runs it over a
//! [`Map`] of activations. The kernels are `direct` (with the eight products of `eight`), `shared`
//! (sixteen products, weights read once) and `winograd` (F2 and F4, eight products inside, weights in
//! single or half precision). All of them keep a `tile` of sums in registers and are written once, over the
//! vectors of `lanes`; so are [`PackedRows`], the linear layers of a head.
//! [`WeightGradient`] and [`Backward`] go the way back, for training.
//!
//! This is the only room of the engine where `unsafe` may stand, each block with its reason.
#![allow(unsafe_code)]

/// Rows and mels that a kernel spans.
pub const KERNEL_SIZE: usize = 3;
/// Taps of a kernel.
pub const TAPS: usize = KERNEL_SIZE * KERNEL_SIZE;

mod buffer;
mod choice;
mod direct;
mod eight;
mod gradient;
mod lanes;
mod layer;
mod map;
mod matrix;
mod method;
mod normalise;
mod packing;
mod pool;
mod rows;
mod shared;
mod tile;
mod winograd;

#[cfg(test)]
mod tests;

pub use choice::{CacheLevel, Load, Shape};
pub use gradient::{WeightGradient, towards_the_future, turned};
pub use lanes::InstructionSet;
pub use layer::{Convolution, PackedConvolution, Workspace};
pub use map::{HISTORY, Map, MapShape};
pub use matrix::{Matrix, MatrixMut, multiply_add};
pub use method::Method;
pub use normalise::{Backward, ScaleShift, moments, scale_relu};
pub use packing::{Counts, KernelWeights};
pub use rows::PackedRows;
