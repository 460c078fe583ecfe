//! The model, the labels and the thresholds of the arguments.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use anyhow::{Context, Result, anyhow};
use hamiltone_analysis::selection::{self, SelectionError};
use hamiltone_engine::model::{Among, Library, Limits, Model, ModelChoice};
use hamiltone_exports::Thresholds;

use crate::progress::Progress;
use crate::usage::WrongArgument;

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
/// If it is not a complete model, or over the limits. Messages do not name the file.
pub(crate) fn open_file(path: &Path) -> Result<Arc<Model>> {
    Ok(selection::open_file(&library(), path)?)
}

/// Opens a model by name or file, as [`selection::open`] does. `None` is the default model.
///
/// # Errors
/// [`WrongArgument`] if there is no such name (the message suggests similar ones); else if the file does not exist, is not a
/// complete model, or is over the limits.
pub(crate) fn open(asked: Option<&str>) -> Result<Arc<Model>> {
    let library = library();
    let Some(asked) = asked else {
        return library
            .open(&ModelChoice::default())
            .map_err(|error| anyhow!("the built-in model: {error}"));
    };
    selection::open(&library, asked).map_err(|error| match error {
        SelectionError::Unknown { .. } => WrongArgument(error.to_string()).into(),
        other => other.into(),
    })
}

/// The labels to consider; all of the model's if `asked` is empty.
///
/// # Errors
/// [`WrongArgument`] if a word is neither a label nor a set of labels of the model; the message suggests similar ones.
pub(crate) fn among(model: &Model, asked: &[String]) -> Result<Among> {
    let listed_by = format!("`hamiltone inspect {}`", model.card().name);
    let among = selection::among(model, asked).map_err(|unknown| {
        let message = unknown.message(&listed_by);
        WrongArgument(format!("--among {message}"))
    });
    Ok(among?)
}

/// The thresholds of single labels in a file, one entry per label; labels that the model does not have give a warning.
///
/// # Errors
/// If the file cannot be read; [`WrongArgument`] if it has no label of the model, or the labels compete.
pub(crate) fn thresholds(
    path: &Path,
    model: &Model,
    among: &Among,
    progress: &Progress,
) -> Result<Vec<Option<f32>>> {
    let name = format!("--thresholds {}", path.display());
    let listed = Thresholds::read(path).context("--thresholds")?;
    let thresholds = selection::thresholds(model, among, "--among", &listed)
        .map_err(|error| WrongArgument(format!("{name}: {error}")))?;
    if let Some(unknown) = thresholds.unknown {
        progress.warn(&format!("{name}: {unknown}"));
    }
    Ok(thresholds.values)
}

/// Prints the measured accuracy of the model for these labels, if there is one.
pub(crate) fn show_measured_accuracy(among: &Among, progress: &Progress) {
    if let Some(accuracy) = among.worth() {
        progress.hint(accuracy);
    }
}
