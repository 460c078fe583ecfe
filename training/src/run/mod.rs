//! Training runs: arguments, folds in turn, results.

mod arguments;
mod batch;
mod beginning;
mod checkpoint;
mod epochs;
mod fold;
mod folder;
mod head;
mod loss;
mod network;
mod recipe;
mod step;
mod views;

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, bail};
pub use arguments::TrainArguments;
pub use beginning::input_statistics;
pub use checkpoint::EpochRecord;
pub use fold::FoldOutcome;
use fold::FoldTask;
pub use fold::fold_title;
use folder::RunFolder;
use hamiltone_engine::features::FeatureSettings;
use indicatif::{ProgressBar, ProgressStyle};
pub use loss::binary_cross_entropy;
pub use network::{TrainingNetwork, initial_weights};
pub use recipe::{Distillation, Head, Recipe, Start};
pub use step::BareTraining;

use crate::audio_cache::AudioCache;
use crate::dataset::{Dataset, Task, leave_out_unreadable, load_audio};
use crate::report;
use crate::teacher::TeacherLoader;

/// Runs (or resumes) a training run: every wanted fold in turn, then the results over all; with
/// several seeds a run for each, then `seeds.json` with the results over these.
///
/// # Errors
/// If the data cannot be read, the folder cannot be written, or candle fails.
pub fn train(arguments: &TrainArguments, teachers: &dyn TeacherLoader) -> anyhow::Result<()> {
    if arguments.seeds.is_empty() {
        return train_one(arguments, teachers).map(|_| ());
    }
    let mut of_seeds = Vec::new();
    for &seed in &arguments.seeds {
        arguments.say(&format!("seed {seed}"));
        let of_seed = TrainArguments {
            out: arguments.out.join(format!("seed{seed}")),
            seed: Some(seed),
            seeds: Vec::new(),
            ..arguments.clone()
        };
        let outcomes = train_one(&of_seed, teachers)?;
        of_seeds.push((seed, outcomes));
    }
    let line = report::write_seeds(&arguments.out, &of_seeds)?;
    if !arguments.json && !arguments.quiet {
        println!("{line}");
    }
    Ok(())
}

fn train_one(
    arguments: &TrainArguments,
    teachers: &dyn TeacherLoader,
) -> anyhow::Result<Vec<FoldOutcome>> {
    let recipe = arguments.recipe()?;
    let recordings = Recordings::load(
        &arguments.data,
        recipe.task,
        arguments.cache.as_deref(),
        Loading {
            strict: arguments.strict,
            quiet: arguments.quiet,
        },
    )?;
    let run = Run {
        recipe: &recipe,
        recordings: &recordings,
        out: &arguments.out,
        quiet: arguments.quiet,
        teachers,
    };
    let outcomes = run.execute(&arguments.folds, arguments.restart)?;
    if arguments.json {
        println!("{}", report::json(&recipe, &recordings.dataset, &outcomes)?);
    } else if !arguments.quiet {
        println!("{}", report::summary(&outcomes));
        println!("results and pictures: {}", arguments.out.display());
    }
    Ok(outcomes)
}

/// A data set with its audio.
pub struct Recordings {
    /// Clips, labels, folds.
    pub dataset: Dataset,
    /// The samples of each clip.
    audio: Vec<Vec<f32>>,
}

/// How audio is loaded.
#[derive(Debug, Clone, Copy)]
pub struct Loading {
    /// Fail if a clip cannot be read, in place of leaving it out.
    pub strict: bool,
    /// Show no progress.
    pub quiet: bool,
}

impl Recordings {
    /// Reads a task's clips from `data`, through the cache in a folder (or the usual one). All clips that cannot be
    /// read are named on stderr.
    ///
    /// # Errors
    /// If there is no such data set, a label has no clip that can be read, or `strict` asks for all clips.
    pub fn load(
        data: &Path,
        task: Task,
        cache: Option<&Path>,
        Loading { strict, quiet }: Loading,
    ) -> anyhow::Result<Self> {
        let mut dataset = Dataset::open(data, task)?;
        let rate = FeatureSettings::default().sample_rate;
        let folder = cache.map_or_else(AudioCache::default_folder, Path::to_owned);
        let bar = progress(dataset.clips.len() as u64, "reading clips", quiet);
        let loaded = load_audio(&dataset, &AudioCache::new(&folder, rate), &|| bar.inc(1))?;
        bar.finish_and_clear();
        let audio = leave_out_unreadable(&mut dataset, loaded, strict)?;
        Ok(Self { dataset, audio })
    }
}

/// A recipe on a data set, in a folder.
pub struct Run<'a> {
    /// What is done.
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
        let task = |fold: usize| FoldTask {
            out: self.out,
            quiet: self.quiet,
            recipe,
            dataset,
            audio,
            features: &features,
            fold,
            teachers: self.teachers,
        };
        if restart {
            for &fold in &wanted {
                let fine = task(fold).check_restart();
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
                .filter_map(|fold| task(fold).finished().transpose())
                .collect()
        };
        for fold in wanted {
            let outcome = task(fold).run().with_context(|| format!("fold {fold}"))?;
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

/// A bar on the terminal; nothing where there is none or it is not wanted.
pub fn progress(length: u64, message: &str, quiet: bool) -> ProgressBar {
    let bar = if quiet {
        ProgressBar::hidden()
    } else {
        ProgressBar::new(length)
    };
    let style = ProgressStyle::with_template("{msg:40} {bar:30} {pos}/{len}  {eta} left");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message(message.to_owned());
    bar
}
