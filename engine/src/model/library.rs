//! Finding and loading models: those inside the program, then those in folders.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, TryLockError, Weak};
use std::time::{Duration, SystemTime};

use hamiltone_models::BUILT_IN;
use serde::{Deserialize, Serialize};

use super::card::Card;
use super::cost::Limits;
use super::error::ModelError;
use super::file::{ModelFile, read_bytes};
use super::hash::sha256;
use super::loaded::{LoadOptions, Model};
use crate::Interrupt;

const ENDING: &str = "safetensors";

/// Loaded models by hash, so that instances share weights. Weak: the last user frees them.
static LOADED: LazyLock<Mutex<HashMap<String, Weak<Model>>>> = LazyLock::new(Mutex::default);
/// Held while a model is loaded.
static LOADING: Mutex<()> = Mutex::new(());
/// Interval for checking whether another load has ended, or this one was interrupted.
const LOADING_PAUSE: Duration = Duration::from_millis(5);

/// The model that a session or a person asks for. All `None`: the default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelChoice {
    /// The card's name.
    pub name: Option<String>,
    /// SHA-256 of the file; found by it even where the file was renamed or moved.
    pub hash: Option<String>,
    /// The last known path of the file.
    pub path: Option<PathBuf>,
}

/// Where a model was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelSource {
    /// Inside the program.
    BuiltIn,
    /// In this file.
    File(PathBuf),
}

/// A model that can be chosen, or a file that cannot and why.
#[derive(Debug, Clone)]
pub struct LibraryEntry {
    /// The card's name; of a bad file, the file's name.
    pub name: String,
    /// Where it was found.
    pub source: ModelSource,
    /// SHA-256 of the file (empty where it could not be read).
    pub hash: String,
    /// Its card, or why it cannot be used.
    pub summary: Result<Card, String>,
}

impl LibraryEntry {
    /// The choice that finds this entry again.
    pub fn choice(&self) -> ModelChoice {
        let path = match &self.source {
            ModelSource::BuiltIn => None,
            ModelSource::File(path) => Some(path.clone()),
        };
        ModelChoice {
            name: Some(self.name.clone()),
            hash: Some(self.hash.clone()),
            path,
        }
    }
}

/// Distinguishes versions of a file without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSignature {
    path: PathBuf,
    /// Time of change and size; `None` where the file is not there.
    state: Option<(SystemTime, u64)>,
}

impl FileSignature {
    /// Reads the metadata of a file, which need not exist.
    pub fn of(path: &Path) -> Self {
        let metadata = std::fs::metadata(path).ok();
        let state = metadata.and_then(|m| Some((m.modified().ok()?, m.len())));
        Self {
            path: path.to_owned(),
            state,
        }
    }
}

/// The built-in models and the `*.safetensors` in some folders. Reads files, so not for the audio
/// or the panel's thread.
#[derive(Debug, Clone, Default)]
pub struct Library {
    folders: Vec<PathBuf>,
    options: LoadOptions,
}

impl Library {
    /// The built-in models and those in [`user_folder`].
    pub fn new() -> Self {
        Self::with_folders(user_folder().into_iter().collect())
    }

    /// The built-in models and those in `folders`, which need not exist.
    pub fn with_folders(folders: Vec<PathBuf>) -> Self {
        Self {
            folders,
            options: LoadOptions::default(),
        }
    }

    /// The same with limits of the caller's in place of [those of the environment](Limits::from_environment).
    /// They do not apply to the built-in models.
    pub fn within(mut self, limits: Limits) -> Self {
        self.options.limits = limits;
        self
    }

    /// The same; what it reads and loads ends early once `interrupt` is raised.
    pub fn interrupted_by(mut self, interrupt: Interrupt) -> Self {
        self.options.interrupt = interrupt;
        self
    }

    /// Whether `path` lies in one of the folders, by its name alone: reads nothing. A path with `..` does not.
    pub fn holds(&self, path: &Path) -> bool {
        let goes_up = path.components().any(|part| part == Component::ParentDir);
        let in_folder = |folder: &PathBuf| folder.is_absolute() && path.starts_with(folder);
        !goes_up && self.folders.iter().any(in_folder)
    }

    /// Everything that can be chosen: the built-in models, then each folder's files by name. A
    /// file that is no model is listed with the reason. Blocks while it reads.
    pub fn entries(&self) -> Vec<LibraryEntry> {
        let built_in = BUILT_IN
            .iter()
            .map(|bytes| entry(ModelSource::BuiltIn, Ok(bytes.to_vec()), &Limits::NONE));
        let files = self.files().into_iter().map(|path| {
            let bytes = self.options.go_on().and_then(|()| read_bytes(&path));
            entry(ModelSource::File(path), bytes, &self.options.limits)
        });
        built_in.chain(files).collect()
    }

    /// Name, time of change and size of each file in the folders: as long as that stays the same,
    /// [`entries`](Self::entries) says the same. Reads no file's contents, so it is cheap to ask often.
    pub fn signature(&self) -> Vec<FileSignature> {
        self.files()
            .iter()
            .map(|path| FileSignature::of(path))
            .collect()
    }

