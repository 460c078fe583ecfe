//! Which model runs: follows the settings, keeps the old one when a new one cannot be had.

use std::sync::Arc;

use hamiltone_engine::model::{FileSignature, Library, Model, ModelChoice, ModelError};

use crate::snapshot::{MenuEntry, ModelFacts, Trouble};

pub(super) struct Models {
    library: Library,
    running: Option<Running>,
    /// The choice that was last tried, whatever came of it.
    tried: Option<ModelChoice>,
    /// The files in the folders when they were last listed, and the chosen one, which may be elsewhere.
    listed: Option<Vec<FileSignature>>,
    chosen: Option<FileSignature>,
    pub(super) trouble: Option<Trouble>,
    /// Whether the built-in model steps in where another cannot be had.
    has_stand_in: bool,
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
            has_stand_in: true,
            menu: Arc::default(),
        }
    }

    /// For a second model beside the first: where it cannot be had, there is none.
    pub(super) fn second(library: Library) -> Self {
        Self {
            has_stand_in: false,
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
    /// Where it cannot be had, the old one stays, or the built-in one steps in, and
    /// [`trouble`](Self::trouble) says why.
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
                    None if !self.has_stand_in || is_quitting => false,
                    None => self.run(self.library.default_model()),
                };
                self.trouble = Some(self.in_words(choice, &error));
                changed
            }
        }
    }

    /// Looks which models there are, reading the cards of the files only if a file changed since the
    /// last look. A choice that could not be had is then tried again at the next look at the settings.
    pub(super) fn list(&mut self) {
        let chosen = self
            .tried
            .as_ref()
            .and_then(|choice| choice.path.as_deref())
            .map(FileSignature::of);
        let signature = Some(self.library.signature());
        let (folders_changed, chosen_changed) = (self.listed != signature, self.chosen != chosen);
        (self.listed, self.chosen) = (signature, chosen);
        // Reading all files takes time that the ring has to bridge; the second model's menu is the first one's.
        if folders_changed && self.has_stand_in {
            let entries = self.library.entries().into_iter();
            self.menu = entries.map(MenuEntry::of).collect();
        }
        if (folders_changed || chosen_changed) && self.trouble.is_some() {
            self.tried = None;
        }
    }

    /// The choice of a file by its path alone, with the name and the hash of what was found there:
    /// so that a session finds it again when the file has moved. `None` where nothing is to be added.
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
            ModelError::Missing(_, place) => (
                match &choice.hash {
                    Some(hash) => {
                        let hash: String = hash.chars().take(12).collect();
                        format!("Model missing: {name}, {hash}")
                    }
                    None => format!("Model missing: {name}"),
                },
                format!("Put its file into {place}, or choose another model."),
            ),
            error => (
                format!("Model cannot be used: {name}"),
                in_sentence(&error.to_string()),
            ),
        };
        Trouble {
            title,
            advice: if self.has_stand_in {
                format!("{advice} Meanwhile {running} runs.")
            } else {
                advice
            },
        }
    }
}

/// An error's message as a sentence among others.
fn in_sentence(message: &str) -> String {
    let mut letters = message.chars();
    let first = letters
        .next()
        .map(|letter| letter.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}

/// What to call a choice.
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
