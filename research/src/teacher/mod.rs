//! Teachers in ONNX: networks of other authors that judge audio, for students to learn from.

mod any;
mod labels;
mod last_layers;
mod log_mel;
mod mapped;
mod mn04;
mod onnx;
mod yamnet;

pub use any::AnyTeacher;
pub use labels::{Label, audioset_groups, audioset_labels, audioset_parents};
pub use last_layers::{HIDDEN, LastLayers};
pub use log_mel::{BANDS, FEWEST_SAMPLES, HOP, RATE};
pub use mapped::MappedTeacher;
pub use mn04::{EMBEDDING, LABELS, MN04, Mn04, Verdict};
pub use onnx::OnnxNet;
pub use yamnet::{YAMNET, YAMNET_LABELS, Yamnet, yamnet_labels};
