//! Teachers: networks of others that judge audio, for students of ours to learn from.

mod labels;
mod log_mel;
mod mn04;
mod onnx;

pub use labels::{Label, audioset_labels};
pub use log_mel::{BANDS, FEWEST_SAMPLES, HOP};
pub use mn04::{EMBEDDING, LABELS, Mn04, RATE, Verdict};
pub use onnx::OnnxNet;
