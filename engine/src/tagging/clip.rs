use std::sync::Arc;

use super::stream::ColumnStream;
use super::window::WindowSums;
use crate::EngineError;
use crate::model::{Among, Model};

/// Columns computed at a time: a file has no one waiting for the first.
const CHUNK: usize = 8;

/// The whole clip at once: one answer over all its columns, in bounded memory.
pub struct ClipClassifier {
    model: Arc<Model>,
    stream: ColumnStream,
    sums: WindowSums,
    among: Among,
}

impl ClipClassifier {
    /// For mono audio at `sample_rate` Hz (8 000 to 192 000).
    ///
    /// # Errors
    /// If the rate is not supported.
    pub fn new(model: Arc<Model>, sample_rate: u32) -> Result<Self, EngineError> {
        Ok(Self {
            stream: ColumnStream::new(&model, sample_rate, CHUNK)?,
            sums: WindowSums::new(model.network().architecture()),
            among: Among::default(),
            model,
        })
    }

    /// Lets only some labels compete; the others get 0.
    pub fn choose_among(&mut self, among: Among) {
        self.among = among;
    }

    /// Takes mono samples, in blocks of any size.
    pub fn push(&mut self, mono: &[f32]) {
        let sums = &mut self.sums;
        self.stream.push(mono, &mut |column| sums.add(column));
    }

    /// The probabilities, one a label. A clip that is too short for a single column is padded
    /// with silence.
    pub fn finish(mut self) -> Vec<f32> {
        let sums = &mut self.sums;
        self.stream.finish(&mut |column| sums.add(column));
        let (mut features, mut hidden, mut probabilities) = (Vec::new(), Vec::new(), Vec::new());
        self.sums.features_into(&mut features);
        self.model
            .network()
            .logits_into(&features, &mut hidden, &mut probabilities);
        self.among
            .activate(&self.model, &mut probabilities, &mut hidden);
        probabilities
    }
}
