//! Sets to measure on, and which of AudioSet's labels stand for their classes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde::Deserialize;

use hamiltone_training::dataset::{Dataset, Task};

/// A line of a map: a label that stands for a class. Classes have one line or more.
#[derive(Debug, Clone, Deserialize)]
struct Line {
    class: String,
    audioset527_index: usize,
    yamnet521_index: Option<usize>,
}

/// A clip with its class.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Clip {
    pub(crate) path: PathBuf,
    pub(crate) duration_s: Option<f64>,
    /// Index into the set's classes; 0 where it has none.
    pub(crate) class: usize,
    /// Fold, speaker or source by which the set is split.
    pub(crate) fold: usize,
    /// The recording or track that it was cut from.
    pub(crate) group: String,
}

/// The labels of a class: their indices in AudioSet's 527, and in YAMNet's 521.
pub(crate) type LabelIndices = (Vec<usize>, Vec<usize>);

/// Which answers count as right.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Rule {
    /// The class with the highest score, a class scoring the highest of its labels; those
    /// of each class.
    Class(Vec<LabelIndices>),
    /// This label is the highest of all, in either list.
    Present(usize),
}

/// A set to measure on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Set {
    pub(crate) name: &'static str,
    pub(crate) rule: Rule,
    pub(crate) clips: Vec<Clip>,
}

/// How a set is found.
struct Recipe {
    name: &'static str,
    task: Task,
    map: Option<&'static str>,
    /// Beginning of the names of its files.
    prefix: &'static str,
    /// The only fold that counts.
    fold: Option<usize>,
}

/// The index of "Speech" in both lists.
const SPEECH: usize = 0;
const RECIPES: [Recipe; 7] = [
    // Of ESC-50 there may be one whole fold only, beside ESC-10.
    recipe("ESC-50, fold 4", Task::Esc50, Some("esc50"), "", Some(4)),
    recipe("ESC-10", Task::Esc10, Some("esc50"), "", None),
    recipe(
        "UrbanSound8K",
        Task::Urbansound8k,
        Some("urbansound8k"),
        "",
        None,
    ),
    recipe("GTZAN cuts", Task::Gtzan, Some("gtzan"), "", None),
    recipe(
        "FSDKaggle instruments",
        Task::Instruments,
        Some("instruments_fsdkaggle"),
        "fsd_",
        None,
    ),
    recipe(
        "Philharmonia",
        Task::Instruments,
        Some("instruments_philharmonia"),
        "phil_",
        None,
    ),
    recipe("RAVDESS: Speech on top", Task::Ravdess, None, "", None),
];

const fn recipe(
    name: &'static str,
    task: Task,
    map: Option<&'static str>,
    prefix: &'static str,
    fold: Option<usize>,
) -> Recipe {
    Recipe {
        name,
        task,
        map,
        prefix,
        fold,
    }
}

/// The sets that are in a folder of sets, by the maps in its folder `maps`; and the names of those
/// that are not.
///
/// # Errors
/// If there is none, or what there is cannot be understood.
pub(crate) fn sets(data: &Path) -> anyhow::Result<(Vec<Set>, Vec<&'static str>)> {
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for recipe in &RECIPES {
        match recipe.set(data).with_context(|| recipe.name)? {
            Some(set) => found.push(set),
            None => missing.push(recipe.name),
        }
    }
    ensure!(
        !found.is_empty(),
        "{} holds none of the sets: {missing:?}",
        data.display()
    );
    Ok((found, missing))
}

impl Recipe {
    /// None if there is no such data or no map for it.
    fn set(&self, data: &Path) -> anyhow::Result<Option<Set>> {
        let map = self
            .map
            .map(|map| data.join("maps").join(format!("{map}_to_audioset.csv")));
        let there = data.join(self.task.folder()).is_dir();
        if !there || map.as_ref().is_some_and(|map| !map.is_file()) {
            return Ok(None);
        }
        let dataset = Dataset::open_to_measure(data, self.task)?;
        let classes = map.map(|map| read_map(&map)).transpose()?;
        let mut own = Vec::new();
        let mut index_of = BTreeMap::new();
        if let Some(classes) = &classes {
            // In ESC-10 only its ten classes can be chosen.
            for (class, indices) in classes {
                if dataset.labels.contains(class) {
                    index_of.insert(class.clone(), own.len());
                    own.push(indices.clone());
                }
            }
        }
        let wanted = |clip: &hamiltone_training::dataset::Clip| {
            let name = clip.path.file_name().unwrap_or_default().to_string_lossy();
            let fold = self.fold.is_none_or(|fold| fold == clip.fold);
            if !fold || !name.starts_with(self.prefix) {
                return None;
            }
            let class = match classes {
                None => 0,
                Some(_) => *index_of.get(&dataset.labels[clip.label()])?,
            };
            Some(Clip {
                path: clip.path.clone(),
                duration_s: clip.duration_s,
                class,
                fold: clip.fold,
                group: clip.group.clone(),
            })
        };
        let clips: Vec<Clip> = dataset.clips.iter().filter_map(wanted).collect();
        Ok((!clips.is_empty()).then_some(Set {
            name: self.name,
            rule: match classes {
                Some(_) => Rule::Class(own),
                None => Rule::Present(SPEECH),
            },
            clips,
        }))
    }
}

/// Classes with the indices of their labels.
pub(crate) fn read_map(path: &Path) -> anyhow::Result<BTreeMap<String, LabelIndices>> {
    let mut classes: BTreeMap<String, LabelIndices> = BTreeMap::new();
    let mut lines = csv::Reader::from_path(path).with_context(|| path.display().to_string())?;
    for line in lines.deserialize::<Line>() {
        let line = line.with_context(|| path.display().to_string())?;
        let (teachers, yamnets) = classes.entry(line.class).or_default();
        teachers.push(line.audioset527_index);
        yamnets.extend(line.yamnet521_index);
    }
    Ok(classes)
}
