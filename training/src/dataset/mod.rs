//! Data sets: clips with labels, folds that never share a recording, and the audio itself.

mod audio;
mod audioset;
mod copies;
mod layouts;
mod official;
mod rows;
mod split;
mod task;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
pub(crate) use audio::leave_out_unreadable;
pub use audio::load_audio;
use hamiltone_engine::model::TaskKind;
use rows::Row;
pub use split::{Split, split};
pub use task::Task;

/// One labelled clip.
#[derive(Debug, Clone, PartialEq)]
pub struct Clip {
    /// Where its audio lies.
    pub path: PathBuf,
    /// Indices of its labels in [`Dataset::labels`]: one at least, in rising order; exactly one where
    /// the task is of one label a sound.
    pub labels: Vec<usize>,
    /// The group that must not straddle a split: the recording, the speaker, the track.
    pub group: String,
    /// The fold that tests it, from 1.
    pub fold: usize,
    /// Its exact length in seconds where it is known: decoders can add some milliseconds.
    pub duration_s: Option<f64>,
    /// Its licence, as the set states it.
    pub licence: String,
}

impl Clip {
    /// Its only label, or the first one.
    pub fn label(&self) -> usize {
        self.labels.first().copied().unwrap_or(0)
    }
}

/// A data set for one task.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// Whether a clip has one label or any number of them.
    pub kind: TaskKind,
    /// Label names, sorted, or in the official order.
    pub labels: Vec<String>,
    /// Every clip, sorted by path.
    pub clips: Vec<Clip>,
    /// The licences of the clips, each once.
    pub licences: Vec<String>,
    /// Clips of the set that are not in `clips`, since their audio could not be read.
    pub left_out: usize,
}

impl Dataset {
    /// The folds there are.
    pub fn folds(&self) -> BTreeSet<usize> {
        self.clips.iter().map(|clip| clip.fold).collect()
    }

    /// Finds a task's clips in `folder`: a folder with one `metadata.csv`, a folder of such
    /// folders, or the layout in which the set's authors pack it.
    ///
    /// # Errors
    /// If there is no such data set, a line of its metadata cannot be understood, a recording
    /// straddles folds, there is only one label to choose, or two labels would have one name in the model.
    pub fn open(folder: &Path, task: Task) -> anyhow::Result<Self> {
        let dataset = Self::open_to_measure(folder, task)?;
        if let (TaskKind::SingleLabel, [label]) = (dataset.kind, &dataset.labels[..]) {
            bail!(
                "all {} clips in {} are {label:?}: there is nothing to tell it from; add clips of \
                 another label, if only of what is not {label:?}",
                dataset.clips.len(),
                folder.display()
            );
        }
        check_names(&dataset.labels)?;
        split::check_groups(&dataset)?;
        Ok(dataset)
    }

    /// The labels of a single-label set whose clips are all of one recording, in quotes: no fold both learns and tests
    /// such a label.
    pub(crate) fn labels_of_one_recording(&self) -> Vec<String> {
        if self.kind != TaskKind::SingleLabel {
            return Vec::new();
        }
        let mut recordings = vec![BTreeSet::new(); self.labels.len()];
        for clip in &self.clips {
            recordings[clip.label()].insert(&clip.group);
        }
        let labels = self.labels.iter().zip(recordings);
        let alone = labels.filter(|(_, recordings)| recordings.len() == 1);
        alone.map(|(label, _)| format!("{label:?}")).collect()
    }