    /// Finds and loads a model: by hash in the program and the folders, then by path, then by
    /// name. A hash that is found nowhere does not fall back to a name with other contents
    /// unless the choice names no hash.
    ///
    /// # Errors
    /// If no such model is found, the file fails a check or costs more than the limits, or loading was interrupted.
    pub fn open(&self, choice: &ModelChoice) -> Result<Arc<Model>, ModelError> {
        if let Some(hash) = &choice.hash {
            if let Some(model) = loaded(hash) {
                return Ok(model);
            }
            let found = self.find(choice.path.as_deref(), |bytes| sha256(bytes) == *hash)?;
            return match found {
                Some(bytes) => load(bytes, &self.options),
                None => Err(self.missing(choice)),
            };
        }
        if let Some(path) = &choice.path {
            return load(read_bytes(path)?.into(), &self.options);
        }
        match &choice.name {
            None => built_in(),
            Some(name) => {
                let named = |bytes: &[u8]| {
                    ModelFile::from_bytes(bytes).is_ok_and(|file| file.card.name == *name)
                };
                match self.find(None, named)? {
                    Some(bytes) => load(bytes, &self.options),
                    None => Err(self.missing(choice)),
                }
            }
        }
    }

    /// The default model, which is inside the program.
    ///
    /// # Panics
    /// If the built-in model is damaged, which a test excludes.
    pub fn default_model(&self) -> Arc<Model> {
        built_in().expect("the model inside the program is whole")
    }

    fn missing(&self, choice: &ModelChoice) -> ModelError {
        let name = choice.name.as_deref().unwrap_or("(no name)");
        let hash = choice
            .hash
            .as_deref()
            .map(|hash| format!(", {}", hash.chars().take(12).collect::<String>()));
        let folders: Vec<_> = self
            .folders
            .iter()
            .map(|f| f.display().to_string())
            .collect();
        let where_to = if folders.is_empty() {
            "a folder of models".into()
        } else {
            folders.join(" or ")
        };
        ModelError::Missing(format!("{name}{}", hash.unwrap_or_default()), where_to)
    }

    /// The bytes of the first file that `wanted` accepts: built in, at `first`, in the folders.
    fn find(
        &self,
        first: Option<&Path>,
        wanted: impl Fn(&[u8]) -> bool,
    ) -> Result<Option<Cow<'static, [u8]>>, ModelError> {
        if let Some(bytes) = BUILT_IN.iter().find(|bytes| wanted(bytes)) {
            return Ok(Some(Cow::Borrowed(bytes)));
        }
        for path in first.map(Path::to_owned).into_iter().chain(self.files()) {
            self.options.go_on()?;
            match read_bytes(&path) {
                Ok(bytes) if wanted(&bytes) => return Ok(Some(bytes.into())),
                _ => {}
            }
        }
        Ok(None)
    }

    fn files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        for folder in &self.folders {
            let Ok(listing) = std::fs::read_dir(folder) else {
                continue;
            };
            let mut paths: Vec<PathBuf> = listing.flatten().map(|entry| entry.path()).collect();
            paths.retain(|path| path.extension().is_some_and(|ending| ending == ENDING));
            paths.sort();
            files.append(&mut paths);
        }
        files
    }
}

/// `$HAMILTONE_MODELS`, else the platform's folder for a user's data with `hamiltone/models`.
pub fn user_folder() -> Option<PathBuf> {
    let from = |variable: &str| {
        std::env::var_os(variable)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    if let Some(folder) = from("HAMILTONE_MODELS") {
        return Some(folder);
    }
    let data = if cfg!(windows) {
        from("APPDATA")
    } else if cfg!(target_os = "macos") {
        from("HOME").map(|home| home.join("Library/Application Support"))
    } else {
        from("XDG_DATA_HOME").or_else(|| from("HOME").map(|home| home.join(".local/share")))
    };
    data.map(|data| data.join("hamiltone").join("models"))
}

fn entry(source: ModelSource, bytes: Result<Vec<u8>, ModelError>, limits: &Limits) -> LibraryEntry {
    let summary = bytes
        .as_ref()
        .map_err(ToString::to_string)
        .and_then(|bytes| {
            ModelFile::within(bytes, limits)
                .map(|file| file.card)
                .map_err(|error| error.to_string())
        });
    let file_name = match &source {
        ModelSource::BuiltIn => None,
        ModelSource::File(path) => path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned()),
    };
    let name = summary
        .as_ref()
        .map_or_else(|_| file_name.unwrap_or_default(), |card| card.name.clone());
    let hash = bytes.map_or_else(|_| String::new(), |bytes| sha256(&bytes));
    LibraryEntry {
        name,
        source,
        hash,
        summary,
    }
}

fn loaded(hash: &str) -> Option<Arc<Model>> {
    LOADED
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .get(hash)
        .and_then(Weak::upgrade)
}

/// The default model, without limits.
fn built_in() -> Result<Arc<Model>, ModelError> {
    let options = LoadOptions {
        limits: Limits::NONE,
        ..LoadOptions::default()
    };
    load(BUILT_IN[0].into(), &options)
}

/// The model with these bytes: the one that is already loaded, or a new one.
fn load(bytes: Cow<'static, [u8]>, options: &LoadOptions) -> Result<Arc<Model>, ModelError> {
    let hash = sha256(&bytes);
    if let Some(model) = loaded(&hash) {
        return Ok(model);
    }
    // One at a time: a session of many instances would load one model as many times at once.
    let _loading = loop {
        options.go_on()?;
        match LOADING.try_lock() {
            Ok(loading) => break loading,
            Err(TryLockError::Poisoned(loading)) => break loading.into_inner(),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOADING_PAUSE),
        }
    };
    if let Some(model) = loaded(&hash) {
        return Ok(model);
    }
    let is_built_in = matches!(bytes, Cow::Borrowed(_));
    let options = LoadOptions {
        limits: if is_built_in {
            Limits::NONE
        } else {
            options.limits
        },
        ..options.clone()
    };
    let model = Arc::new(Model::load(bytes, &options)?);
    let mut list = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    list.retain(|_, model| model.strong_count() > 0);
    list.insert(hash, Arc::downgrade(&model));
    Ok(model)
}
