//! The quaternion CNN: one definition, two implementations.
//!
//! [`Architecture`] defines layers and tensors. `whole_clip` runs it on candle, differentiable, a batch
//! of clips at a time (training, reference, CUDA; with the feature `training`). [`streaming`] runs it a few frames at a time
//! with a state, at constant cost (plugin, command line). Tests hold the two together.
//!
//! After QCNN14 of arXiv 2510.21388 (section III): blocks of 3×3 quaternion convolutions with
//! ordinary batch norm and ReLU on each component, 2×2 average pooling, mean over frequency,
//! mean + max over time (or more, see [`TemporalPooling`]), a quaternion linear layer, a real linear
//! layer. Causal in time. A block may instead consist of inverted residual units ([`Separable`]).

mod architecture;
mod clip;
mod columns;
mod layers;
mod limits;
#[cfg(feature = "training")]
mod matrices;
mod memory;
mod parameters;
#[cfg(feature = "training")]
mod pooled_tensors;
mod sizes;
pub mod streaming;
mod temporal_pooling;
#[cfg(all(test, feature = "training"))]
mod training_tests;
#[cfg(feature = "training")]
pub mod whole_clip;
mod window;

pub use crate::kernels::{BATCH_NORM_EPSILON, POOLING};
#[cfg(feature = "training")]
pub use crate::operations::{BatchStatistics, average_pool, batch_norm_relu};
pub(crate) use architecture::CLIP_CHUNK;
pub use architecture::{Algebra, Architecture, Block, Separable};
pub use clip::{clip_features, clip_logits};
pub use layers::{ConvolutionKind, TrunkConvolution};
pub use parameters::{ParameterKind, ParameterShape};
pub use temporal_pooling::{FeatureLayout, TemporalPooling};
pub use window::{MAX_WINDOW_S, MIN_WINDOW_S};
pub(crate) use window::{Window, WindowSums};