    /// As [`Dataset::open`], for measuring alone: recordings may straddle folds.
    ///
    /// # Errors
    /// As [`Dataset::open`].
    pub fn open_to_measure(folder: &Path, task: Task) -> anyhow::Result<Self> {
        if !folder.is_dir() {
            bail!(
                "there is no folder {}; --data must be the folder of the data set, or of several",
                folder.display()
            );
        }
        let candidates = [folder.to_owned(), folder.join(task.folder())];
        let mut rows = rows(&candidates, task)?;
        rows.retain(|row| task.wants(row));
        rows.sort_by(|a, b| a.path.cmp(&b.path));
        if rows.is_empty() {
            bail!(
                "the metadata in {} lists no clip of {}",
                folder.display(),
                task.name()
            );
        }
        let labels = match audioset::official_labels(&candidates, task)? {
            Some(labels) => labels,
            None => sorted(rows.iter().flat_map(|row| row.labels.clone())),
        };
        let licences = sorted(rows.iter().map(|row| row.licence.clone()));
        let folds = task.folds(&rows)?;
        Ok(Self {
            kind: task.kind(),
            clips: clips(rows, folds, &labels, task),
            labels,
            licences,
            left_out: 0,
        })
    }
}

/// A model's labels have spaces for underscores, and people do not tell `Kick` from `kick`.
fn check_names(labels: &[String]) -> anyhow::Result<()> {
    let mut of_name: BTreeMap<String, Vec<&String>> = BTreeMap::new();
    for label in labels {
        let words = label.replace('_', " ").to_lowercase();
        let words: Vec<&str> = words.split_whitespace().collect();
        of_name.entry(words.join(" ")).or_default().push(label);
    }
    let clashes = of_name.iter().filter(|(_, labels)| labels.len() > 1);
    let clashes: Vec<String> = clashes
        .map(|(name, labels)| format!("{labels:?} would all be called {name:?}"))
        .collect();
    ensure!(
        clashes.is_empty(),
        "labels with one name: {}. Rename them, or put their sounds under one label",
        clashes.join("; ")
    );
    Ok(())
}

/// The list of the first of these folders that holds the task's set.
fn rows([folder, inner]: &[PathBuf; 2], task: Task) -> anyhow::Result<Vec<Row>> {
    let found = official::read(folder, task).or_else(|| official::read(inner, task));
    found
        .with_context(|| {
            format!(
                "no {} data in {}: expected metadata.csv there or in its folder {}, or {}",
                task.name(),
                folder.display(),
                task.folder(),
                task.layout()
            )
        })?
        .with_context(|| format!("reading the metadata of {}", task.name()))
}

/// Each value once.
fn sorted(values: impl Iterator<Item = String>) -> Vec<String> {
    let unique: BTreeSet<String> = values.collect();
    unique.into_iter().collect()
}

/// The clips of rows with their folds, labels as indices.
fn clips(rows: Vec<Row>, folds: Vec<usize>, labels: &[String], task: Task) -> Vec<Clip> {
    let index: BTreeMap<&String, usize> = labels.iter().zip(0..).collect();
    let clip = |(row, fold): (Row, usize)| {
        let known = row.labels.iter().filter_map(|label| index.get(label));
        let labels: BTreeSet<usize> = known.copied().collect();
        Clip {
            labels: labels.into_iter().collect(),
            group: task.group(&row),
            path: row.path,
            fold,
            duration_s: row.duration_s,
            licence: row.licence,
        }
    };
    rows.into_iter().zip(folds).map(clip).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_one_recording_are_found() {
        let clip = |(label, group): (usize, &str)| Clip {
            path: PathBuf::new(),
            labels: vec![label],
            group: group.to_owned(),
            fold: 1,
            duration_s: None,
            licence: String::new(),
        };
        let clips = [(0, "a"), (0, "b"), (1, "c"), (1, "c"), (2, "d")];
        let mut dataset = Dataset {
            kind: TaskKind::SingleLabel,
            labels: ["dog", "rain", "sea"].map(str::to_owned).to_vec(),
            clips: clips.map(clip).to_vec(),
            licences: Vec::new(),
            left_out: 0,
        };
        assert_eq!(dataset.labels_of_one_recording(), ["\"rain\"", "\"sea\""]);
        dataset.kind = TaskKind::MultiLabel;
        assert!(dataset.labels_of_one_recording().is_empty());
    }
}
