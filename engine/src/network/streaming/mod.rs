//! The network a few frames at a time, with a state: nothing is computed twice.
//!
//! [`PackedNetwork`] holds the weights in the layout of the kernels; any number of streams share it.
//! [`StreamingNetwork`] is the state of one stream. Every convolution keeps the last two rows of its input, and every
//! chunk of frames is a whole number of columns, so pooling never waits for a row. The cost of a second of audio is
//! constant.

mod affine;
mod head;
mod layer;
mod packed;
mod packed_linear;
mod steady_state;
mod stream;
mod unit;

use std::collections::BTreeMap;

pub use packed::PackedNetwork;
pub use stream::StreamingNetwork;

/// Name to elements in row-major order, as a model file holds them; names and sizes are those of
/// [`Architecture::parameters`](super::Architecture::parameters).
pub type Weights = BTreeMap<String, Vec<f32>>;
