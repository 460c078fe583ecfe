//! The command `train`.

use super::arguments::TrainArguments;
use super::folds::Run;
use super::recordings::{Loading, Recordings};
use crate::outcome::FoldOutcome;
use crate::report;
use crate::teacher::TeacherLoader;

/// Runs (or resumes) a training run: every wanted fold in turn, then the results over all; with
/// several seeds a run for each, then `seeds.json` with the results over these.
///
/// # Errors
/// If the data cannot be read, the folder cannot be written, or candle fails.
pub fn train(arguments: &TrainArguments, teachers: &dyn TeacherLoader) -> anyhow::Result<()> {
    let arguments = &arguments.named()?;
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
