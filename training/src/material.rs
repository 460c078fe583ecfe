//! Unlabelled sounds in a folder, listed in a `material.csv`. `hamiltone-research gather` fills such folders.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use crate::audio_cache::read_part;
use crate::files;

/// The list's name in the folder of the material.
pub const LIST: &str = "material.csv";

/// Sample rate of gathered sounds in Hz: that of the default front end.
pub const RATE: u32 = 32_000;

/// A long sound is drawn more often than a short one, by this power of its length: an hour of music is one kind of
/// sound, sixty effects of a second are sixty.
pub const SECONDS_POWER: f64 = 0.5;

/// One sound: a clip or a track, whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// Its samples: 16 bits, one channel, 32 kHz ([`read_part`] reads parts of them). In the list
    /// relative to the list's folder, in memory not.
    pub path: PathBuf,
    /// Where it is from: package or set, then the path in it.
    pub source: String,
    /// The group that must not straddle training and measuring: package, recording, speaker, track, voice.
    pub group: String,
    /// Its kind: music, speech, instruments, notifications, sounds.
    pub kind: String,
    /// Its licence, as its package or set states it.
    pub licence: String,
    /// Whether the licence allows commercial use.
    pub commercial: bool,
    /// To measure on, never to learn from.
    pub held_out: bool,
    /// Length in seconds.
    pub seconds: f64,
}

impl Source {
    /// Some of its samples, from `start` on, at 32 kHz; fewer where it ends before.
    ///
    /// # Errors
    /// If the file is gone or no cached audio.
    pub fn read(&self, start: usize, count: usize) -> anyhow::Result<Vec<f32>> {
        read_part(&self.path, start, count)
    }
}

/// The list in a folder that `gather` filled.
///
/// # Errors
/// If there is none, it is empty, or a line cannot be understood.
pub fn read_material(folder: &Path) -> anyhow::Result<Vec<Source>> {
    let list = folder.join(LIST);
    let mut sources = read_list(&list)
        .with_context(|| format!("{} holds no material: gather it first", folder.display()))?;
    if sources.is_empty() {
        bail!("{} lists nothing: gather material first", list.display());
    }
    for source in &mut sources {
        source.path = folder.join(&source.path);
    }
    Ok(sources)
}

/// Reads a list as it stands, its paths still relative.
///
/// # Errors
/// If it cannot be read or a line cannot be understood.
pub fn read_list(list: &Path) -> anyhow::Result<Vec<Source>> {
    csv::Reader::from_path(list)
        .and_then(|mut reader| reader.deserialize().collect())
        .with_context(|| format!("reading {}", list.display()))
}

/// Writes a list.
///
/// # Errors
/// If it cannot be written.
pub fn write_list(list: &Path, sources: &[Source]) -> anyhow::Result<()> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for source in sources {
        writer.serialize(source)?;
    }
    let bytes = writer.into_inner().context("writing a list")?;
    files::replace_bytes(list, &bytes)
}
