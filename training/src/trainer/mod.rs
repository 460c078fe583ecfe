//! The trainer: a network that learns step by step, can stop at any time, and ends with the same weights as if it had
//! not.
//!
//! [`Learner`] is a network with its optimiser, [`train`] the loop over a [`BatchSource`], [`TrainingFolder`] the
//! checkpoint on disk, locked while a process trains there.

mod checkpoint;
mod device;
mod identity;
mod in_place;
mod input_norm;
mod learner;
mod loss;
mod network;
mod optimisation;
mod steps;

pub use checkpoint::TrainingFolder;
pub use device::training_device;
pub use identity::{file_sha256, weights_sha256};
pub use input_norm::input_statistics;
pub use learner::Learner;
pub use loss::{binary_cross_entropy, cross_entropy, divergence, drop_some, sigmoid};
pub use network::{TrainingNetwork, initial_weights};
pub use optimisation::{AdamW, Optimisation};
pub use steps::{BatchSource, Schedule, Stretch, train};
