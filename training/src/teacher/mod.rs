//! Teachers: a student learns to reproduce their answers (distillation).
//!
//! A run asks any [`Teacher`]. Which files can be one is up to a [`TeacherLoader`]: [`OwnModels`] opens models of ours,
//! other crates can add networks of other formats.

mod ours;

use std::path::Path;

use hamiltone_engine::features::FeatureSettings;
pub use ours::{OurTeacher, OwnModels};

use crate::heritage::Heritage;

/// A network that scores each training clip after augmentation.
pub trait Teacher: Send + Sync {
    /// One logit for each of the student's labels. `samples` are mono at the student's sample rate, `frames` the
    /// quaternion frames (frames × 4 × mels) of the same clip.
    ///
    /// # Errors
    /// If the network fails.
    fn logits(&self, samples: &[f32], frames: &[f32]) -> anyhow::Result<Vec<f32>>;

    /// The training data and licence that the student's card inherits.
    fn heritage(&self) -> Heritage;
}

/// The teacher that a recipe names.
#[derive(Debug, Clone, Copy)]
pub struct TeacherRequest<'a> {
    /// The network's file.
    pub path: &'a Path,
    /// A CSV table that maps the teacher's labels to the student's, for a teacher with other labels.
    pub map: Option<&'a Path>,
    /// The student's labels, as its card has them.
    pub labels: &'a [String],
    /// The student's front end.
    pub features: &'a FeatureSettings,
}

/// Opens the teacher of a recipe.
pub trait TeacherLoader: Sync {
    /// Opens the file.
    ///
    /// # Errors
    /// If the file cannot be read, or is no teacher for these labels.
    fn open(&self, request: &TeacherRequest<'_>) -> anyhow::Result<Box<dyn Teacher>>;
}
