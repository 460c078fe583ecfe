//! The model and the labels of the arguments.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use anyhow::{Result, anyhow, bail};
use hamiltone_engine::model::{Among, Library, Limits, Model, ModelChoice};

use crate::progress::Progress;

/// Labels that are suggested for an unknown one.
const MAX_SUGGESTIONS: usize = 6;

/// Jaro-Winkler similarity from which a label is suggested, 0 to 1.
const LEAST_LIKENESS: f64 = 0.88;

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
    let choice = ModelChoice {
        path: Some(path.to_owned()),
        ..ModelChoice::default()
    };
    Ok(library().open(&choice)?)
}

/// Opens a model by name or file. An argument with a folder or the ending `.safetensors` is a path; any other is a name,
/// else a file. `None` is the default model.
///
/// # Errors
/// If it does not exist (the message lists the models), is not a complete model, or is over the limits.
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
        // A damaged file has no card, so its name is that of the file.
        let found = damaged.into_iter().find(|entry| entry.name == asked);
        if let Some(why) = found.and_then(|entry| entry.summary.err()) {
            return Err(anyhow!("model {asked}: {why}"));
        }
        let names: Vec<String> = usable.into_iter().map(|entry| entry.name).collect();
        Err(anyhow!("{error}. Available: {}", names.join(", ")))
    })
}

/// Labels that contain a word, else those with a word that is spelled almost like it, the most similar first.
fn similar<'a>(labels: &'a [String], word: &str) -> Vec<&'a str> {
    let word = word.to_lowercase();
    let rank = |label: &'a String| {
        let lower = label.to_lowercase();
        let words = lower.split(|letter: char| !letter.is_alphanumeric());
        let likeness = match lower.contains(&word) {
            true => 2.0,
            false => words
                .map(|part| strsim::jaro_winkler(part, &word))
                .fold(0.0, f64::max),
        };
        (likeness, label.as_str())
    };
    let mut ranked: Vec<(f64, &str)> = labels.iter().map(rank).collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0)); // stable: equal ones stay in the model's order
    let best = ranked.first().map_or(0.0, |(likeness, _)| *likeness);
    ranked.retain(|(likeness, _)| *likeness >= LEAST_LIKENESS && (best < 2.0 || *likeness >= 2.0));
    ranked
        .into_iter()
        .take(MAX_SUGGESTIONS)
        .map(|(_, label)| label)
        .collect()
}

/// The labels to consider; all of the model's if `asked` is empty.
///
/// # Errors
/// If a word is neither a label nor a set of labels of the model; the message suggests similar ones.
pub(crate) fn among(model: &Model, asked: &[String]) -> Result<Among> {
    let card = model.card();
    for word in asked {
        if card.labels_meant(word).is_empty() {
            let near = similar(&card.labels, word);
            let hint = match (near.is_empty(), card.label_sets()) {
                (false, _) => format!("did you mean {}?", near.join("; ")),
                (true, sets) if sets.is_empty() => "`hamiltone inspect` lists them".to_owned(),
                (true, sets) => format!(
                    "it has the sets {}, and `hamiltone inspect` lists the labels",
                    sets.join(", ")
                ),
            };
            bail!(
                "--among {word}: the model {} has no such label or set; {hint}",
                card.name
            );
        }
    }
    Ok(Among::new(card, asked))
}

/// Prints the measured accuracy of the model for these labels, if there is one.
pub(crate) fn show_measured_accuracy(among: &Among, progress: &Progress) {
    if let Some(accuracy) = among.worth() {
        progress.hint(accuracy);
    }
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
    fn suggestions_contain_the_word_or_are_spelled_like_it() {
        let labels = ["Guitar", "Bass guitar", "Sitar", "Speech", "Rain"].map(str::to_owned);
        assert_eq!(similar(&labels, "guit"), ["Guitar", "Bass guitar"]);
        assert_eq!(similar(&labels, "Gutar")[..2], ["Guitar", "Bass guitar"]);
        assert_eq!(similar(&labels, "spech"), ["Speech"]);
        assert!(similar(&labels, "xylophone").is_empty());
    }

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
