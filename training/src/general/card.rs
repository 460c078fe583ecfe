//! What the general tagger's file says of itself.

use hamiltone_engine::features::FeatureSettings;
use hamiltone_engine::model::{Accuracy, Card, Probe, TaskKind};
use hamiltone_engine::network::Architecture;

use super::run::{GeneralArguments, Record};
use crate::teacher::audioset_labels;

/// The card of a student, after a measurement if there was one.
pub(super) fn card(
    arguments: &GeneralArguments,
    features: &FeatureSettings,
    architecture: &Architecture,
    record: Option<&Record>,
) -> Card {
    let (data, licence) = match arguments.research {
        true => (
            "all gathered sounds",
            "non-commercial: some of the sounds are",
        ),
        false => (
            "gathered sounds that may be used commercially",
            "CC0, CC BY, CC BY-SA and free-software licences, by source in material.csv",
        ),
    };
    Card {
        format_version: 0, // this and the counts are filled in when the file is sealed
        name: "general".into(),
        description: "Quaternion CNN for AudioSet's 527 labels, distilled from mn04".into(),
        task: TaskKind::MultiLabel,
        labels: audioset_labels()
            .iter()
            .map(|label| label.name.clone())
            .collect(),
        features: features.clone(),
        architecture: architecture.clone(),
        default_window_s: 2.0,
        training_data: format!("{data}, judged by EfficientAT mn04 (MIT)"),
        licence: licence.into(),
        accuracy: record.map(accuracy).into_iter().collect(),
        parameters: 0,
        multiply_adds_per_second: 0,
        parent: None,
        pruning: None,
        probe: Probe {
            seed: arguments.seed,
            input_sha256: String::new(),
            logits: Vec::new(),
        },
    }
}

fn accuracy(record: &Record) -> Accuracy {
    let agreement = &record.agreement;
    Accuracy {
        measure: "mAP against the teacher".into(),
        value: agreement.mean_average_precision,
        spread: None,
        protocol: format!(
            "{} segments of held-out sources, {} labels, what mn04 gives .3 being true",
            agreement.segments, agreement.labels
        ),
    }
}
