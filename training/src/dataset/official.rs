//! The lists that data sets come with.

use std::path::{Path, PathBuf};

use anyhow::bail;
use serde::Deserialize;

use super::rows::{Row, read_list, stem};
use super::task::Task;
use super::{audioset, layouts};

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
