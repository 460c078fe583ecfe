//! A Hamiltone model as a teacher.

use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use hamiltone_engine::model::{ModelFile, clip_logits};
use hamiltone_engine::network::streaming::PackedNetwork;

use super::{Teacher, TeacherLoader, TeacherRequest};
use crate::heritage::Heritage;

/// A model that scores the same frames as the student.
pub struct OurTeacher {
    network: Arc<PackedNetwork>,
    heritage: Heritage,
}

impl OurTeacher {
    /// With the weights of a model file.
    pub fn new(file: &ModelFile) -> Self {
        let mels = file.card.features.mel_bands;
        let network = PackedNetwork::new(&file.card.architecture, mels, &file.weights);
        Self {
            network: Arc::new(network),
            heritage: Heritage::of(&file.card),
        }
    }
}

impl Teacher for OurTeacher {
    fn logits(&self, _samples: &[f32], frames: &[f32]) -> anyhow::Result<Vec<f32>> {
        Ok(clip_logits(&self.network, frames))
    }

    fn heritage(&self) -> Heritage {
        self.heritage.clone()
    }
}

/// Opens Hamiltone models with the student's labels and front end.
pub struct OwnModels;

impl TeacherLoader for OwnModels {
    fn open(&self, request: &TeacherRequest<'_>) -> anyhow::Result<Box<dyn Teacher>> {
        let path = request.path;
        if request.map.is_some() {
            bail!(
                "distillation.map belongs to teachers in ONNX, such as {}: run this recipe by `hamiltone-research train`",
                path.display()
            );
        }
        let file = ModelFile::read(path).context("the teacher of the recipe")?;
        ensure!(
            file.card.features.equals_but_for_level(request.features),
            "{} has other feature settings than the student",
            path.display()
        );
        ensure!(
            file.card.labels == request.labels,
            "the teacher {} has other labels",
            file.card.name
        );
        Ok(Box::new(OurTeacher::new(&file)))
    }
}
