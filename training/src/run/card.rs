//! The card of a fold's model.

use hamiltone_engine::model::{Accuracy, Card, Probe};
use hamiltone_engine::network::Algebra;

use super::context::Fold;
use super::start::Beginning;
use crate::evaluation::Evaluation;

/// The test of a fold, as a card has it.
pub(super) fn accuracy(fold: &Fold<'_>, test: &Evaluation) -> Accuracy {
    Accuracy {
        measure: test.measure().into(),
        value: test.value(),
        spread: None,
        protocol: format!(
            "{}, fold {}, which it has not seen ({} clips); trained on the other folds",
            fold.recipe.task.name(),
            fold.number,
            test.clips
        ),
        other_corpora: Vec::new(),
    }
}

/// The card before the test.
pub(super) fn card(fold: &Fold<'_>, beginning: &Beginning) -> Card {
    let recipe = fold.recipe;
    let kind = match beginning.architecture.algebra {
        Algebra::Quaternion => "Quaternion CNN",
        Algebra::Real => "Real CNN",
    };
    Card {
        format_version: 0, // this and the counts are filled in when the file is sealed
        name: recipe.name.clone(),
        description: format!("{kind} for {}", recipe.task.title()),
        task: fold.dataset.kind,
        labels: fold.label_names(),
        groups: Vec::new(),
        parents: Vec::new(),
        class_statistics: None,
        calibration: None,
        choices: Vec::new(),
        features: fold.features.clone(),
        architecture: beginning.architecture.clone(),
        default_window_s: 2.0,
        training_data: beginning.heritage.training_data.clone(),
        licence: beginning.heritage.licence.clone(),
        accuracy: Vec::new(),
        parameters: 0,
        multiply_adds_per_second: 0,
        memory_bytes: 0,
        parent: beginning.parent.clone(),
        pruning: beginning.pruning.clone(),
        probe: Probe {
            seed: recipe.seed,
            input_sha256: String::new(),
            logits: Vec::new(),
        },
        checksums: None,
    }
}
