//! Training runs: arguments, folds in turn, results.

mod arguments;
mod batch;
mod checkpoint;
mod fold;
mod network;

use std::path::Path;

use anyhow::{Context, bail};
pub use arguments::{Recipe, TrainArguments};
pub use checkpoint::EpochRecord;
pub use fold::FoldOutcome;
use hamiltone_engine::features::FeatureSettings;
use indicatif::{ProgressBar, ProgressStyle};

use crate::dataset::{Dataset, load_audio};
use crate::report;

/// Runs (or resumes) a training run: every wanted fold in turn, then the results over all.
///
/// # Errors
/// If the data cannot be read, the folder cannot be written, or candle fails.
pub fn train(arguments: &TrainArguments) -> anyhow::Result<()> {
    let recipe = arguments.recipe();
    let dataset = Dataset::open(&arguments.data, arguments.task)?;
    let folds = wanted_folds(arguments, &dataset)?;
    std::fs::create_dir_all(&arguments.out)
        .with_context(|| format!("making the folder {}", arguments.out.display()))?;
    remember_recipe(&arguments.out, &recipe, arguments.restart)?;
    let features = FeatureSettings::default();
    let bar = progress(dataset.clips.len() as u64, "reading clips", arguments.quiet);
    let audio = load_audio(&dataset, features.sample_rate, &|| bar.inc(1))?;
    bar.finish_and_clear();
    let mut outcomes = Vec::new();
    for fold in folds {
        let task = fold::FoldTask {
            arguments,
            recipe: &recipe,
            dataset: &dataset,
            audio: &audio,
            features: &features,
            fold,
        };
        let outcome = task.run().with_context(|| format!("fold {fold}"))?;
        arguments.say(&format!(
            "fold {fold}: accuracy {:.1} % on {} clips (best epoch {} of {})",
            100.0 * outcome.test.accuracy,
            outcome.test_clips,
            outcome.best_epoch,
            recipe.epochs
        ));
        outcomes.push(outcome);
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

fn wanted_folds(arguments: &TrainArguments, dataset: &Dataset) -> anyhow::Result<Vec<usize>> {
    let present: std::collections::BTreeSet<usize> =
        dataset.clips.iter().map(|clip| clip.fold).collect();
    if let Some(fold) = arguments.folds.iter().find(|fold| !present.contains(fold)) {
        bail!("there is no fold {fold}: the folds here are {present:?}");
    }
    if present.len() < 2 {
        bail!("a single fold leaves nothing to learn from");
    }
    Ok(if arguments.folds.is_empty() {
        present.into_iter().collect()
    } else {
        arguments.folds.clone()
    })
}

/// A folder holds runs of one recipe: another one in the same folder would resume from weights
/// that it did not make.
fn remember_recipe(out: &Path, recipe: &Recipe, restart: bool) -> anyhow::Result<()> {
    let path = out.join("recipe.json");
    let text = serde_json::to_string_pretty(recipe)?;
    let before = std::fs::read_to_string(&path);
    if !restart && before.is_ok_and(|before| before != text) {
        bail!(
            "{} holds a run with other settings: choose another --out, or --restart to begin anew \
             there",
            out.display()
        );
    }
    std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))
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
