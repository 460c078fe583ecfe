//! What an output folder already holds: a line for each file that was analysed, so that a run that was
//! stopped, or is given again over a library that grew, does only what is new.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Mutex;

use hamiltone_engine::timeline::{Answer, Tag, Timeline};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::means::Means;
use crate::outputs::JOURNAL;

/// The version of the journal and the summary. It rises when a field changes its meaning or goes.
pub(crate) const JOURNAL_VERSION: u32 = 1;

/// Labels that an entry names.
pub(crate) const TOP: usize = 3;

/// What a result depends on, beside the sound.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) model_hash: String,
    pub(crate) window_s: f32,
    /// Places of the labels that competed; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) among: Vec<usize>,
    /// Probability from which a label is an event.
    #[serde(default = "usual_threshold")]
    pub(crate) threshold: f32,
    pub(crate) formats: Vec<String>,
}

/// What it was before it could be chosen.
fn usual_threshold() -> f32 {
    0.5
}

/// A file that was analysed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) format_version: u32,
    /// Where its results are, below the folder, without their endings: two inputs of one name have
    /// results of different names.
    pub(crate) place: String,
    /// Of the file's contents; empty where its results are only being written.
    pub(crate) sha256: String,
    #[serde(flatten)]
    pub(crate) settings: Settings,
    pub(crate) duration_s: f64,
    pub(crate) events: usize,
    /// The labels with the highest mean probabilities.
    pub(crate) top: Vec<Tag>,
    /// The label that leads by these means. Entries of older programs have none.
    #[serde(default)]
    pub(crate) leading: Option<Answer>,
}

impl Entry {
    pub(crate) fn new(
        place: &Path,
        sha256: String,
        settings: Settings,
        timeline: &Timeline,
        means: &Means,
        leading: Option<Answer>,
    ) -> Self {
        let tag = |(label, probability): (usize, f32)| Tag {
            label: timeline.labels[label].clone(),
            probability,
        };
        Self {
            format_version: JOURNAL_VERSION,
            place: place.to_string_lossy().into_owned(),
            sha256,
            settings,
            duration_s: timeline.duration_s,
            events: timeline.events.len(),
            top: means.top(TOP).into_iter().map(tag).collect(),
            leading,
        }
    }

    /// Says that what lies at this place is about to be written over. If the run ends before it says
    /// what with, no older entry is true any more.
    pub(crate) fn beginning(place: &Path, settings: Settings) -> Self {
        Self {
            format_version: JOURNAL_VERSION,
            place: place.to_string_lossy().into_owned(),
            sha256: String::new(),
            settings,
            duration_s: 0.0,
            events: 0,
            top: Vec::new(),
            leading: None,
        }
    }

    /// Whether these contents with these settings would give the same, formats aside.
    fn is_of(&self, sha256: &str, settings: &Settings) -> bool {
        let Settings {
            model_hash,
            window_s,
            among,
            threshold,
            formats: _,
        } = settings;
        self.format_version == JOURNAL_VERSION
            && self.sha256 == sha256
            && self.settings.model_hash == *model_hash
            && self.settings.window_s == *window_s
            && self.settings.among == *among
            && self.settings.threshold == *threshold
    }
}

/// The journal of an output folder: read once, then only added to.
pub(crate) struct Journal {
    /// By the key of the place, the oldest first.
    known: HashMap<String, Vec<Entry>>,
    file: Mutex<File>,
}

impl Journal {
    /// Reads what is there. A line that cannot be understood (the last one of a run that was killed)
    /// is as good as none.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        let path = folder.join(JOURNAL);
        let mut text = Vec::new();
        let mut file = OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .open(path)?;
        file.read_to_end(&mut text)?;
        if text.last().is_some_and(|last| *last != b'\n') {
            file.write_all(b"\n")?; // the torn line ends here
        }
        let mut known: HashMap<String, Vec<Entry>> = HashMap::new();
        for line in text.split(|byte| *byte == b'\n') {
            if let Ok(entry) = serde_json::from_slice::<Entry>(line) {
                known.entry(key(&entry.place)).or_default().push(entry);
            }
        }
        Ok(Self {
            known,
            file: Mutex::new(file),
        })
    }

    /// The entry of a file with these contents whose results are planned for this place, if they
    /// serve: those that lie there now, since each run writes over the results of another.
    pub(crate) fn find(&self, place: &Path, sha256: &str, settings: &Settings) -> Option<Entry> {
        let entries = self.known.get(&key(&place.to_string_lossy()))?;
        let mut newest_of_all = None;
        for format in &settings.formats {
            let wrote = |entry: &&Entry| entry.settings.formats.contains(format);
            let newest = entries.iter().rev().find(wrote)?;
            if !newest.is_of(sha256, settings) {
                return None;
            }
            newest_of_all = Some(newest);
        }
        newest_of_all.cloned()
    }

    /// Whether an earlier run wrote this format at this place, or was about to.
    pub(crate) fn has_written(&self, place: &Path, format: &str) -> bool {
        let entries = self.known.get(&key(&place.to_string_lossy()));
        let has = |entry: &Entry| entry.settings.formats.iter().any(|name| name == format);
        entries.is_some_and(|entries| entries.iter().any(has))
    }

    /// Adds an entry; it is on its way to the disk when this returns.
    pub(crate) fn add(&self, entry: &Entry) -> io::Result<()> {
        let line = serde_json::to_string(entry)? + "\n";
        let mut file = self
            .file
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        file.write_all(line.as_bytes())
    }
}

/// The same for two places that are one where file systems do not tell cases apart: the results of
/// one lie over the other's there.
fn key(place: &str) -> String {
    place.to_lowercase()
}

/// SHA-256 of a file's contents, in hex.
///
/// # Errors
/// If it cannot be read, or is no regular file: a pipe would be drained before it is heard, and a
/// device may have no end.
pub(crate) fn hash_of(path: &Path) -> io::Result<String> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other(
            "--out takes files only, and this is a pipe or a device; without --out it can be heard",
        ));
    }
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            count => hash.update(&buffer[..count]),
        }
    }
    Ok(hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_that_differ_in_case_share_their_history() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings {
            model_hash: "model".to_owned(),
            window_s: 2.0,
            among: Vec::new(),
            threshold: 0.5,
            formats: vec!["json".to_owned()],
        };
        let entry = |place: &str, sha256: &str| Entry {
            sha256: sha256.to_owned(),
            ..Entry::beginning(Path::new(place), settings.clone())
        };
        let journal = Journal::open(folder.path()).unwrap();
        journal.add(&entry("Song.wav", "one")).unwrap();
        journal.add(&entry("song.wav", "two")).unwrap();
        let journal = Journal::open(folder.path()).unwrap();
        let known =
            |place: &str, sha256: &str| journal.find(Path::new(place), sha256, &settings).is_some();
        assert!(!known("Song.wav", "one"), "the other one lies over it");
        assert!(known("song.wav", "two"));
        assert!(journal.has_written(Path::new("SONG.wav"), "json"));
        assert!(!journal.has_written(Path::new("song.wav"), "csv"));
    }
}
