//! The lists that data sets come with.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::Deserialize;

use super::{Task, audioset, layouts};

/// A line of a list, as it stands.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) path: PathBuf,
    pub(super) labels: Vec<String>,
    /// The official fold, or the speaker or track number, by the set.
    pub(super) fold_or_speaker: String,
    /// The file's name without folder and ending.
    pub(super) stem: String,
    pub(super) duration_s: Option<f64>,
    pub(super) licence: String,
}

#[derive(Deserialize)]
struct MetadataLine {
    file: PathBuf,
    label: String,
    fold_or_speaker: String,
    duration_s: Option<f64>,
    license: String,
}

const METADATA: [&str; 5] = ["file", "label", "fold_or_speaker", "duration_s", "license"];

#[derive(Deserialize)]
struct EscLine {
    filename: PathBuf,
    fold: String,
    category: String,
    esc10: String,
}

const OFFICIAL: [&str; 4] = ["filename", "fold", "category", "esc10"];

const ESC10_LICENCE: &str = "CC BY 3.0 (ESC-10)";
const ESC50_LICENCE: &str = "CC BY-NC 3.0 (ESC-50)";

/// The rows of the list in `folder`, if it has one of the known lists.
pub(super) fn read(folder: &Path, task: Task) -> Option<anyhow::Result<Vec<Row>>> {
    let metadata = folder.join("metadata.csv");
    if metadata.is_file() {
        let rows = read_list(&metadata, &METADATA, |line: MetadataLine| Row {
            stem: stem(&line.file),
            path: folder.join(&line.file),
            labels: vec![line.label],
            fold_or_speaker: line.fold_or_speaker,
            duration_s: line.duration_s,
            licence: line.license,
        });
        return Some(rows.and_then(|rows| check_durations(&metadata, rows)));
    }
    match task {
        Task::Urbansound8k => return layouts::urbansound(folder),
        Task::Ravdess => return layouts::ravdess(folder),
        Task::Gtzan => return layouts::gtzan(folder),
        Task::Folders => return layouts::folders(folder),
        Task::Audioset => return audioset::audioset(folder),
        _ => {}
    }
    let official = folder.join("meta/esc50.csv");
    (task.is_esc() && official.is_file()).then(|| {
        read_list(&official, &OFFICIAL, |line: EscLine| {
            let in_esc10 = line.esc10.eq_ignore_ascii_case("true");
            Row {
                stem: stem(&line.filename),
                path: folder.join("audio").join(&line.filename),
                labels: vec![line.category],
                fold_or_speaker: line.fold,
                duration_s: None,
                licence: if in_esc10 {
                    ESC10_LICENCE
                } else {
                    ESC50_LICENCE
                }
                .to_owned(),
            }
        })
    })
}

/// The lines of a CSV file with these columns (and others).
pub(super) fn read_list<L: for<'de> Deserialize<'de>, T>(
    path: &Path,
    columns: &[&str],
    to_row: impl Fn(L) -> T,
) -> anyhow::Result<Vec<T>> {
    let mut reader =
        csv::Reader::from_path(path).with_context(|| format!("opening {}", path.display()))?;
    let present = reader
        .headers()
        .with_context(|| format!("reading {}", path.display()))?;
    let missing: Vec<&str> = columns
        .iter()
        .copied()
        .filter(|column| !present.iter().any(|name| name == *column))
        .collect();
    if !missing.is_empty() {
        bail!(
            "{} lacks the columns {}: its first line must name {}",
            path.display(),
            missing.join(", "),
            columns.join(", ")
        );
    }
    let lines = reader.deserialize::<L>();
    let rows = lines.map(|line| {
        line.map(&to_row)
            .with_context(|| path.display().to_string())
    });
    rows.collect()
}

fn check_durations(list: &Path, rows: Vec<Row>) -> anyhow::Result<Vec<Row>> {
    for row in &rows {
        if let Some(seconds) = row.duration_s.filter(|s| !(*s > 0.0 && s.is_finite())) {
            bail!(
                "{} says that {} lasts {seconds} s",
                list.display(),
                row.path.display()
            );
        }
    }
    Ok(rows)
}

pub(super) fn stem(path: &Path) -> String {
    path.file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default()
}
