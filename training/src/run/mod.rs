//! Training runs: arguments, folds in turn, results.

mod arguments;
mod batch;
mod beginning;
mod checkpoint;
mod fold;
mod folder;
mod loss;
mod network;
mod recipe;
mod step;

use std::collections::BTreeSet;

use anyhow::{Context, bail};
pub use arguments::TrainArguments;
pub use checkpoint::EpochRecord;
pub use fold::FoldOutcome;
use fold::FoldTask;
pub(crate) use fold::fold_title;
use folder::RunFolder;
use hamiltone_engine::features::FeatureSettings;
use indicatif::{ProgressBar, ProgressStyle};
pub use recipe::{Distillation, Recipe, Start};
pub use step::BareTraining;

use crate::audio_cache::AudioCache;
use crate::dataset::{Dataset, load_audio};
use crate::report;

/// Runs (or resumes) a training run: every wanted fold in turn, then the results over all.
///
/// # Errors
/// If the data cannot be read, the folder cannot be written, or candle fails.
pub fn train(arguments: &TrainArguments) -> anyhow::Result<()> {
    for seed in &arguments.seeds {
        arguments.say(&format!("seed {seed}"));
        train(&TrainArguments {
            out: arguments.out.join(format!("seed{seed}")),
            seed: Some(*seed),
            seeds: Vec::new(),
            ..arguments.clone()
        })?;
    }
    if !arguments.seeds.is_empty() {
        return Ok(());
    }
    let recipe = arguments.recipe()?;
    let dataset = Dataset::open(&arguments.data, recipe.task)?;
    let (wanted, others) = wanted_folds(arguments, &dataset)?;
    let folder = RunFolder::open(&arguments.out, &recipe, &dataset, arguments.restart)?;
    let features = FeatureSettings::default();
    let bar = progress(dataset.clips.len() as u64, "reading clips", arguments.quiet);
    let cache_folder = arguments
        .cache
        .clone()
        .unwrap_or_else(AudioCache::default_folder);
    let cache = AudioCache::new(&cache_folder, features.sample_rate);
    let audio = load_audio(&dataset, &cache, &|| bar.inc(1))?;
    bar.finish_and_clear();
    folder.begin(arguments.restart, &dataset)?; // from here on old runs may go
    let task = |fold: usize| FoldTask {
        arguments,
        recipe: &recipe,
        dataset: &dataset,
        audio: &audio,
        features: &features,
        fold,
    };
    // Results are those of the folder: folds that an earlier run finished count as well.
    let mut outcomes = Vec::new();
    for fold in others {
        outcomes.extend(task(fold).finished()?);
    }
    for fold in wanted {
        let outcome = task(fold).run().with_context(|| format!("fold {fold}"))?;
        arguments.say(&format!(
            "fold {fold}: accuracy {:.1} % on {} clips (best epoch {} of {})",
            100.0 * outcome.test.accuracy,
            outcome.test_clips,
            outcome.best_epoch,
            recipe.epochs
        ));
        outcomes.push(outcome);
        outcomes.sort_by_key(|outcome| outcome.fold);
        report::write(&arguments.out, &recipe, &dataset, &outcomes)?;
    }
    if arguments.json {
        println!("{}", report::json(&recipe, &dataset, &outcomes)?);
    } else if !arguments.quiet {
        println!("{}", report::summary(&outcomes));
        println!("results and pictures: {}", arguments.out.display());
    }
    Ok(())
}

/// The folds to test now, and the others that the data has.
fn wanted_folds(
    arguments: &TrainArguments,
    dataset: &Dataset,
) -> anyhow::Result<(Vec<usize>, Vec<usize>)> {
    let present = dataset.folds();
    if let Some(fold) = arguments.folds.iter().find(|fold| !present.contains(fold)) {
        bail!("there is no fold {fold}: the folds here are {present:?}");
    }
    if present.len() < 2 {
        bail!("a single fold leaves nothing to learn from");
    }
    let all: Vec<usize> = present.into_iter().collect();
    if arguments.folds.is_empty() {
        return Ok((all, Vec::new()));
    }
    let mut seen = BTreeSet::new();
    let asked = arguments.folds.iter().copied();
    let wanted: Vec<usize> = asked.filter(|fold| seen.insert(*fold)).collect();
    let others = all.into_iter().filter(|fold| !seen.contains(fold));
    Ok((wanted, others.collect()))
}

/// A bar on the terminal; nothing where there is none or it is not wanted.
fn progress(length: u64, message: &str, quiet: bool) -> ProgressBar {
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
