//! Data sets: clips with labels, folds that never share a recording, and the audio itself.

mod audio;
mod audioset;
mod layouts;
mod official;
mod split;
mod task;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context, bail};
pub use audio::load_audio;
use hamiltone_engine::model::TaskKind;
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
    /// What must not straddle a split: the recording, the speaker, the track.
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
    /// If there is no such data set, or a line of its metadata cannot be understood.
    pub fn open(folder: &std::path::Path, task: Task) -> anyhow::Result<Self> {
        let dataset = Self::open_to_measure(folder, task)?;
        split::check_groups(&dataset)?;
        Ok(dataset)
    }

    /// As [`Dataset::open`], for those who learn from none of it: recordings may straddle folds.
    pub(crate) fn open_to_measure(folder: &std::path::Path, task: Task) -> anyhow::Result<Self> {
        if !folder.is_dir() {
            bail!(
                "there is no folder {}: --data names the data sets",
                folder.display()
            );
        }
        let candidates = [folder.to_owned(), folder.join(task.folder())];
        let found = candidates
            .iter()
            .find_map(|folder| official::read(folder, task));
        let rows = found
            .with_context(|| {
                format!(
                    "no {} data in {}: expected metadata.csv there or in its folder {}, or {}",
                    task.name(),
                    folder.display(),
                    task.folder(),
                    task.layout()
                )
            })?
            .with_context(|| format!("reading the metadata of {}", task.name()))?;
        let mut rows: Vec<_> = rows.into_iter().filter(|row| task.wants(row)).collect();
        rows.sort_by(|a, b| a.path.cmp(&b.path));
        if rows.is_empty() {
            bail!(
                "the metadata in {} lists no clip of {}",
                folder.display(),
                task.name()
            );
        }
        let sorted = |values: Vec<String>| {
            let unique: BTreeSet<String> = values.into_iter().collect();
            unique.into_iter().collect::<Vec<_>>()
        };
        let labels = match audioset::official_labels(&candidates, task)? {
            Some(labels) => labels,
            None => sorted(rows.iter().flat_map(|row| row.labels.clone()).collect()),
        };
        let index: BTreeMap<&String, usize> = labels.iter().zip(0..).collect();
        let licences = sorted(rows.iter().map(|row| row.licence.clone()).collect());
        let folds = task.folds(&rows)?;
        let clips = rows
            .into_iter()
            .zip(folds)
            .map(|(row, fold)| Clip {
                labels: {
                    let known = row
                        .labels
                        .iter()
                        .filter_map(|label| index.get(label).copied());
                    known.collect::<BTreeSet<usize>>().into_iter().collect()
                },
                group: task.group(&row),
                path: row.path,
                fold,
                duration_s: row.duration_s,
                licence: row.licence,
            })
            .collect::<Vec<Clip>>();
        drop(index);
        Ok(Self {
            kind: task.kind(),
            labels,
            clips,
            licences,
        })
    }
}
