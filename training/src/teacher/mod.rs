//! Teachers: networks that judge audio, for students to learn from.

mod onnx;
mod ours;

pub use onnx::OnnxNet;
pub use ours::OurTeacher;

/// Something that judges each clip as it was cut, mixed and masked.
pub trait Teacher: Send + Sync {
    /// One number a label. `samples` are at the model's rate; `frames` are the quaternion frames
    /// (frames × 4 × mels) that the student is given.
    ///
    /// # Errors
    /// If the network fails.
    fn logits(&self, samples: &[f32], frames: &[f32]) -> anyhow::Result<Vec<f32>>;
}
