//! Results of a run: JSON for scripts, pictures and a summary for people.

mod agreement;
mod bars;
mod catalogue;
mod pictures;
mod redraw;
mod scatter;
mod ship;

use std::path::Path;

pub use agreement::{Measurement, agreement};
pub use bars::bars;
pub use catalogue::{catalogue, catalogue_text};
pub use pictures::{confusion, curves};
pub use redraw::redraw;
pub use scatter::{Point, scatter};
use serde::Serialize;
pub use ship::{ShipArguments, ship};

use crate::dataset::Dataset;
use crate::evaluation::Evaluation;
use crate::files;
use crate::run::{FoldOutcome, Recipe};

/// Mean and standard deviation (n − 1) over folds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// Mean.
    pub mean: f64,
    /// Standard deviation; 0 for a single value.
    pub deviation: f64,
}

/// Mean and deviation of some values.
pub fn spread(values: &[f64]) -> Spread {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count.max(1.0);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Spread {
        mean,
        deviation: (squares / (count - 1.0).max(1.0)).sqrt(),
    }
}

#[derive(Serialize)]
struct Results<'a> {
    format_version: u32,
    recipe: &'a Recipe,
    labels: &'a [String],
    clips: usize,
    parameters: u64,
    accuracy: Spread,
    mean_recall: Spread,
    folds: &'a [FoldOutcome],
}

/// Writes `results.json` and the confusion matrix over the folds so far.
///
/// # Errors
/// If a file cannot be written.
pub fn write(
    out: &Path,
    recipe: &Recipe,
    dataset: &Dataset,
    outcomes: &[FoldOutcome],
) -> anyhow::Result<()> {
    let path = out.join("results.json");
    files::replace(&path, &json(recipe, dataset, outcomes)?)?;
    let tests: Vec<&Evaluation> = outcomes.iter().map(|outcome| &outcome.test).collect();
    confusion_of_folds(
        &out.join("confusion.svg"),
        &recipe.name,
        &dataset.labels,
        &tests,
    )
}

/// The confusion matrix over all folds.
fn confusion_of_folds(
    path: &Path,
    name: &str,
    labels: &[String],
    tests: &[&Evaluation],
) -> anyhow::Result<()> {
    if tests.iter().all(|test| test.confusion.is_empty()) {
        return Ok(()); // clips with any number of labels
    }
    let mut total = vec![vec![0usize; labels.len()]; labels.len()];
    for test in tests {
        for (total, counts) in total.iter_mut().zip(&test.confusion) {
            total
                .iter_mut()
                .zip(counts)
                .for_each(|(total, count)| *total += count);
        }
    }
    let accuracies: Vec<f64> = tests.iter().map(|test| test.value()).collect();
    let Spread { mean, deviation } = spread(&accuracies);
    let title = format!(
        "{name}: {:.1} % (sd {:.1}) over {} folds",
        100.0 * mean,
        100.0 * deviation,
        tests.len()
    );
    confusion(path, &title, labels, &total)
}

fn accuracy(outcomes: &[FoldOutcome]) -> Spread {
    spread(
        &outcomes
            .iter()
            .map(|outcome| outcome.test.value())
            .collect::<Vec<_>>(),
    )
}

/// The results as JSON.
///
/// # Errors
/// If a number cannot be written as JSON.
pub fn json(
    recipe: &Recipe,
    dataset: &Dataset,
    outcomes: &[FoldOutcome],
) -> anyhow::Result<String> {
    let recalls: Vec<f64> = outcomes
        .iter()
        .map(|outcome| outcome.test.mean_recall)
        .collect();
    let results = Results {
        format_version: 1,
        recipe,
        labels: &dataset.labels,
        clips: dataset.clips.len(),
        parameters: outcomes
            .iter()
            .map(|fold| fold.parameters)
            .max()
            .unwrap_or(0),
        accuracy: accuracy(outcomes),
        mean_recall: spread(&recalls),
        folds: outcomes,
    };
    Ok(serde_json::to_string_pretty(&results)?)
}

/// One line for people.
pub fn summary(outcomes: &[FoldOutcome]) -> String {
    let Spread { mean, deviation } = accuracy(outcomes);
    let clips: usize = outcomes.iter().map(|outcome| outcome.test_clips).sum();
    let minutes = outcomes.iter().map(|outcome| outcome.seconds).sum::<f64>() / 60.0;
    format!(
        "{} {:.1} % (sd {:.1} over {} folds, {clips} clips), {minutes:.0} minutes of training",
        outcomes
            .first()
            .map_or("accuracy", |outcome| outcome.test.measure()),
        100.0 * mean,
        100.0 * deviation,
        outcomes.len()
    )
}

#[derive(Serialize)]
struct OfSeed {
    seed: u64,
    folds: Vec<usize>,
    accuracy: Spread,
    mean_recall: Spread,
}

#[derive(Serialize)]
struct Seeds {
    format_version: u32,
    /// Of the seeds' means.
    accuracy: Spread,
    mean_recall: Spread,
    seeds: Vec<OfSeed>,
}

/// Writes `seeds.json`, what the folds come to seed by seed and over the seeds, and says it in a
/// line for people.
///
/// # Errors
/// If the file cannot be written.
pub fn write_seeds(out: &Path, seeds: &[(u64, Vec<FoldOutcome>)]) -> anyhow::Result<String> {
    let of_seed = |(seed, outcomes): &(u64, Vec<FoldOutcome>)| {
        let recalls: Vec<f64> = outcomes.iter().map(|o| o.test.mean_recall).collect();
        OfSeed {
            seed: *seed,
            folds: outcomes.iter().map(|outcome| outcome.fold).collect(),
            accuracy: accuracy(outcomes),
            mean_recall: spread(&recalls),
        }
    };
    let seeds: Vec<OfSeed> = seeds.iter().map(of_seed).collect();
    let over = |of: &dyn Fn(&OfSeed) -> f64| spread(&seeds.iter().map(of).collect::<Vec<f64>>());
    let results = Seeds {
        format_version: 1,
        accuracy: over(&|seed| seed.accuracy.mean),
        mean_recall: over(&|seed| seed.mean_recall.mean),
        seeds,
    };
    let json = serde_json::to_string_pretty(&results)?;
    files::replace(&out.join("seeds.json"), &json)?;
    Ok(format!(
        "over {} seeds: accuracy {:.1} % (sd of their means {:.1}), mean recall {:.1} %",
        results.seeds.len(),
        100.0 * results.accuracy.mean,
        100.0 * results.accuracy.deviation,
        100.0 * results.mean_recall.mean
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_deviation() {
        let Spread { mean, deviation } = spread(&[1.0, 2.0, 3.0]);
        assert_eq!((mean, deviation), (2.0, 1.0));
        assert_eq!(spread(&[0.5]).deviation, 0.0);
    }
}
