//! Pruning: which quaternion filters matter least ([`Score`]), how many go where ([`Plan`]), and
//! removing them from a network for good ([`remove`]).
//!
//! A quaternion filter is one unit: its four components are kept or go together, with its rows in
//! the batch norm and its inputs in the layer that follows. A pruned network is smaller in memory
//! and in arithmetic, and what it answers is what the whole network with these filters silenced
//! ([`silence`]) would answer.

mod plan;
mod removal;
mod score;

pub use plan::{Plan, Pruning};
pub(crate) use removal::put_back;
pub use removal::{Kept, remove, silence};
pub use score::Score;
