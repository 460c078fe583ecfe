//! The general tagger's card.

use hamiltone_engine::features::FeatureSettings;
use hamiltone_engine::model::{Card, Probe, TaskKind};
use hamiltone_engine::network::Architecture;

use super::arguments::GeneralArguments;
use super::progress::Progress;
use super::start::Origin;
use crate::teacher::{MN04, YAMNET, audioset_groups, audioset_labels};
use hamiltone_training::heritage::{Heritage, Role};

/// The card of a student, with its last measurement if there was one.
pub(super) fn card(
    arguments: &GeneralArguments,
    features: &FeatureSettings,
    (architecture, origin): (&Architecture, &Origin),
    done: &Progress,
) -> Card {
    let (sounds, licence) = match arguments.research {
        true => (
            "all gathered sounds",
            "non-commercial: some of the sounds are",
        ),
        false => (
            "gathered sounds that may be used commercially",
            "CC0, CC BY, CC BY-SA and free-software licences, by source in material.csv",
        ),
    };
    let (teachers, distilled_from) = match arguments.second_teacher {
        Some(_) => (format!("{MN04} and {YAMNET}"), "mn04 and YAMNet"),
        None => (MN04.to_owned(), "mn04"),
    };
    let own = Heritage::new(&format!("{sounds}, judged by {teachers}"), licence);
    let heritage = own.and(Role::Beginning, &origin.heritage);
    Card {
        format_version: 0, // this and the counts are filled in when the file is sealed
        name: arguments.name.clone(),
        description: format!(
            "Quaternion CNN for AudioSet's 527 labels, distilled from {distilled_from}"
        ),
        task: TaskKind::MultiLabel,
        labels: audioset_labels()
            .iter()
            .map(|label| label.name.clone())
            .collect(),
        groups: audioset_groups(),
        parents: Vec::new(),
        class_statistics: None,
        calibration: None,
        choices: Vec::new(),
        features: features.clone(),
        architecture: architecture.clone(),
        default_window_s: 2.0,
        training_data: heritage.training_data,
        licence: heritage.licence,
        accuracy: done
            .records
            .last()
            .map(|record| record.agreement.accuracy())
            .into_iter()
            .collect(),
        parameters: 0,
        multiply_adds_per_second: 0,
        memory_bytes: 0,
        parent: origin.parent.clone(),
        pruning: origin.pruning.clone(),
        probe: Probe {
            seed: arguments.seed,
            input_sha256: String::new(),
            logits: Vec::new(),
        },
        checksums: None,
    }
}
