//! Data sets as their authors pack them, without a `metadata.csv`.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use hamiltone_decoding::is_audio_name;
use serde::Deserialize;
use walkdir::{DirEntry, WalkDir};

use super::copies;
use super::rows::{FILTERED, Row, read_list, stem};

const RAVDESS_LICENCE: &str = "CC BY-NC-SA 4.0 (RAVDESS)";
const URBANSOUND_LICENCE: &str = "CC BY-NC 3.0 (UrbanSound8K)";
const GTZAN_LICENCE: &str = "none stated (GTZAN; commercial recordings, research use)";
const OWN_LICENCE: &str = "not stated (a folder of sounds)";
/// Emotions in the order of their codes, from 1.
const EMOTIONS: [&str; 8] = [
    "neutral",
    "calm",
    "happy",
    "sad",
    "angry",
    "fearful",
    "disgust",
    "surprised",
];
#[derive(Deserialize)]
struct UrbanSoundLine {
    slice_file_name: PathBuf,
    fold: String,
    class: String,
}

/// UrbanSound8K: `metadata/UrbanSound8K.csv` and `audio/fold1` ... `audio/fold10`.
pub(super) fn urbansound(folder: &Path) -> Option<anyhow::Result<Vec<Row>>> {
    let list = folder.join("metadata/UrbanSound8K.csv");
    let columns = ["slice_file_name", "fold", "class"];
    list.is_file().then(|| {
        read_list(&list, &columns, |line: UrbanSoundLine| Row {
            stem: stem(&line.slice_file_name),
            path: folder
                .join(format!("audio/fold{}", line.fold))
                .join(&line.slice_file_name),
            labels: vec![line.class],
            fold_or_speaker: line.fold,
            duration_s: None,
            licence: URBANSOUND_LICENCE.into(),
        })
    })
}

/// RAVDESS: `Actor_01` ... with files named by codes, the third of which is the emotion and the
/// last the actor.
pub(super) fn ravdess(folder: &Path) -> Option<anyhow::Result<Vec<Row>>> {
    folder.join("Actor_01").is_dir().then(|| {
        let row = |path: PathBuf| {
            let stem = stem(&path);
            let codes: Vec<&str> = stem.split('-').collect();
            let emotion = codes.get(2).and_then(|code| code.parse::<usize>().ok());
            let label = emotion.and_then(|code| EMOTIONS.get(code.checked_sub(1)?));
            let (Some(label), 7) = (label, codes.len()) else {
                bail!("{} is not named as RAVDESS names its files", path.display());
            };
            Ok(Row {
                labels: vec![(*label).to_owned()],
                fold_or_speaker: codes[6].to_owned(),
                stem: stem.clone(),
                path,
                duration_s: None,
                licence: RAVDESS_LICENCE.into(),
            })
        };
        audio_files(folder)?.into_iter().map(row).collect()
    })
}

/// GTZAN: `genres/GENRE/GENRE.00000.wav` (or `genres_original`). With the artist-filtered lists
/// (Sturm, arXiv 1306.1461; `test_filtered.txt` and so on) beside it, fold 1 is their test part, and
/// clips in none of them are left out.
pub(super) fn gtzan(folder: &Path) -> Option<anyhow::Result<Vec<Row>>> {
    let genres = ["genres", "genres_original"].map(|name| folder.join(name));
    let genres = genres.into_iter().find(|genres| genres.is_dir())?;
    Some(filtered_parts(folder).and_then(|parts| {
        let row = |path: PathBuf| {
            let label = path.parent()?.file_name()?.to_string_lossy().into_owned();
            let stem = stem(&path);
            let fold_or_speaker = match &parts {
                None => stem.clone(),
                Some(parts) => parts.get(&stem)?.clone(),
            };
            Some(Row {
                labels: vec![label],
                fold_or_speaker,
                stem,
                path,
                duration_s: None,
                licence: GTZAN_LICENCE.into(),
            })
        };
        Ok(audio_files(&genres)?.into_iter().filter_map(row).collect())
    }))
}

/// The part of each file of the artist-filtered lists, if they are there.
fn filtered_parts(folder: &Path) -> anyhow::Result<Option<BTreeMap<String, String>>> {
    let mut parts = BTreeMap::new();
    for (name, fold) in FILTERED {
        let path = folder.join(name);
        if !path.is_file() {
            continue;
        }
        let list = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let names = list.lines().map(str::trim).filter(|line| !line.is_empty());
        parts.extend(names.map(|name| (stem(Path::new(name)), fold.to_owned())));
    }
    Ok((!parts.is_empty()).then_some(parts))
}

