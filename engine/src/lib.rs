//! Hamiltone's engine: samples in, tags out.
//!
//! The way of a sound: [`audio`] (mixdown, resampling) → [`features`] (log-mel, aligned deltas:
//! quaternion frames) → [`network`] (the quaternion CNN: columns) → [`tagging`] (window, tags) →
//! [`timeline`] (what was heard when). [`model`] is the one file that carries a network, and
//! [`quaternion`] the algebra and the differentiable operations that training shares with it.
//!
//! The engine knows no plugin, no panel and no file but the model file.
#![deny(unsafe_code)] // `kernels` alone allows it, each block with its reason

pub mod audio;
pub mod blocked;
pub mod features;
mod interrupt;
pub mod kernels;
pub mod model;
pub mod network;
mod operations;
pub mod quaternion;
pub mod tagging;
#[cfg(test)]
mod test_numbers;
pub mod timeline;

pub use audio::EngineError;
pub use interrupt::Interrupt;
