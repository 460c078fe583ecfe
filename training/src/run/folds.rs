//! The folds of a run, one after the other.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, bail};

use super::context::Fold;
use super::fold;
use super::folder::RunFolder;
use super::recordings::Recordings;
use super::start::check_restart;
use crate::dataset::Dataset;
use crate::outcome::FoldOutcome;
use crate::recipe::Recipe;
use crate::report;
use crate::teacher::TeacherLoader;

/// A recipe on a data set, in a folder.
pub struct Run<'a> {
    /// The recipe.
    pub recipe: &'a Recipe,
    /// On what.
    pub recordings: &'a Recordings,
    /// Where checkpoints, models, results and pictures go.
    pub out: &'a Path,
    /// Print no progress.
    pub quiet: bool,
    /// Opens the teacher, if the recipe names one.
    pub teachers: &'a dyn TeacherLoader,
}

impl Run<'_> {
    /// Trains and tests these folds (all, if none is named) one after the other, or goes on where
    /// an earlier run stopped; `restart` forgets that run. Returns what every fold that is finished
    /// in the folder came to.
    ///
    /// # Errors
    /// If a fold does not exist, the folder cannot be written or is another run's, or candle fails.
    pub fn execute(&self, folds: &[usize], restart: bool) -> anyhow::Result<Vec<FoldOutcome>> {
        let Self {
            recipe, recordings, ..
        } = self;
        let Recordings { dataset, audio } = recordings;
        let wanted = wanted_folds(folds, dataset)?;
        let folder = RunFolder::open(self.out, recipe, dataset, restart)?;
        let features = recipe.features();
        let task = |number: usize| Fold {
            number,
            recipe,
            dataset,
            audio,
            features: &features,
            teachers: self.teachers,
            out: self.out,
            quiet: self.quiet,
        };
        if restart {
            for &fold in &wanted {
                let fine = check_restart(&task(fold));
                fine.with_context(|| {
                    format!("fold {fold} cannot begin anew; nothing was removed")
                })?;
            }
        }
        folder.begin(restart, dataset)?; // from here on old runs may go
        // Results are those of the folder: folds that an earlier run or another process finished count too.
        let finished = || -> anyhow::Result<Vec<FoldOutcome>> {
            let folds = dataset.folds().into_iter();
            folds
                .filter_map(|fold| fold::finished(&task(fold)).transpose())
                .collect()
        };
        for fold in wanted {
            let outcome = fold::run(&task(fold)).with_context(|| format!("fold {fold}"))?;
            if !self.quiet {
                eprintln!(
                    "fold {fold}: {} {:.1} % on {} clips (best epoch {} of {})",
                    outcome.test.measure(),
                    100.0 * outcome.test.value(),
                    outcome.test_clips,
                    outcome.best_epoch,
                    outcome.epochs.len()
                );
            }
            let mut outcomes = finished()?;
            loop {
                report::write(self.out, recipe, dataset, &outcomes)?;
                let written = outcomes.len();
                outcomes = finished()?;
                if outcomes.len() == written {
                    break; // no other process finished a fold meanwhile
                }
            }
        }
        finished()
    }
}

/// The folds to test now, each once.
fn wanted_folds(asked: &[usize], dataset: &Dataset) -> anyhow::Result<Vec<usize>> {
    let present = dataset.folds();
    if let Some(fold) = asked.iter().find(|fold| !present.contains(fold)) {
        bail!("there is no fold {fold}: the folds here are {present:?}");
    }
    if present.len() < 2 {
        bail!("{}", why_one_fold(dataset));
    }
    if asked.is_empty() {
        return Ok(present.into_iter().collect());
    }
    let mut seen = BTreeSet::new();
    let wanted = asked.iter().copied().filter(|fold| seen.insert(*fold));
    Ok(wanted.collect())
}

/// Why a set has one fold only, and what to do.
fn why_one_fold(dataset: &Dataset) -> String {
    let groups: BTreeSet<&str> = dataset.clips.iter().map(|clip| &clip.group[..]).collect();
    let names: Vec<&str> = groups.iter().copied().take(3).collect();
    let nothing = "nothing is left to learn from while they are tested";
    match names.as_slice() {
        [name] => format!(
            "all {} clips belong together, as {name:?}, so {nothing}. Sounds in a folder inside a \
             label's folder stay together, with those in a folder of that name under other labels: \
             give each recording, speaker or track a folder with a name of its own, or put the \
             sounds into their label's folder",
            dataset.clips.len()
        ),
        _ => format!(
            "all {} clips, of {} groups ({}{}), are in one fold, so {nothing}: their list must \
             name two folds at least",
            dataset.clips.len(),
            groups.len(),
            names.join(", "),
            if groups.len() > names.len() {
                ", ..."
            } else {
                ""
            }
        ),
    }
}
