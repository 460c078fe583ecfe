//! What the settings say about single labels, by index.

use super::models::Models;
use crate::settings::{NoteMap, Settings};
use crate::snapshot::ModelFacts;

/// Thresholds and notes of the labels of the running models.
#[derive(Debug, Default)]
pub(super) struct LabelSettings {
    /// Of the first model; empty if no label has its own threshold.
    pub(super) thresholds: Vec<Option<f32>>,
    /// Of the second model.
    pub(super) compared_thresholds: Vec<Option<f32>>,
    /// Of the first model.
    pub(super) notes: NoteMap,
}

impl LabelSettings {
    /// For the models that run now. Allocates.
    pub(super) fn new(settings: &Settings, first: &Models, second: Option<&Models>) -> Self {
        let thresholds = |model: Option<&ModelFacts>| {
            model.map_or(Vec::new(), |model| {
                settings.thresholds.of_labels(&model.labels)
            })
        };
        let (first, second) = (first.facts(), second.and_then(Models::facts));
        Self {
            thresholds: thresholds(first.map(|facts| &**facts)),
            compared_thresholds: thresholds(second.map(|facts| &**facts)),
            notes: first.map_or_else(NoteMap::default, |model| {
                NoteMap::new(&settings.notes, &model.labels, &model.likely)
            }),
        }
    }
}
