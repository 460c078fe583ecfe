//! The arithmetic under the network: 3×3 convolutions over (time, mel), real and quaternion, and the linear layers of
//! a head.
//!
//! A [`PackedConvolution`] holds a layer's weights in the layout of one kernel and runs it over a [`Map`] of
//! activations. What a kernel is says the trait in `kernel`; each has a file:
//!
//! | file | kernel |
//! |---|---|
//! | `direct` | pixel by pixel; quaternions by eight products |
//! | `shared` | quaternions by sixteen products, weights read once |
//! | `winograd` | F(2×2, 3×3) and F(4×4, 3×3), quaternions by eight products, weights in single or half precision, or all in bfloat16 |
//!
//! Separable units have two kernels of their own, beside that table: `pointwise` (1×1) and `depthwise` (3×3 and 5×5), with
//! maps in pairs (`pair`).
//!
//! `method` is the table of them ([`Method`]), `choice` the rule by which a layer gets one. To add a kernel, write its
//! file with an implementation of `ConvolutionKernel`, and add its `mod` line here and its row in `method`: the tests
//! in `tests.rs` then check it on every instruction set, and the rule compares it with the others.
//!
//! Kernels are built from shared parts: `lanes` (vectors, one file an instruction set; code over them is written once),
//! `tile` (the inner loop: sums in registers), `eight` (the eight products of a quaternion), `packing` (weights in the
//! order in which they are read), `finish` (scale, shift, ReLU). [`PackedRows`] are linear layers on a single window;
//! [`WeightGradient`], [`PointwiseGradient`], [`DepthwiseGradient`] and [`Backward`] are for training.
//!
//! This is the only module of the engine that may use `unsafe`, each block with its reason.
#![allow(unsafe_code)]

/// Rows and mels that a kernel spans.
pub const KERNEL_SIZE: usize = 3;
/// Taps of a kernel.
pub const TAPS: usize = KERNEL_SIZE * KERNEL_SIZE;
/// Rows and mels that become one where a layer pools.
pub const POOLING: usize = 2;
/// Added to a variance of batch norm before its root is taken.
pub const BATCH_NORM_EPSILON: f32 = 1e-5;

mod buffer;
mod choice;
mod depthwise;
mod depthwise_gradient;
mod direct;
mod eight;
mod finish;
mod gradient;
mod kernel;
mod lanes;
mod layer;
mod map;
mod matrix;
mod method;
mod normalise;
mod packing;
mod pair;
mod pointwise;
mod pointwise_gradient;
mod pool;
mod rows;
mod shared;
mod tile;
mod unit_convolution;
mod weights;
mod winograd;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod unit_tests;

#[cfg(feature = "training")]
pub(crate) use buffer::Buffer;
pub use choice::{CacheLevel, Load};
pub use depthwise::PackedDepthwise;
pub use depthwise_gradient::{DepthwiseGradient, adjoint_depthwise};
pub use gradient::{WeightGradient, adjoint_weights, anticausal_copy};
pub use kernel::LayerShape;
pub use lanes::InstructionSet;
pub use layer::{PackedConvolution, Workspace};
pub use map::{HISTORY, Map, MapMut, MapRef, MapShape};
pub use matrix::{Matrix, MatrixMut, multiply_add};
pub use method::Method;
pub use normalise::{Backward, ScaleShift, moments, scale};
pub use packing::Convolution;
pub use pair::{MapPair, Pair, PairMut, transform};
pub use pointwise::PackedPointwise;
pub use pointwise_gradient::{PointwiseGradient, adjoint_pointwise};
pub use rows::PackedRows;
pub use unit_convolution::UnitConvolution;
pub use weights::{Counts, KernelWeights};