/// Any folder of folders: each folder is a label. A file that lies deeper belongs to the folder it
/// lies in (a speaker, a track, a session), whatever its label; others stand for themselves.
pub(super) fn folders(folder: &Path) -> Option<anyhow::Result<Vec<Row>>> {
    if !folder.is_dir() {
        return None;
    }
    let row = |path: PathBuf| {
        let inside = path.strip_prefix(folder).ok()?.to_owned();
        let mut parts = inside
            .iter()
            .map(|part| part.to_string_lossy().into_owned());
        let (label, next) = (parts.next()?, parts.next()?);
        let deeper = parts.next().is_some();
        Some(Row {
            // A file's own name can be another label's file's too.
            fold_or_speaker: if deeper {
                next
            } else {
                inside.display().to_string()
            },
            labels: vec![label],
            stem: stem(&path),
            path,
            duration_s: None,
            licence: OWN_LICENCE.into(),
        })
    };
    let rows = audio_files(folder);
    let rows = rows.map(|files| files.into_iter().filter_map(row).collect::<Vec<_>>());
    match rows {
        Ok(rows) if rows.is_empty() => None,
        Ok(rows) => Some(checked(folder, rows)),
        error => Some(error),
    }
}

/// The rows of a folder of folders, with one group for copies.
///
/// # Errors
/// If there is one label, and another folder without sounds; if equal files have different labels.
fn checked(folder: &Path, mut rows: Vec<Row>) -> anyhow::Result<Vec<Row>> {
    let labels: BTreeSet<&String> = rows.iter().flat_map(|row| &row.labels).collect();
    if labels.len() == 1 {
        let inside = std::fs::read_dir(folder)?.filter_map(Result::ok);
        let mut empty = inside.filter(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            entry.path().is_dir() && !name.starts_with('.') && !labels.contains(&name)
        });
        if let Some(empty) = empty.next() {
            bail!(
                "{} has no audio files, so there is one label only: add sounds to it",
                empty.path().display()
            );
        }
    }
    copies::join(&mut rows)?;
    Ok(rows)
}

/// All audio files in a folder and the folders in it, links to folders included, sorted; what is hidden is left out.
/// A file that several paths lead to within one folder of `folder` is there once.
///
/// # Errors
/// If a folder cannot be listed, a link leads nowhere, or a file is reached through two folders of `folder`: as two
/// clips it would be learned from and tested on.
pub(super) fn audio_files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let walk = WalkDir::new(folder).follow_links(true).into_iter();
    let visible = |entry: &DirEntry| {
        entry.depth() == 0 || !entry.file_name().to_string_lossy().starts_with('.')
    };
    for entry in walk.filter_entry(visible) {
        match entry {
            Ok(entry) if entry.file_type().is_dir() => {}
            Ok(entry) if is_audio_name(entry.path()) => files.push(entry.into_path()),
            Ok(_) => {}
            // A link to a folder above itself: what it leads to is walked anyway.
            Err(error) if error.loop_ancestor().is_some() => {}
            // Reading the clip says that its link leads nowhere.
            Err(error) if error.path().is_some_and(is_audio_name) => {
                files.extend(error.path().map(Path::to_owned));
            }
            Err(error) => {
                return Err(error).with_context(|| format!("listing {}", folder.display()));
            }
        }
    }
    files.sort();
    once(folder, files)
}

/// The files without those that another path leads to.
fn once(folder: &Path, files: Vec<PathBuf>) -> anyhow::Result<Vec<PathBuf>> {
    let top = |path: &Path| {
        path.strip_prefix(folder)
            .ok()?
            .iter()
            .next()
            .map(OsString::from)
    };
    let mut by_path: BTreeMap<PathBuf, PathBuf> = BTreeMap::new();
    let mut kept = Vec::with_capacity(files.len());
    for path in files {
        let resolved = path.canonicalize().unwrap_or_else(|_| path.clone());
        match by_path.entry(resolved) {
            Entry::Vacant(entry) => {
                entry.insert(path.clone());
                kept.push(path);
            }
            Entry::Occupied(first) => ensure!(
                top(first.get()) == top(&path),
                "{} and {} are one file, reached through a link: as two clips it would be learned from and tested on. \
                 Remove one of them",
                first.get().display(),
                path.display()
            ),
        }
    }
    Ok(kept)
}
