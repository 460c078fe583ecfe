//! Operations on candle tensors that training needs and candle lacks, gets wrong or computes slowly.
//!
//! [`network`](crate::network) exports the public ones.

mod average_pool;
mod batch_norm;
mod own_gradient;
mod storage;

pub use average_pool::average_pool;
pub(crate) use batch_norm::batch_norm;
pub use batch_norm::{BatchStatistics, batch_norm_relu};
pub(crate) use own_gradient::with_gradient;
pub(crate) use storage::{contiguous_f32, with_elements};
