//! Lines of a data set's list.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::Deserialize;

/// Fold numbers that stand for the parts of GTZAN's artist-filtered lists.
pub(super) const FILTERED: [(&str, &str); 3] = [
    ("test_filtered.txt", "1"),
    ("valid_filtered.txt", "2"),
    ("train_filtered.txt", "2"),
];

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

pub(super) fn stem(path: &Path) -> String {
    path.file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default()
}
