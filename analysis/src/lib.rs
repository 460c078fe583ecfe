//! From audio files to timelines, classifications and embeddings.
//!
//! The command line and the Python package share this crate, so that both give the same results to the bit. It joins
//! `hamiltone-decoding`, which reads files, with `hamiltone-engine`, which tags samples. [`selection`] finds the model and
//! the labels that a person asks for; [`Analysis`] makes timelines, [`Classification`] has one answer for a whole clip, and
//! [`embed_file`] gives the features of the network.
#![forbid(unsafe_code)]

mod classification;
mod embedding;
mod error;
mod means;
pub mod selection;
mod source;
mod streaming;
mod timeline;

pub use classification::{Classification, classify_file, classify_samples};
pub use embedding::{embed_file, embed_samples};
pub use error::AnalysisError;
pub use means::Means;
pub use source::Source;
pub use streaming::{Observer, Streamed};
pub use timeline::Analysis;
