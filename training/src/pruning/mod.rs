//! Pruning: which quaternion filters matter least ([`Score`]), how many go where ([`Plan`]), and
//! removing them from a network for good ([`remove`]).
//!
//! A quaternion filter is one unit: its four components are kept or go together, with its rows in
//! the batch norm and its inputs in the layer that follows. A pruned network is smaller in memory
//! and in arithmetic, and what it answers is what the whole network with these filters silenced
//! ([`silence`]) would answer.
//!
//! In separable blocks some convolutions keep the same filters: an expansion and its depthwise convolution, and all whose
//! outputs residual units add up. Their scores are added, each over the mean of its convolution.

mod plan;
mod removal;
mod score;
mod ties;

pub use plan::{Plan, Pruning};
pub(crate) use removal::put_back;
pub use removal::{Kept, remove, silence};
pub use score::Score;
