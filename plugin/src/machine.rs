//! What this machine remembers for all sessions: whether the introduction was read, and the models that were used last.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use hamiltone_engine::model::ModelChoice;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::agreements;

/// The name of the file.
const FILE: &str = "panel.json";
/// A longer file is not ours.
const MAX_BYTES: u64 = 64 << 10;
/// So many models are remembered.
const RECENT: usize = 3;

/// What the panel remembers on this machine. Fields of newer programs are kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Machine {
    /// Whether the line that introduces the model was closed.
    pub introduced: bool,
    /// The models that were chosen last, the newest first, each once.
    pub recent: Vec<ModelChoice>,
    /// Fields of newer programs.
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

impl Machine {
    /// Reads the file; nothing is remembered where there is none or it cannot be read. Blocks.
    pub fn read(folder: Option<&Path>) -> Self {
        let read = |folder: &Path| {
            let path = folder.join(FILE);
            let small =
                fs::metadata(&path).is_ok_and(|file| file.is_file() && file.len() <= MAX_BYTES);
            let text = fs::read(path).ok().filter(|_| small)?;
            serde_json::from_slice(&text).ok()
        };
        folder.and_then(read).unwrap_or_default()
    }

    /// Makes a change and writes the file. What other instances wrote meanwhile stays. Blocks.
    ///
    /// # Errors
    /// If it cannot be written; the change then holds for this instance alone.
    pub fn change(&mut self, folder: Option<&Path>, change: impl Fn(&mut Self)) -> io::Result<()> {
        change(self);
        let Some(folder) = folder else {
            return Ok(());
        };
        let mut newest = Self::read(Some(folder));
        change(&mut newest);
        fs::create_dir_all(folder)?;
        let text = serde_json::to_vec_pretty(&newest)?;
        *self = newest;
        hamiltone_exports::replace(&folder.join(FILE), |file| file.write_all(&text))
    }

    /// Remembers a model as the one that was used last.
    pub fn use_model(&mut self, choice: &ModelChoice) {
        self.recent.retain(|known| known != choice);
        self.recent.insert(0, choice.clone());
        self.recent.truncate(RECENT);
    }
}

/// The folder of the file: that of the agreements ([`agreements::file::path`]).
pub fn folder() -> Option<PathBuf> {
    Some(agreements::file::path()?.parent()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(name: &str) -> ModelChoice {
        ModelChoice {
            name: Some(name.to_owned()),
            ..ModelChoice::default()
        }
    }

    #[test]
    fn what_was_remembered_is_there_for_the_next_instance() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("hamiltone");
        let mut first = Machine::read(Some(&folder));
        assert_eq!(first, Machine::default());
        let mut second = first.clone();
        first
            .change(Some(&folder), |machine| machine.introduced = true)
            .unwrap();
        for name in ["a", "b", "c", "d", "b"] {
            let change = |machine: &mut Machine| machine.use_model(&choice(name));
            second.change(Some(&folder), change).unwrap();
        }
        let third = Machine::read(Some(&folder));
        assert!(third.introduced, "the second instance did not undo it");
        assert_eq!(third.recent, ["b", "d", "c"].map(choice));
        assert_eq!(third, second);
    }

    #[test]
    fn damaged_files_and_fields_of_newer_programs_do_no_harm() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        for text in ["", "[1]", "{\"introduced\": 7}", &"x".repeat(100_000)] {
            fs::write(&path, text).unwrap();
            assert_eq!(Machine::read(Some(folder.path())), Machine::default());
        }
        fs::write(&path, r#"{"introduced": true, "colour": "green"}"#).unwrap();
        let mut machine = Machine::read(Some(folder.path()));
        machine
            .change(Some(folder.path()), |machine| {
                machine.use_model(&choice("a"))
            })
            .unwrap();
        assert!(fs::read_to_string(&path).unwrap().contains("green"));
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_an_error_and_the_change_holds() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut machine = Machine::default();
        let result = machine.change(Some(file.path()), |machine| machine.introduced = true);
        assert!(result.is_err() && machine.introduced);
    }
}
