//! Hamiltone's engine: audio samples in, tags out.
//!
//! Samples pass through [`audio`] (mixdown, resampling), [`features`] (log-mel spectrogram and its deltas: quaternion
//! frames), [`network`] (the quaternion CNN: columns), [`tagging`] (window, probabilities) and [`timeline`] (columns,
//! events and gaps over time). [`model`] is the file that carries a network; [`quaternion`] has the algebra and the
//! differentiable operations that training shares with it; [`kernels`] has the vectorised arithmetic; [`text`] makes texts of strangers printable.
//!
//! The engine knows no plugin, no panel and no file but the model file.
//!
//! # Example
//!
//! Tags of a whole clip, by the built-in model. `examples/tag_file.rs` reads a WAV file, `examples/live.rs` tags a
//! stream from an audio thread; [`real_time`] says which calls allocate or wait.
//!
//! ```
//! use hamiltone_engine::model::Library;
//! use hamiltone_engine::tagging::{ClipClassifier, top};
//!
//! let model = Library::new().default_model(); // 527 labels of AudioSet
//! let sample_rate = 44_100;
//! let mono: Vec<f32> = (0..sample_rate) // a second of a tone of 440 Hz
//!     .map(|n| (std::f32::consts::TAU * 440.0 * n as f32 / sample_rate as f32).sin())
//!     .collect();
//! let mut clip = ClipClassifier::new(model.clone(), sample_rate)?;
//! for block in mono.chunks(512) {
//!     clip.push(block);
//! }
//! let probabilities = clip.finish();
//! for label in top(&probabilities, 3) {
//!     println!("{:.2} {}", probabilities[label], model.card().labels[label]);
//! }
//! # assert_eq!(probabilities.len(), 527);
//! # Ok::<(), hamiltone_engine::EngineError>(())
//! ```
#![deny(unsafe_code)] // `kernels` alone allows it, each block with its reason

pub mod audio;
#[cfg(feature = "training")]
pub mod blocked;
pub mod features;
mod interrupt;
pub mod kernels;
pub mod model;
pub mod network;
#[cfg(feature = "training")]
mod operations;
pub mod quaternion;
pub mod tagging;
#[cfg(test)]
mod test_numbers;
pub mod text;
pub mod timeline;

#[doc = include_str!("../REALTIME.md")]
pub mod real_time {}

pub use audio::EngineError;
pub use interrupt::Interrupt;
