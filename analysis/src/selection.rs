//! The model and the labels that a person asks for.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hamiltone_engine::model::{Among, Library, Model, ModelChoice, ModelError};

/// Labels that are suggested for an unknown one.
const MAX_SUGGESTIONS: usize = 6;

/// Jaro-Winkler similarity from which a label is suggested, 0 to 1.
const LEAST_LIKENESS: f64 = 0.88;

/// Why a model cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SelectionError {
    /// The file of a model, or a damaged model of a known name, cannot be used.
    #[error("model {asked}: {source}")]
    Unusable {
        /// The name or the path.
        asked: String,
        /// The reason.
        source: ModelError,
    },
    /// A model of a folder is damaged.
    #[error("model {name}: {reason}")]
    Damaged {
        /// The name of the file.
        name: String,
        /// The reason.
        reason: String,
    },
    /// There is no model of this name.
    #[error("{source}. Available: {}", available.join(", "))]
    Unknown {
        /// The reason.
        source: ModelError,
        /// The names of the models that can be used.
        available: Vec<String>,
    },
}

/// Opens the model in a file. Blocks.
///
/// # Errors
/// If it is not a complete model, or over the limits of the library.
pub fn open_file(library: &Library, path: &Path) -> Result<Arc<Model>, ModelError> {
    library.open(&ModelChoice {
        path: Some(path.to_owned()),
        ..ModelChoice::default()
    })
}

/// Opens a model by name or file. An argument with a folder or the ending `.safetensors` is a path; any other is a name,
/// else a file. Blocks.
///
/// # Errors
/// If it does not exist (the message lists the models), is not a complete model, or is over the limits of the library.
pub fn open(library: &Library, asked: &str) -> Result<Arc<Model>, SelectionError> {
    let by_path = |path: PathBuf| {
        open_file(library, &path).map_err(|source| SelectionError::Unusable {
            asked: asked.to_owned(),
            source,
        })
    };
    if looks_like_a_path(asked) {
        return by_path(asked.into());
    }
    let choice = ModelChoice {
        name: Some(asked.to_owned()),
        ..ModelChoice::default()
    };
    library.open(&choice).or_else(|source| {
        if Path::new(asked).exists() {
            return by_path(asked.into());
        }
        let (usable, damaged): (Vec<_>, Vec<_>) = library
            .entries()
            .into_iter()
            .partition(|entry| entry.summary.is_ok());
        // A damaged file has no card, so its name is that of the file.
        let found = damaged.into_iter().find(|entry| entry.name == asked);
        if let Some(reason) = found.and_then(|entry| entry.summary.err()) {
            return Err(SelectionError::Damaged {
                name: asked.to_owned(),
                reason,
            });
        }
        let available = usable.into_iter().map(|entry| entry.name).collect();
        Err(SelectionError::Unknown { source, available })
    })
}

/// A word that is neither a label nor a set of labels of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownLabel {
    word: String,
    model: String,
    similar: Vec<String>,
    sets: Vec<String>,
}

impl UnknownLabel {
    /// The message, without the option that the word was given with. `listed_by` names what lists the labels.
    pub fn message(&self, listed_by: &str) -> String {
        let Self {
            word,
            model,
            similar,
            sets,
        } = self;
        let hint = match (similar.is_empty(), sets.is_empty()) {
            (false, _) => format!("did you mean {}?", similar.join("; ")),
            (true, true) => format!("{listed_by} lists them"),
            (true, false) => {
                let sets = sets.join(", ");
                format!("it has the sets {sets}, and {listed_by} lists the labels")
            }
        };
        format!("{word}: the model {model} has no such label or set; {hint}")
    }
}

/// The labels to consider; all of the model's if `asked` is empty.
///
/// # Errors
/// If a word is neither a label nor a set of labels of the model.
pub fn among(model: &Model, asked: &[String]) -> Result<Among, UnknownLabel> {
    let card = model.card();
    let unknown = |word: &&String| card.labels_meant(word).is_empty();
    if let Some(word) = asked.iter().find(unknown) {
        let names = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
        return Err(UnknownLabel {
            word: word.clone(),
            model: card.name.clone(),
            similar: names(similar(&card.labels, word)),
            sets: names(card.label_sets()),
        });
    }
    Ok(Among::new(card, asked))
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

/// Whether a model is named by a path, not by its name.
pub fn looks_like_a_path(text: &str) -> bool {
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
