//! The model and the labels of the arguments.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use anyhow::{Result, anyhow};
use hamiltone_analysis::selection;
use hamiltone_engine::model::{Among, Library, Limits, Model, ModelChoice};

use crate::progress::Progress;

/// The limits on the cost of a model.
static LIMITS: OnceLock<Limits> = OnceLock::new();

/// Sets the limits, once, before a model is opened.
pub(crate) fn limit_costs(limits: Limits) {
    let _ = LIMITS.set(limits); // the first call counts
}

/// The models within the limits.
pub(crate) fn library() -> Library {
    match LIMITS.get() {
        Some(limits) => Library::new().within(*limits),
        None => Library::new(),
    }
}

/// Opens the model in a file.
///
/// # Errors
/// If it is not a complete model, or over the limits.
pub(crate) fn open_file(path: &Path) -> Result<Arc<Model>> {
    Ok(selection::open_file(&library(), path)?)
}

/// Opens a model by name or file, as [`selection::open`]. `None` is the default model.
///
/// # Errors
/// If it does not exist (the message lists the models), is not a complete model, or is over the limits.
pub(crate) fn open(asked: Option<&str>) -> Result<Arc<Model>> {
    match asked {
        None => library()
            .open(&ModelChoice::default())
            .map_err(|error| anyhow!("the built-in model: {error}")),
        Some(asked) => selection::open(&library(), asked).map_err(|error| anyhow!("{error}")),
    }
}

/// The labels to consider; all of the model's if `asked` is empty.
///
/// # Errors
/// If a word is neither a label nor a set of labels of the model; the message suggests similar ones.
pub(crate) fn among(model: &Model, asked: &[String]) -> Result<Among> {
    selection::among(model, asked)
        .map_err(|unknown| anyhow!("--among {}", unknown.message("`hamiltone inspect`")))
}

/// Prints the measured accuracy of the model for these labels, if there is one.
pub(crate) fn show_measured_accuracy(among: &Among, progress: &Progress) {
    if let Some(accuracy) = among.worth() {
        progress.hint(accuracy);
    }
}
