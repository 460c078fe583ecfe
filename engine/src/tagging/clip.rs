use std::sync::Arc;

use super::stream::{ColumnStream, columns_before};
use crate::EngineError;
use crate::features::FeatureSettings;
use crate::model::{Among, Model};
use crate::network::streaming::PackedNetwork;
use crate::network::{CLIP_CHUNK, WindowSums};

/// Classifies a whole clip: one answer over all its columns, in bounded memory.
pub struct ClipClassifier {
    model: Arc<Model>,
    clip: ClipFeatures,
    among: Among,
}

/// The features of a whole clip, for networks that are not yet a model. Evaluation in training uses it, so it measures
/// what [`ClipClassifier`] answers.
///
/// Silence precedes and follows the clip: columns that the first and the last samples reach into count too, and a short
/// clip is followed by as much silence as makes five columns.
pub struct ClipFeatures {
    stream: ColumnStream,
    sums: WindowSums,
    /// The least number of columns.
    least: usize,
}

/// The least number of columns of a clip and of a stream that ends: less than 0.9 s is followed by silence. Chosen from
/// 0 and 4 to 9 on the same instruments under 1 s that `beginnings` measures, so its figures for them are optimistic.
pub(super) const LEAST_COLUMNS: usize = 5;

impl ClipFeatures {
    /// For mono audio at `sample_rate` Hz (8 000 to 768 000).
    ///
    /// # Errors
    /// If the rate is not supported.
    pub fn new(
        network: &Arc<PackedNetwork>,
        settings: &FeatureSettings,
        sample_rate: u32,
    ) -> Result<Self, EngineError> {
        let architecture = network.architecture();
        Ok(Self {
            stream: ColumnStream::new(network, settings, sample_rate, CLIP_CHUNK)?,
            sums: WindowSums::new(architecture),
            least: columns_before(settings, architecture) + LEAST_COLUMNS,
        })
    }

    /// Takes mono samples, in blocks of any size.
    pub fn push(&mut self, mono: &[f32]) {
        let sums = &mut self.sums;
        self.stream.push(mono, &mut |column| sums.add(column));
    }

    /// The features of all columns (see [`Architecture::features`](crate::network::Architecture::features)).
    pub fn finish(mut self) -> Vec<f32> {
        let sums = &mut self.sums;
        self.stream
            .finish(&|columns| self.least.max(columns + 1), &mut |column| {
                sums.add(column)
            });
        let mut features = Vec::new();
        self.sums.features_into(&mut features);
        features
    }

    /// The logits of a clip at the network's rate, one a label, as [`ClipClassifier`] computes them.
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

impl ClipClassifier {
    /// For mono audio at `sample_rate` Hz (8 000 to 768 000).
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

    /// Restricts the answer to some labels; the others get 0.
    pub fn choose_among(&mut self, among: Among) {
        self.among = among;
    }

    /// Takes mono samples, in blocks of any size.
    pub fn push(&mut self, mono: &[f32]) {
        self.clip.push(mono);
    }

    /// The probability of each label, 0 to 1.
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
