//! What each fuzz target does with its input: reads it as the product would, and panics if a promise is broken.
//!
//! `fuzz/README.md` says how to run them: by libFuzzer (`fuzz/`), or by `mutate`, which needs only the stable compiler.
#![forbid(unsafe_code)]

#[path = "../../cli/src/entry.rs"]
#[allow(dead_code, unused_imports)] // the command uses the rest
#[rustfmt::skip] // formatted with the command
mod entry;
#[cfg(not(test))] // its tests belong to the command
#[path = "../../cli/src/journal.rs"]
#[allow(dead_code, unused_imports)] // the command uses the rest
#[rustfmt::skip] // formatted with the command
mod journal_source;
#[path = "../../cli/src/shard.rs"]
#[allow(dead_code, unused_imports)] // the command uses the rest
#[rustfmt::skip] // formatted with the command
mod shard;

/// What `journal.rs` needs of the module of this name in the command.
#[cfg(not(test))]
mod outputs {
    pub(crate) const JOURNAL: &str = "hamiltone-journal.jsonl";
}

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use hamiltone_decoding::AudioFile;
use hamiltone_engine::model::{Limits, LoadOptions, Model};
use hamiltone_engine::tagging::Tagger;
use hamiltone_plugin::agreements::{Agreements, Item};
use hamiltone_plugin::params::sanitize;
use hamiltone_plugin::settings::{NoteMap, Settings};
use hamiltone_training::dataset::{Dataset, Task};
use hamiltone_training::recipe::Recipe;
use nice_plug::plugin::PluginState;

/// Panics that are caught (a decoder's) are no findings: they are neither printed nor end the run. libFuzzer ends at
/// those that reach it.
pub fn silence_panics() {
    std::panic::set_hook(Box::new(|_| ()));
}

/// A folder of this process, in memory where there is such a file system.
fn folder() -> &'static Path {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() {
            memory.to_owned()
        } else {
            std::env::temp_dir()
        };
        let name = format!("hamiltone-fuzz-{}", std::process::id());
        let folder = parent.join(name);
        std::fs::create_dir_all(&folder).expect("a folder for files");
        folder
    });
    &FOLDER
}

fn write(name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder().join(name);
    std::fs::write(&path, bytes).expect("a file to read");
    path
}

/// A model file: refused, or tags are probabilities.
pub fn model_file(bytes: &[u8]) {
    let options = LoadOptions {
        limits: Limits {
            multiply_adds_per_second: 50_000_000,
            memory_bytes: 50_000_000,
        },
        ..LoadOptions::default()
    };
    let Ok(model) = Model::load(bytes.into(), &options) else {
        return;
    };
    let labels = model.card().labels.len();
    let mut tagger = Tagger::new(Arc::new(model), 16_000, 1.0).expect("a usual rate");
    let samples: Vec<f32> = (0..16_000).map(|n| (n % 97) as f32 / 97.0 - 0.5).collect();
    tagger.push(&samples, &mut |tags| {
        assert_eq!(tags.probabilities.len(), labels);
        assert!(tags.probabilities.iter().all(|p| (0.0..=1.0).contains(p)));
    });
}

/// The JSON of a saved session: what is loaded can be saved and is loaded again as the same.
pub fn plugin_state(bytes: &[u8]) {
    let Ok(mut state) = serde_json::from_slice::<PluginState>(bytes) else {
        return;
    };
    sanitize(&mut state);
    if let Some(field) = state.fields.get("settings") {
        settings(field.as_bytes());
    }
    serde_json::to_vec(&state).expect("a state that can be saved");
}

/// The settings of a session, and the agreements of a machine.
pub fn settings(bytes: &[u8]) {
    if let Ok(agreements) = serde_json::from_slice::<Agreements>(bytes) {
        for path in ["", "out", "../out", "/music/../out"] {
            assert!(!agreements.cover(&Item::Folder(path.into())));
            assert!(!agreements.cover(&Item::Model(path.into())));
        }
        serde_json::to_vec(&agreements).expect("agreements that can be saved");
    }
    let Ok(settings) = serde_json::from_slice::<Settings>(bytes) else {
        return;
    };
    assert!(!settings.bounce_formats().is_empty());
    let labels: Vec<String> = (0..2_500).map(|label| label.to_string()).collect();
    let likely: Vec<usize> = (0..labels.len()).rev().collect();
    let notes = NoteMap::new(&settings.notes, &labels, &likely);
    for label in [0, 1, 127, 526, 2_499, 100_000] {
        let note = notes.get(label);
        assert!(note.is_none_or(|note| note.channel < 16 && note.key < 128));
    }
    let _ = settings.osc.parse_destination(&settings.osc.destination());
    let saved = serde_json::to_string(&settings).expect("settings that can be saved");
    let again: Settings = serde_json::from_str(&saved).expect("saved settings that can be read");
    let saved_again = serde_json::to_string(&again).expect("settings that can be saved");
    assert_eq!(saved, saved_again);
}

/// An audio file: an error, or finite samples, not for longer than a minute.
pub fn audio(bytes: &[u8]) {
    let path = write("audio", bytes);
    let Ok(mut file) = AudioFile::open(&path) else {
        return;
    };
    let most = 60 * u64::from(file.sample_rate());
    while let Ok(Some(samples)) = file.next_mono() {
        assert!(samples.iter().all(|sample| sample.is_finite()));
        if file.frames_so_far() > most {
            break;
        }
    }
    let _ = file.warnings();
}

/// The journal of an output folder: entries that are found can be read, and others can be added.
#[cfg(not(test))]
pub fn journal(bytes: &[u8]) {
    write(outputs::JOURNAL, bytes);
    let journal = journal_source::Journal::open(folder(), outputs::JOURNAL)
        .expect("a journal that can be opened");
    for stem in journal.unfinished() {
        let _ = stem;
    }
    // By their text, in which newer fields may be missing.
    let settings = r#"{"model_hash":"model","window_s":2.0,"threshold":0.3,"formats":["json"]}"#;
    let settings: entry::Settings = serde_json::from_str(settings).expect("settings of a run");
    let hash = "1".repeat(64);
    let _ = journal.find(Path::new("a.wav"), &hash, &settings);
    journal
        .begin_run("0123456789abcdef")
        .expect("a journal that can be written");
    let mut new = entry::Entry::started(Path::new("new.wav"), settings.clone());
    new.sha256 = hash.clone();
    journal.add(&new).expect("a journal that can be written");
    let again = journal_source::Journal::open(folder(), outputs::JOURNAL)
        .expect("a journal that can be opened");
    assert!(
        again.find(Path::new("new.wav"), &hash, &settings).is_some(),
        "an entry was lost"
    );
    assert!(again.runs().contains("0123456789abcdef"));
}

/// The list of a data set.
pub fn metadata(bytes: &[u8]) {
    write("metadata.csv", bytes);
    for task in [Task::Esc10, Task::Gtzan, Task::Urbansound8k] {
        let _ = Dataset::open(folder(), task);
    }
}

/// A recipe: refused, or a network can be planned from it.
pub fn recipe(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Ok(settings) = toml::from_str::<toml::Table>(text) else {
        return;
    };
    let Ok(recipe) = Recipe::from_settings(settings) else {
        return;
    };
    let architecture = recipe.architecture(10);
    let _ = architecture.multiply_adds_per_second(&recipe.features());
    let saved = toml::to_string(&recipe).expect("a recipe that can be saved");
    let again = toml::from_str(&saved).expect("a recipe that can be read");
    Recipe::from_settings(again).expect("a saved recipe that is valid");
}
