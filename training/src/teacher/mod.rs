//! Teachers: networks that judge audio, for students to learn from.

mod labels;
mod last_layers;
mod log_mel;
mod mapped;
mod mn04;
mod onnx;
mod ours;
mod yamnet;

pub use labels::{Label, audioset_groups, audioset_labels, audioset_parents};
pub use last_layers::{HIDDEN, LastLayers};
pub use log_mel::{BANDS, FEWEST_SAMPLES, HOP};
pub use mapped::MappedTeacher;
pub use mn04::{EMBEDDING, LABELS, Mn04, RATE, Verdict};
pub use onnx::OnnxNet;
pub use ours::OurTeacher;
pub use yamnet::{YAMNET_LABELS, Yamnet};

/// Something that judges each clip as it was cut, mixed and masked.
pub trait Teacher: Send + Sync {
    /// One number a label. `samples` are at the model's rate; `frames` are the quaternion frames
    /// (frames × 4 × mels) that the student is given.
    ///
    /// # Errors
    /// If the network fails.
    fn logits(&self, samples: &[f32], frames: &[f32]) -> anyhow::Result<Vec<f32>>;
}
