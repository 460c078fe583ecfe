use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;

use super::official::Row;

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
    /// GTZAN: ten genres, five folds of tracks.
    Gtzan,
    /// Instruments: five folds of files.
    Instruments,
}

/// Folds where the set has no official ones.
const MADE_FOLDS: usize = 5;
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
        }
    }

    /// The set's folder inside a folder of sets.
    pub(super) fn folder(self) -> &'static str {
        match self {
            Self::Esc10 | Self::Esc50 => "esc50",
            other => other.name(),
        }
    }

    pub(super) fn is_esc(self) -> bool {
        matches!(self, Self::Esc10 | Self::Esc50)
    }

    pub(super) fn wants(self, row: &Row) -> bool {
        self != Self::Esc10 || ESC10_LABELS.contains(&row.label.as_str())
    }

    /// What must not straddle a split.
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
            Self::Ravdess => row.fold_or_speaker.clone(),
            Self::Gtzan | Self::Instruments => row.stem.clone(),
        }
    }

    /// The fold of each row, from 1: the official one, or one made of whole groups, dealt label
    /// by label so that the folds are alike.
    pub(super) fn folds(self, rows: &[Row]) -> anyhow::Result<Vec<usize>> {
        match self {
            Self::Esc10 | Self::Esc50 | Self::Urbansound8k => rows
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
            Self::Gtzan | Self::Instruments => {
                let mut dealt: BTreeMap<&str, usize> = BTreeMap::new();
                let mut folds = Vec::with_capacity(rows.len());
                for row in rows {
                    let count = dealt.entry(row.label.as_str()).or_default();
                    folds.push(*count % MADE_FOLDS + 1);
                    *count += 1;
                }
                Ok(folds)
            }
        }
    }
}
