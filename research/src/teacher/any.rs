//! Opens every kind of teacher that a recipe can name.

use anyhow::Context;
use hamiltone_training::teacher::{OwnModels, Teacher, TeacherLoader, TeacherRequest};

use super::MappedTeacher;

/// mn04 in ONNX for recipes with `distillation.map`, Hamiltone models for others.
pub struct AnyTeacher;

impl TeacherLoader for AnyTeacher {
    fn open(&self, request: &TeacherRequest<'_>) -> anyhow::Result<Box<dyn Teacher>> {
        let Some(map) = request.map else {
            return OwnModels.open(request);
        };
        let teacher = MappedTeacher::open(request.path, map, request.labels);
        Ok(Box::new(teacher.context("the teacher of the recipe")?))
    }
}
