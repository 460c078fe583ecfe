//! Loads the model that the settings choose; keeps the previous one if that fails.

use std::sync::Arc;

use hamiltone_engine::model::{FileSignature, Library, Model, ModelChoice, ModelError};

use crate::snapshot::{MenuEntry, ModelFacts, Trouble};

pub(super) struct Models {
    library: Library,
    running: Option<Running>,
    /// The choice that was last tried, successfully or not.
    tried: Option<ModelChoice>,
    /// The files in the model folders at the last scan, and the chosen file, which may be elsewhere.
    listed: Option<Vec<FileSignature>>,
    chosen: Option<FileSignature>,
    pub(super) trouble: Option<Trouble>,
    /// Whether the built-in model runs if the chosen one cannot be loaded.
    has_fallback: bool,
    pub(super) menu: Arc<[MenuEntry]>,
}

struct Running {
    model: Arc<Model>,
    facts: Arc<ModelFacts>,
}

impl Models {
    pub(super) fn new(library: Library) -> Self {
        Self {
            library,
            running: None,
            tried: None,
            listed: None,
            chosen: None,
            trouble: None,
            has_fallback: true,
            menu: Arc::default(),
        }
    }

    /// For a second model beside the first, without a fallback.
    pub(super) fn second(library: Library) -> Self {
        Self {
            has_fallback: false,
            ..Self::new(library)
        }
    }

    pub(super) fn model(&self) -> Option<&Arc<Model>> {
        self.running.as_ref().map(|running| &running.model)
    }

    pub(super) fn facts(&self) -> Option<&Arc<ModelFacts>> {
        self.running.as_ref().map(|running| &running.facts)
    }

    /// Whether `choice` has not been tried yet.
    pub(super) fn is_new(&self, choice: &ModelChoice) -> bool {
        self.tried.as_ref() != Some(choice)
    }

    /// Loads `choice` (blocks: reads and checks the file). Returns whether another model runs now.
    /// On an error the previous model stays, or the built-in one runs, and [`trouble`](Self::trouble) says why.
    pub(super) fn load(&mut self, choice: &ModelChoice) -> bool {
        self.tried = Some(choice.clone());
        match self.library.open(choice) {
            Ok(model) => {
                self.trouble = None;
                self.run(model)
            }
            Err(error) => {
                let is_quitting = matches!(error, ModelError::Interrupted);
                let changed = match self.running {
                    Some(_) => false,
                    None if !self.has_fallback || is_quitting => false,
                    None => self.run(self.library.default_model()),
                };
                self.trouble = Some(self.in_words(choice, &error));
                changed
            }
        }
    }

    /// Scans the model folders; reads the cards of the files only if a file changed since the last scan. A choice
    /// that failed is then tried again.
    pub(super) fn list(&mut self) {
        let chosen = self
            .tried
            .as_ref()
            .and_then(|choice| choice.path.as_deref())
            .map(FileSignature::of);
        let signature = Some(self.library.signature());
        let (folders_changed, chosen_changed) = (self.listed != signature, self.chosen != chosen);
        (self.listed, self.chosen) = (signature, chosen);
        // Reading all files takes time that the ring has to bridge; the second model uses the menu of the first.
        if folders_changed && self.has_fallback {
            let entries = self.library.entries().into_iter();
            self.menu = entries.map(MenuEntry::of).collect();
        }
        if (folders_changed || chosen_changed) && self.trouble.is_some() {
            self.tried = None;
        }
    }

    /// A choice by path alone, completed with the name and hash of the file, so that a session finds the file again
    /// after it moved. `None` if there is nothing to add.
    pub(super) fn completed(&mut self, choice: &ModelChoice) -> Option<ModelChoice> {
        if self.trouble.is_some() || choice.path.is_none() || choice.hash.is_some() {
            return None;
        }
        let facts = self.facts()?;
        let complete = ModelChoice {
            name: Some(facts.name.clone()),
            hash: Some(facts.hash.clone()),
            path: choice.path.clone(),
        };
        self.tried = Some(complete.clone());
        Some(complete)
    }

    fn run(&mut self, model: Arc<Model>) -> bool {
        let same = self
            .model()
            .is_some_and(|running| running.hash() == model.hash());
        if !same {
            let facts = Arc::new(ModelFacts::of(&model));
            self.running = Some(Running { model, facts });
        }
        !same
    }

    fn in_words(&self, choice: &ModelChoice, error: &ModelError) -> Trouble {
        let name = name_of(choice);
        let running = self.facts().map_or("nothing", |facts| facts.name.as_str());
        let (title, advice) = match error {
            ModelError::Missing(_, folder) => (
                match &choice.hash {
                    Some(hash) => {
                        let hash: String = hash.chars().take(12).collect();
                        format!("Model missing: {name}, {hash}")
                    }
                    None => format!("Model missing: {name}"),
                },
                format!("Copy its file to {folder}, or choose another model."),
            ),
            error => (
                format!("Model cannot be used: {name}"),
                in_sentence(&error.to_string()),
            ),
        };
        Trouble {
            title,
            advice: if self.has_fallback {
                format!("{advice} Until then, {running} is used.")
            } else {
                advice
            },
        }
    }
}

/// An error message as a sentence.
fn in_sentence(message: &str) -> String {
    let mut letters = message.chars();
    let first = letters
        .next()
        .map(|letter| letter.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}

/// A name for a choice.
pub(super) fn name_of(choice: &ModelChoice) -> String {
    let stem = || {
        Some(
            choice
                .path
                .as_ref()?
                .file_stem()?
                .to_string_lossy()
                .into_owned(),
        )
    };
    let hash = || Some(choice.hash.as_ref()?.chars().take(12).collect());
    choice
        .name
        .clone()
        .or_else(stem)
        .or_else(hash)
        .unwrap_or_else(|| "built-in model".to_owned())
}
