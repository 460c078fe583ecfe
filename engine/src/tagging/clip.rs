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
///
/// There is silence before and after: the columns that the first and the last samples reach into count too, and a short
/// clip is followed by as much silence as makes five columns of its own.
pub struct ClipFeatures {
    stream: ColumnStream,
    sums: WindowSums,
    /// Columns that there are at least.
    least: usize,
}

/// Columns that a clip has at least: less than .9 s is followed by silence. Chosen from 0 and 4 to 9 on the same
/// instruments under 1 s that `hamiltone-research beginnings` measures, so its figures for them are optimistic.
const LEAST_COLUMNS: usize = 5;

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
        Ok(Self {
            stream: ColumnStream::new(network, settings, sample_rate, CHUNK)?,
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

    /// The probabilities, one a label.
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
