//! AudioSet's labels.

use std::sync::OnceLock;

use serde::Deserialize;

/// A label that teachers of AudioSet score.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Label {
    /// Its place in the teacher's output.
    pub index: usize,
    /// Its identifier in the ontology.
    pub mid: String,
    /// For people.
    #[serde(rename = "display_name")]
    pub name: String,
}

/// The labels in the order of the teacher's output.
///
/// The list is AudioSet's
/// (`class_labels_indices.csv`), by Google, under CC BY 4.0; its ontology is under CC BY-SA 4.0.
pub fn audioset_labels() -> &'static [Label] {
    static LABELS: OnceLock<Vec<Label>> = OnceLock::new();
    LABELS.get_or_init(|| {
        csv::Reader::from_reader(include_str!("audioset_labels.csv").as_bytes())
            .deserialize()
            .collect::<Result<_, _>>()
            .expect("the list is part of the program, and a test reads it")
    })
}
