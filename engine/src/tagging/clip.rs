use std::sync::Arc;

use super::stream::{ColumnStream, columns_before};
use super::window::WindowSums;
use crate::EngineError;
use crate::features::FeatureSettings;
use crate::model::{Among, Model};
use crate::network::streaming::PackedNetwork;

/// Columns computed at a time: a file has no one waiting for the first.
const CHUNK: usize = 8;

/// The whole clip at once: one answer over all its columns, in bounded memory.
pub struct ClipClassifier {
    model: Arc<Model>,
    clip: ClipFeatures,
    among: Among,
}

/// The features of a whole clip, for a network that need not be a finished model: what the lab measures is what
/// [`ClipClassifier`] says.
pub struct ClipFeatures {
    stream: ColumnStream,
    columns: Columns,
}

/// The columns of a clip that count.
struct Columns {
    sums: WindowSums,
    /// Columns still to come that reach past the first sample.
    before: usize,
    least: usize,
}

impl ClipFeatures {
    /// For mono audio at `sample_rate` Hz (8 000 to 192 000).
    ///
    /// # Errors
    /// If the rate is not supported.
    pub fn new(
        network: &Arc<PackedNetwork>,
        settings: &FeatureSettings,
        sample_rate: u32,
    ) -> Result<Self, EngineError> {
        let architecture = network.architecture();
        let before = columns_before(settings, architecture);
        Ok(Self {
            stream: ColumnStream::new(network, settings, sample_rate, CHUNK)?,
            columns: Columns {
                sums: WindowSums::new(architecture),
                before,
                least: before + 1,
            },
        })
    }

    /// Takes mono samples, in blocks of any size.
    pub fn push(&mut self, mono: &[f32]) {
        let columns = &mut self.columns;
        self.stream.push(mono, &mut |column| columns.take(column));
    }

    /// The features of all columns (see [`Architecture::features`](crate::network::Architecture::features)). A clip
    /// that is too short for a single column is padded with silence.
    pub fn finish(mut self) -> Vec<f32> {
        let columns = &mut self.columns;
        let least = columns.least;
        self.stream
            .finish(least, &mut |column| columns.take(column));
        let mut features = Vec::new();
        columns.sums.features_into(&mut features);
        features
    }

    /// The logits of a clip at the network's rate, one a label, as [`ClipClassifier`] has them.
    ///
    /// # Errors
    /// If the network's sample rate is not supported.
    pub fn logits(
        network: &Arc<PackedNetwork>,
        settings: &FeatureSettings,
        samples: &[f32],
    ) -> Result<Vec<f32>, EngineError> {
        let mut clip = Self::new(network, settings, settings.sample_rate)?;
        clip.push(samples);
        let (mut hidden, mut logits) = (Vec::new(), Vec::new());
        network.logits_into(&clip.finish(), &mut hidden, &mut logits);
        Ok(logits)
    }
}

impl Columns {
    fn take(&mut self, column: &[f32]) {
        match self.before {
            0 => self.sums.add(column),
            _ => self.before -= 1,
        }
    }
}

impl ClipClassifier {
    /// For mono audio at `sample_rate` Hz (8 000 to 192 000).
    ///
    /// # Errors
    /// If the rate is not supported.
    pub fn new(model: Arc<Model>, sample_rate: u32) -> Result<Self, EngineError> {
        Ok(Self {
            clip: ClipFeatures::new(model.network(), &model.card().features, sample_rate)?,
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
        self.clip.push(mono);
    }

    /// The probabilities, one a label. A clip that is too short for a single column is padded
    /// with silence.
    pub fn finish(self) -> Vec<f32> {
        let (mut hidden, mut probabilities) = (Vec::new(), Vec::new());
        self.model
            .network()
            .logits_into(&self.clip.finish(), &mut hidden, &mut probabilities);
        self.among
            .activate(&self.model, &mut probabilities, &mut hidden);
        probabilities
    }
}
