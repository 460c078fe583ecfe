//! Tasks: which clips of which data set, under which labels.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;

use hamiltone_engine::model::TaskKind;

use super::rows::{FILTERED, Row};

/// A task: which clips of which data set, under which labels, split how.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// ESC-10: ten environmental sounds, the five official folds.
    Esc10,
    /// ESC-50: fifty environmental sounds, the five official folds.
    Esc50,
    /// RAVDESS: eight emotions of a voice, five folds of actors.
    Ravdess,
    /// UrbanSound8K: ten sounds of a city, the official folds.
    Urbansound8k,
    /// GTZAN: ten genres, folds of tracks: ten, or five where there are fewer than 900; with the
    /// artist-filtered lists beside it, fold 1 is their test part (`--folds 1`).
    Gtzan,
    /// Instruments: five folds of files.
    Instruments,
    /// Any folder of folders of sounds, each folder a label; five folds. Sounds in a folder inside
    /// (a speaker's, a track's) stay together.
    Folders,
    /// AudioSet: any of 527 labels at a time. A folder with `class_labels_indices.csv`, the segment
    /// lists (`eval_segments.csv`, `balanced_train_segments.csv`, `unbalanced_train_segments.csv`) and
    /// `audio/`, with files that begin with the video's name. Fold 1 is the evaluation list (`--folds 1`).
    Audioset,
}

/// Folds where the set has no official ones.
const MADE_FOLDS: usize = 5;
/// GTZAN with at least so many clips is the whole set: ten folds, as is usual.
const GTZAN_WHOLE: usize = 900;
const ESC10_LABELS: [&str; 10] = [
    "chainsaw",
    "clock_tick",
    "crackling_fire",
    "crying_baby",
    "dog",
    "helicopter",
    "rain",
    "rooster",
    "sea_waves",
    "sneezing",
];

