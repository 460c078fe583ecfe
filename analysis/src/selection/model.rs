use std::io;
use std::path::Path;
use std::sync::Arc;

use hamiltone_engine::model::{Library, Model, ModelChoice, ModelError};

use super::similar::similar;

/// Why the file of a model cannot be used. The message does not name the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// There is no file.
    #[error("no such file")]
    Missing,
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(io::Error),
    /// A file of another kind.
    #[error("is not a model: models are .safetensors files made by hamiltone-training")]
    NotAModel,
    /// A model that is damaged, was made for another version, or costs too much.
    #[error(transparent)]
    Unusable(ModelError),
}

impl FileError {
    fn of(path: &Path, error: ModelError) -> Self {
        match error {
            ModelError::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Self::Missing
            }
            ModelError::Read { source, .. } => Self::Unreadable(source),
            ModelError::NotSafetensors(_) | ModelError::TooLarge { .. }
                if !has_ending_of_models(path) =>
            {
                Self::NotAModel
            }
            other => Self::Unusable(other),
        }
    }
}

/// Why a model cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SelectionError {
    /// The file of a model cannot be used.
    #[error("model {asked}: {source}")]
    File {
        /// The path.
        asked: String,
        /// The reason.
        source: FileError,
    },
    /// A model of this name exists and cannot be used.
    #[error("model {asked}: {reason}")]
    Unusable {
        /// The name.
        asked: String,
        /// The reason.
        reason: String,
    },
    /// There is no model of this name.
    #[error("there is no model {asked:?}; {}", hint(asked, available))]
    Unknown {
        /// The name.
        asked: String,
        /// The names of the models that can be used.
        available: Vec<String>,
    },
}

fn hint(asked: &str, available: &[String]) -> String {
    let near = similar(available.iter().map(String::as_str), asked);
    match near.is_empty() {
        false => format!("did you mean {}?", near.join(", ")),
        true => format!("there are {}", available.join(", ")),
    }
}

/// Opens the model in a file. Blocks.
///
/// # Errors
/// If it is not a complete model, or over the limits of the library.
pub fn open_file(library: &Library, path: &Path) -> Result<Arc<Model>, FileError> {
    let choice = ModelChoice {
        path: Some(path.to_owned()),
        ..ModelChoice::default()
    };
    let opened = library.open(&choice);
    opened.map_err(|error| FileError::of(path, error))
}

/// Opens a model by name or file. An argument with a folder or the ending `.safetensors` is a path; any other is a name,
/// else a file. Blocks.
///
/// # Errors
/// If it does not exist (the message suggests similar names, or lists all), is not a complete model, or is over the limits of
/// the library.
pub fn open(library: &Library, asked: &str) -> Result<Arc<Model>, SelectionError> {
    let by_path = || {
        open_file(library, Path::new(asked)).map_err(|source| SelectionError::File {
            asked: asked.to_owned(),
            source,
        })
    };
    if looks_like_a_path(asked) {
        return by_path();
    }
    let choice = ModelChoice {
        name: Some(asked.to_owned()),
        ..ModelChoice::default()
    };
    library.open(&choice).or_else(|error| {
        if Path::new(asked).exists() {
            return by_path();
        }
        Err(not_opened(library, asked, &error))
    })
}

/// Why there is no model of this name, or why it cannot be opened.
fn not_opened(library: &Library, asked: &str, error: &ModelError) -> SelectionError {
    let (usable, damaged): (Vec<_>, Vec<_>) = library
        .entries()
        .into_iter()
        .partition(|entry| entry.summary.is_ok());
    let asked = asked.to_owned();
    // A damaged file has no card, so its name is that of the file.
    let found = damaged.into_iter().find(|entry| entry.name == asked);
    if let Some(reason) = found.and_then(|entry| entry.summary.err()) {
        return SelectionError::Unusable { asked, reason };
    }
    match error {
        ModelError::Missing(..) => SelectionError::Unknown {
            asked,
            available: usable.into_iter().map(|entry| entry.name).collect(),
        },
        other => SelectionError::Unusable {
            asked,
            reason: other.to_string(),
        },
    }
}

/// Whether a model is named by a path, not by its name.
pub fn looks_like_a_path(text: &str) -> bool {
    let path = Path::new(text);
    path.components().count() > 1 || has_ending_of_models(path)
}

fn has_ending_of_models(path: &Path) -> bool {
    path.extension()
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

    #[test]
    fn an_unknown_name_has_a_hint() {
        let available = ["general".to_owned(), "esc10".to_owned()];
        let message = |asked: &str| {
            let (asked, available) = (asked.to_owned(), available.to_vec());
            SelectionError::Unknown { asked, available }.to_string()
        };
        assert_eq!(
            message("genral"),
            "there is no model \"genral\"; did you mean general?"
        );
        assert_eq!(
            message("xylo"),
            "there is no model \"xylo\"; there are general, esc10"
        );
    }
}
