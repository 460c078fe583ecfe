//! The model and the labels of the arguments.

use std::io;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use anyhow::{Context, Result, anyhow, bail};
use hamiltone_analysis::selection::looks_like_a_path;
use hamiltone_engine::model::{Among, Library, Limits, Model, ModelChoice, ModelError};
use hamiltone_exports::Thresholds;

use crate::progress::Progress;
use crate::similar::similar;
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
    let choice = ModelChoice {
        path: Some(path.to_owned()),
        ..ModelChoice::default()
    };
    library()
        .open(&choice)
        .map_err(|error| anyhow!("{}", problem(path, &error)))
}

/// What is wrong with a model file, without its path.
fn problem(path: &Path, error: &ModelError) -> String {
    let named_as_a_model = path
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("safetensors"));
    match error {
        ModelError::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => {
            "no such file".to_owned()
        }
        ModelError::Read { source, .. } => format!("cannot be read: {source}"),
        ModelError::NotSafetensors(_) | ModelError::TooLarge { .. } if !named_as_a_model => {
            "is not a model: models are .safetensors files made by hamiltone-training".to_owned()
        }
        other => other.to_string(),
    }
}

/// Opens a model by name or file. An argument with a folder or the ending `.safetensors` is a path; any other is a name,
/// else a file. `None` is the default model.
///
/// # Errors
/// [`WrongArgument`] if there is no such name (the message suggests similar ones); else if the file does not exist, is not a
/// complete model, or is over the limits.
pub(crate) fn open(asked: Option<&str>) -> Result<Arc<Model>> {
    let library = library();
    let by_path = |path: &str| open_file(Path::new(path)).with_context(|| format!("model {path}"));
    let Some(asked) = asked else {
        return library
            .open(&ModelChoice::default())
            .map_err(|error| anyhow!("the built-in model: {error}"));
    };
    if looks_like_a_path(asked) {
        return by_path(asked);
    }
    let choice = ModelChoice {
        name: Some(asked.to_owned()),
        ..ModelChoice::default()
    };
    library.open(&choice).or_else(|error| {
        if Path::new(asked).exists() {
            return by_path(asked);
        }
        let (usable, damaged): (Vec<_>, Vec<_>) = library
            .entries()
            .into_iter()
            .partition(|entry| entry.summary.is_ok());
        // A damaged file has no card, so its name is that of the file.
        let found = damaged.into_iter().find(|entry| entry.name == asked);
        if let Some(why) = found.and_then(|entry| entry.summary.err()) {
            return Err(anyhow!("model {asked}: {why}"));
        }
        match error {
            ModelError::Missing(..) => {
                let names: Vec<&str> = usable.iter().map(|entry| entry.name.as_str()).collect();
                Err(no_such_model(asked, &names).into())
            }
            other => Err(anyhow!("model {asked}: {other}")),
        }
    })
}

fn no_such_model(asked: &str, names: &[&str]) -> WrongArgument {
    let near = similar(names.iter().copied(), asked);
    let hint = match near.is_empty() {
        false => format!("did you mean {}?", near.join(", ")),
        true => format!("there are {}", names.join(", ")),
    };
    WrongArgument(format!("there is no model {asked:?}; {hint}"))
}

/// The labels to consider; all of the model's if `asked` is empty.
///
/// # Errors
/// [`WrongArgument`] if a word is neither a label nor a set of labels of the model; the message suggests similar ones.
pub(crate) fn among(model: &Model, asked: &[String]) -> Result<Among> {
    let card = model.card();
    for word in asked {
        if card.labels_meant(word).is_empty() {
            let sets = card.label_sets();
            let labels = card.labels.iter().map(String::as_str);
            let near = similar(sets.iter().copied().chain(labels), word);
            let hint = match (near.is_empty(), sets.is_empty()) {
                (false, _) => format!("did you mean {}?", near.join("; ")),
                (true, true) => format!("`hamiltone inspect {}` lists them", card.name),
                (true, false) => format!(
                    "it has the sets {}, and `hamiltone inspect {}` lists the labels",
                    sets.join(", "),
                    card.name
                ),
            };
            bail!(WrongArgument(format!(
                "--among {word}: the model {} has no such label or set; {hint}",
                card.name
            )));
        }
    }
    Ok(Among::new(card, asked))
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
    let labels = &model.card().labels;
    let name = format!("--thresholds {}", path.display());
    if among.is_choice() {
        bail!(WrongArgument(format!(
            "{name}: the labels of --among compete, so their probabilities are relative and thresholds of single labels do \
             not apply; leave out one of the two options"
        )));
    }
    let read = Thresholds::read(path).context("--thresholds")?;
    let thresholds = read.of_labels(labels);
    let unknown = read.unknown(labels);
    if let Some(first) = unknown.first() {
        let near = similar(labels.iter().map(String::as_str), first);
        let hint = match near.is_empty() {
            false => format!(" (did you mean {}?)", near.join("; ")),
            true => String::new(),
        };
        let (count, model) = (unknown.len(), &model.card().name);
        let s = if count == 1 { "label" } else { "labels" };
        let message = format!("{name}: {count} {s} unknown to the model {model}: {first}{hint}");
        if thresholds.is_empty() {
            bail!(WrongArgument(message));
        }
        progress.warn(&message);
    }
    Ok(thresholds)
}

/// Prints the measured accuracy of the model for these labels, if there is one.
pub(crate) fn show_measured_accuracy(among: &Among, progress: &Progress) {
    if let Some(accuracy) = among.worth() {
        progress.hint(accuracy);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_paths() {
        for path in ["models/a", "./a", "/a", "a.safetensors", "../a.SAFETENSORS"] {
            assert!(looks_like_a_path(path), "{path}");
        }
        for name in ["esc10", "my model", "v1.2"] {
            assert!(!looks_like_a_path(name), "{name}");
        }
    }
}