impl Task {
    /// For people and file names.
    pub fn name(self) -> &'static str {
        match self {
            Self::Esc10 => "esc10",
            Self::Esc50 => "esc50",
            Self::Ravdess => "ravdess",
            Self::Urbansound8k => "urbansound8k",
            Self::Gtzan => "gtzan",
            Self::Instruments => "instruments",
            Self::Folders => "folders",
            Self::Audioset => "audioset",
        }
    }

    /// The layout that its authors give it, for people.
    pub(super) fn layout(self) -> &'static str {
        match self {
            Self::Esc10 | Self::Esc50 => "the official meta/esc50.csv",
            Self::Ravdess => "the official folders Actor_01, Actor_02 ...",
            Self::Urbansound8k => "the official metadata/UrbanSound8K.csv",
            Self::Gtzan => "the official folder genres (or genres_original)",
            Self::Instruments => "nothing else",
            Self::Folders => {
                "a folder for each label with its sounds in it, such as kick/1.wav and snare/1.wav"
            }
            Self::Audioset => "the official class_labels_indices.csv, lists of segments and audio/",
        }
    }

    /// For people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Esc10 => "ESC-10, ten environmental sounds",
            Self::Esc50 => "ESC-50, fifty environmental sounds",
            Self::Ravdess => "RAVDESS, eight emotions of a voice",
            Self::Urbansound8k => "UrbanSound8K, ten sounds of a city",
            Self::Gtzan => "GTZAN, ten genres",
            Self::Instruments => "musical instruments",
            Self::Folders => "sounds of one's own",
            Self::Audioset => "AudioSet, 527 labels",
        }
    }

    /// Whether a sound has one label or any number of them.
    pub(super) fn kind(self) -> TaskKind {
        match self {
            Self::Audioset => TaskKind::MultiLabel,
            _ => TaskKind::SingleLabel,
        }
    }

    /// The set's folder inside a folder of sets.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Esc10 | Self::Esc50 => "esc50",
            other => other.name(),
        }
    }

    pub(super) fn is_esc(self) -> bool {
        matches!(self, Self::Esc10 | Self::Esc50)
    }

    pub(super) fn wants(self, row: &Row) -> bool {
        self != Self::Esc10
            || row
                .labels
                .iter()
                .all(|label| ESC10_LABELS.contains(&label.as_str()))
    }

    /// The groups ([`group`](Self::group)) that stay on one side of every split, for people. In the set of
    /// instruments notes of one series (one instrument, played one way) are files apart.
    pub(crate) fn kept_together(self) -> &'static str {
        match self {
            Self::Esc10 | Self::Esc50 | Self::Urbansound8k => "recordings",
            Self::Ravdess => "actors",
            Self::Gtzan => "tracks",
            Self::Instruments => "files",
            Self::Folders => "files and inner folders",
            Self::Audioset => "videos",
        }
    }

    /// The group that must not straddle a split.
    pub(super) fn group(self, row: &Row) -> String {
        let part = |index: usize| {
            row.stem
                .split('-')
                .nth(index)
                .unwrap_or(&row.stem)
                .to_owned()
        };
        match self {
            Self::Esc10 | Self::Esc50 => part(1), // fold-RECORDING-take-class
            Self::Urbansound8k => part(0),        // RECORDING-class-occurrence-slice
            Self::Ravdess | Self::Folders => row.fold_or_speaker.clone(),
            Self::Gtzan | Self::Instruments | Self::Audioset => row.stem.clone(),
        }
    }

    /// The fold of each row, from 1: the official one, or one made of whole groups, dealt label
    /// by label so that the folds are alike.
    pub(super) fn folds(self, rows: &[Row]) -> anyhow::Result<Vec<usize>> {
        match self {
            Self::Esc10 | Self::Esc50 | Self::Urbansound8k | Self::Audioset => rows
                .iter()
                .map(|row| {
                    let fold = row
                        .fold_or_speaker
                        .parse::<usize>()
                        .ok()
                        .filter(|&fold| fold > 0);
                    fold.with_context(|| format!("{}: no fold number", row.path.display()))
                })
                .collect(),
            Self::Ravdess => {
                let actors: BTreeSet<&str> = rows
                    .iter()
                    .map(|row| row.fold_or_speaker.as_str())
                    .collect();
                let order: BTreeMap<&str, usize> = actors
                    .into_iter()
                    .enumerate()
                    .map(|(index, actor)| (actor, index))
                    .collect();
                let fold = |row: &Row| order[row.fold_or_speaker.as_str()] % MADE_FOLDS + 1;
                Ok(rows.iter().map(fold).collect())
            }
            Self::Gtzan if rows.iter().all(|row| is_filtered(&row.fold_or_speaker)) => {
                let fold = |row: &Row| row.fold_or_speaker.parse().unwrap_or(2);
                Ok(rows.iter().map(fold).collect())
            }
            Self::Gtzan if rows.len() >= GTZAN_WHOLE => Ok(self.dealt(rows, 2 * MADE_FOLDS)),
            Self::Gtzan | Self::Instruments | Self::Folders => Ok(self.dealt(rows, MADE_FOLDS)),
        }
    }

    /// Groups dealt to the folds, label by label. Each label begins where the one before stopped: else all that
    /// have a single group would be tested in fold 1, and its network would know none of them. (GTZAN's labels
    /// are of one size; each begins with fold 1, as in all its figures.)
    fn dealt(self, rows: &[Row], folds: usize) -> Vec<usize> {
        let mut seen = BTreeSet::new();
        let mut of_label: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for row in rows {
            let group = self.group(row);
            if seen.insert(group.clone()) {
                of_label.entry(&row.labels[0]).or_default().push(group);
            }
        }
        let (mut fold_of, mut next) = (BTreeMap::new(), 0);
        for groups in of_label.into_values() {
            if self == Self::Gtzan {
                next = 0;
            }
            for group in groups {
                fold_of.insert(group, next % folds + 1);
                next += 1;
            }
        }
        let fold = |row: &Row| fold_of[&self.group(row)];
        rows.iter().map(fold).collect()
    }
}

/// Whether a row comes from GTZAN's artist-filtered lists.
fn is_filtered(fold: &str) -> bool {
    FILTERED.iter().any(|(_, part)| *part == fold)
}
