//! The record of a run: a small file for the repository, which outlives the run's folder.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::cost::milliseconds;
use super::plan::Planned;
use hamiltone_training::files;

/// The figures of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    /// Hash of the recipe, paths aside.
    pub(super) recipe: String,
    /// For a second of sound on one thread.
    pub(super) milliseconds: f64,
    pub(super) folds: Vec<Fold>,
}

/// A fold of a run, as its `results.json` has it (and more, which is left out here).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Fold {
    pub(super) fold: usize,
    /// Seconds of training, of all cores together.
    pub(super) cpu_seconds: f64,
    /// Whether a GPU did some of it.
    #[serde(default)]
    pub(super) gpu: bool,
    pub(super) parameters: u64,
    pub(super) multiply_adds_per_second: u64,
    pub(super) test: Test,
}

/// The test of a fold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Test {
    pub(super) accuracy: f64,
    pub(super) mean_recall: f64,
}

#[derive(Deserialize)]
struct Results {
    folds: Vec<Fold>,
}

impl Record {
    /// Where a run's record is.
    pub(super) fn path(records: &Path, planned: &Planned) -> PathBuf {
        let mut path = planned.folder(records);
        path.as_mut_os_string().push(".json");
        path
    }

    /// That of a run; none if there is none yet.
    ///
    /// # Errors
    /// If the file cannot be read or understood, or holds the figures of another recipe or effort:
    /// they must not be lost to a run that has nothing but the name in common.
    pub(super) fn read(
        records: &Path,
        planned: &Planned,
        effort: f64,
    ) -> anyhow::Result<Option<Self>> {
        let path = Self::path(records, planned);
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            read => read.with_context(|| format!("reading {}", path.display()))?,
        };
        let record: Self = serde_json::from_str(&text)
            .with_context(|| format!("{} is no record of a run", path.display()))?;
        ensure!(
            record.recipe == hash_of_recipe(planned, effort)?,
            "{} holds the figures of another recipe, or of another --effort than {effort}: choose \
             another --records folder, or remove that file if they are not wanted any more",
            path.display()
        );
        Ok(Some(record))
    }

    /// Takes the folds that are finished in a run's folder into its record. One that was only made again
    /// because another builds on it keeps its figures.
    ///
    /// # Errors
    /// If the results cannot be read or the record cannot be written.
    pub(super) fn keep(
        records: &Path,
        planned: &Planned,
        folder: &Path,
        effort: f64,
    ) -> anyhow::Result<()> {
        let path = folder.join("results.json");
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let Results { folds } = serde_json::from_str(&text)
            .with_context(|| format!("{} holds no results of a run", path.display()))?;
        let mut record = match Self::read(records, planned, effort)? {
            Some(record) => record,
            None => Self {
                recipe: hash_of_recipe(planned, effort)?,
                milliseconds: milliseconds(folder)?,
                folds: Vec::new(),
            },
        };
        let fresh: Vec<Fold> = folds
            .into_iter()
            .filter(|fold| !record.has(fold.fold))
            .collect();
        record.folds.extend(fresh);
        record.folds.sort_by_key(|fold| fold.fold);
        record.write(records, planned)
    }

    /// Whether it has the figures of a fold.
    pub(super) fn has(&self, fold: usize) -> bool {
        self.folds.iter().any(|of| of.fold == fold)
    }

    /// Writes it.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn write(&self, records: &Path, planned: &Planned) -> anyhow::Result<()> {
        let path = Self::path(records, planned);
        let folder = path.parent().context("a record is in a folder")?;
        std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        files::replace(&path, &(serde_json::to_string_pretty(self)? + "\n"))
    }
}

/// Another recipe gives other figures; where the runs lie does not.
pub(super) fn hash_of_recipe(planned: &Planned, effort: f64) -> anyhow::Result<String> {
    let recipe = planned.recipe(Path::new("runs"), effort)?;
    let hash = Sha256::digest(toml::to_string(&recipe)?);
    Ok(files::hex(&hash[..8]))
}
