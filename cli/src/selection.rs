//! The model that was asked for.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use anyhow::{Result, anyhow, bail};
use hamiltone_engine::model::{Among, Library, Limits, Model, ModelChoice};

use crate::progress::Progress;

/// Labels that are named where one was meant that there is not.
const NEAR: usize = 6;

/// What the command line allows a model to cost.
static LIMITS: OnceLock<Limits> = OnceLock::new();

/// Sets what a model may cost, once, before a model is opened.
pub(crate) fn limit_costs(limits: Limits) {
    let _ = LIMITS.set(limits); // the first call counts
}

/// The models that can be chosen, within what they may cost.
pub(crate) fn library() -> Library {
    match LIMITS.get() {
        Some(limits) => Library::new().within(*limits),
        None => Library::new(),
    }
}

/// Opens the model in a file.
///
/// # Errors
/// If it is no whole model or costs more than is allowed.
pub(crate) fn open_file(path: &Path) -> Result<Arc<Model>> {
    let choice = ModelChoice {
        path: Some(path.to_owned()),
        ..ModelChoice::default()
    };
    Ok(library().open(&choice)?)
}

/// Opens a model by name or file: what looks like a path (a folder in it, or the ending
/// `.safetensors`) is one, anything else is a name first and a file second. `None` is the default.
///
/// # Errors
/// If it is not there or is no whole model; the message says which models there are.
pub(crate) fn open(asked: Option<&str>) -> Result<Arc<Model>> {
    let library = library();
    let by_path =
        |path: &str| open_file(Path::new(path)).map_err(|error| anyhow!("model {path}: {error}"));
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
        // A damaged file has no card, so it goes by the file's name.
        let found = damaged.into_iter().find(|entry| entry.name == asked);
        if let Some(why) = found.and_then(|entry| entry.summary.err()) {
            return Err(anyhow!("model {asked}: {why}"));
        }
        let names: Vec<String> = usable.into_iter().map(|entry| entry.name).collect();
        Err(anyhow!("{error}. There is: {}", names.join(", ")))
    })
}

/// The labels of a model that were asked for; all, if nothing was.
///
/// # Errors
/// If the model knows one of them neither as a label nor as a set; the message says what is near.
pub(crate) fn among(model: &Model, asked: &[String]) -> Result<Among> {
    let card = model.card();
    for word in asked {
        if card.labels_meant(word).is_empty() {
            let part = word.to_lowercase();
            let near = card
                .labels
                .iter()
                .filter(|label| label.to_lowercase().contains(&part));
            let near: Vec<&str> = near.take(NEAR).map(String::as_str).collect();
            let hint = match (near.is_empty(), card.label_sets()) {
                (false, _) => format!("did you mean {}?", near.join("; ")),
                (true, sets) if sets.is_empty() => "`hamiltone inspect` lists them".to_owned(),
                (true, sets) => format!(
                    "it knows the sets {}, and `hamiltone inspect` lists the labels",
                    sets.join(", ")
                ),
            };
            bail!(
                "--among {word}: the model {} has no such label; {hint}",
                card.name
            );
        }
    }
    Ok(Among::new(card, asked))
}

/// Says how well the model chooses among these labels, where that was measured.
pub(crate) fn tell_worth(among: &Among, progress: &Progress) {
    if let Some(worth) = among.worth() {
        progress.note(worth);
    }
}

/// What is said where no label is on.
pub(crate) fn unclear(among: &Among) -> String {
    let unclear = among.unclear();
    unclear
        .unwrap_or("nothing that the model is sure of")
        .to_owned()
}

fn looks_like_a_path(text: &str) -> bool {
    let path = Path::new(text);
    path.components().count() > 1
        || path
            .extension()
            .is_some_and(|ending| ending.eq_ignore_ascii_case("safetensors"))
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
