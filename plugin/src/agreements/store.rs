//! The agreements as a worker uses them.

use std::path::{Path, PathBuf};

use hamiltone_engine::model::FileSignature;

use super::{Agreements, Item, file};

/// The agreements in the file, and those that could not be written to it and end with this instance. Blocks while it
/// reads and writes: not for the audio thread.
#[derive(Debug, Default)]
pub struct Store {
    path: Option<PathBuf>,
    /// The file as it was last read.
    read: Option<FileSignature>,
    known: Agreements,
    /// Why the file could not be read or written.
    problem: Option<String>,
}

impl Store {
    /// For this file; nothing is remembered without one. It is first read by [`refresh`](Self::refresh).
    pub fn new(path: Option<PathBuf>) -> Self {
        Self {
            path,
            ..Self::default()
        }
    }

    /// For the [file of this machine](file::path).
    pub fn of_this_machine() -> Self {
        Self::new(file::path())
    }

    /// Reads the file again if it has changed. Returns whether the agreements have.
    pub fn refresh(&mut self) -> bool {
        let Some(path) = &self.path else { return false };
        let signature = FileSignature::of(path);
        if self.read.as_ref() == Some(&signature) {
            return false;
        }
        let outcome = file::read(path);
        self.read = Some(signature);
        match outcome {
            Ok(agreements) => {
                self.problem = None;
                let changed = agreements != self.known;
                self.known = agreements;
                changed
            }
            Err(error) => {
                self.problem = Some(problem(path, "read", &error));
                false
            }
        }
    }

    /// Whether this was agreed to.
    pub fn covers(&self, item: &Item) -> bool {
        self.known.cover(item)
    }

    /// Agrees to an item and remembers it. If it cannot be remembered, it holds for this instance.
    pub fn agree(&mut self, item: &Item) {
        self.refresh();
        if self.covers(item) {
            return;
        }
        self.known.add(item);
        let Some(path) = &self.path else { return };
        match file::add(path, item) {
            Ok(agreements) => {
                self.known = agreements;
                self.problem = None;
            }
            Err(error) => self.problem = Some(problem(path, "written", &error)),
        }
        self.read = Some(FileSignature::of(path));
    }

    /// Why the file could not be read or written.
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }
}

fn problem(path: &Path, what: &str, error: &std::io::Error) -> String {
    format!("{} cannot be {what}: {error}", path.display())
}
