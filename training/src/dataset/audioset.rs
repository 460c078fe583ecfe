//! AudioSet as its authors list it: segments of videos with any of 527 labels.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::Deserialize;

use super::layouts::audio_files;
use super::rows::{Row, read_list, stem};
use super::task::Task;

const LABELS: &str = "class_labels_indices.csv";
/// Lists, and the folds they make.
const LISTS: [(&str, &str); 3] = [
    ("eval_segments.csv", "1"),
    ("balanced_train_segments.csv", "2"),
    ("unbalanced_train_segments.csv", "2"),
];
const LICENCE: &str = "labels CC BY 4.0 (AudioSet); the sounds are of their uploaders";
/// Characters of a video's name.
const NAME: usize = 11;

#[derive(Deserialize)]
struct LabelLine {
    mid: String,
    display_name: String,
}

/// The official labels in their order, as (id, name).
fn labels(folder: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let columns = ["mid", "display_name"];
    read_list(&folder.join(LABELS), &columns, |line: LabelLine| {
        (line.mid, line.display_name)
    })
}

/// The labels of the task in their official order, if it has one.
pub(super) fn official_labels(
    folders: &[PathBuf],
    task: Task,
) -> anyhow::Result<Option<Vec<String>>> {
    let there = |folder: &&PathBuf| folder.join(LABELS).is_file();
    match folders.iter().find(there) {
        Some(folder) if task == Task::Audioset => {
            let names = labels(folder)?.into_iter().map(|(_, name)| name);
            Ok(Some(names.collect()))
        }
        _ => Ok(None),
    }
}

/// The clips of `audio/` that one of the lists names. A file is named by its video's eleven
/// characters, with or without a leading `Y`, and whatever follows.
pub(super) fn audioset(folder: &Path) -> Option<anyhow::Result<Vec<Row>>> {
    folder.join(LABELS).is_file().then(|| {
        let names: BTreeMap<String, String> = labels(folder)?.into_iter().collect();
        let mut segments = BTreeMap::new();
        for (list, fold) in LISTS {
            let path = folder.join(list);
            if path.is_file() {
                let text = std::fs::read_to_string(&path)
                    .with_context(|| format!("reading {}", path.display()))?;
                for line in text
                    .lines()
                    .map(str::trim)
                    .filter(|line| !line.is_empty() && !line.starts_with('#'))
                {
                    let (video, labels) = segment(line, &names)
                        .with_context(|| format!("{}: {line:?}", path.display()))?;
                    segments.entry(video).or_insert((labels, fold));
                }
            }
        }
        if segments.is_empty() {
            bail!("{} has none of the lists of segments", folder.display());
        }
        let row = |path: PathBuf| {
            let stem = stem(&path);
            let starts = [stem.get(..NAME), stem.get(1..=NAME)];
            let video = starts
                .into_iter()
                .flatten()
                .find(|name| segments.contains_key(*name))?;
            let (labels, fold) = &segments[video];
            Some(Row {
                labels: labels.clone(),
                fold_or_speaker: (*fold).to_owned(),
                stem: video.to_owned(), // what must not straddle a split
                path,
                duration_s: None,
                licence: LICENCE.into(),
            })
        };
        let files = audio_files(&folder.join("audio"))?;
        Ok(files.into_iter().filter_map(row).collect())
    })
}

/// A line `video, start, end, "id,id"`.
fn segment(line: &str, names: &BTreeMap<String, String>) -> anyhow::Result<(String, Vec<String>)> {
    let mut fields = line.splitn(4, ", ");
    let (Some(video), Some(ids)) = (fields.next(), fields.nth(2)) else {
        bail!("not a video, two times and labels");
    };
    let ids = ids.trim().trim_matches('"').split(',');
    let names = ids.map(|id| {
        names
            .get(id)
            .cloned()
            .with_context(|| format!("no label {id}"))
    });
    Ok((video.to_owned(), names.collect::<anyhow::Result<_>>()?))
}
