//! Results of a run: JSON for scripts, pictures and a summary for people.

pub mod pictures;
mod redraw;
mod reseal;
mod ship;

use std::path::Path;

pub use pictures::{Curves, confusion, curves};
pub use redraw::redraw;
pub use reseal::{ResealArguments, reseal};
use serde::Serialize;
pub use ship::{ShipArguments, ship};

use crate::dataset::Dataset;
use crate::evaluation::Evaluation;
use crate::files;
use crate::outcome::FoldOutcome;
use crate::recipe::Recipe;

/// Mean and standard deviation (n − 1) over folds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// Mean.
    pub mean: f64,
    /// Standard deviation; a single value has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deviation: Option<f64>,
}

impl Spread {
    /// ` ± 1.2`, in percent, or nothing.
    pub fn plus_or_minus(&self) -> String {
        let told = |deviation: f64| format!(" ± {:.1}", 100.0 * deviation);
        self.deviation.map_or_else(String::new, told)
    }

    /// `sd 1.2 over `, in percent, or nothing: what stands before the number of folds.
    fn over(&self) -> String {
        let told = |deviation: f64| format!("sd {:.1} over ", 100.0 * deviation);
        self.deviation.map_or_else(String::new, told)
    }
}

/// `1 fold`, `5 folds`.
fn folds(count: usize) -> String {
    format!("{count} fold{}", if count == 1 { "" } else { "s" })
}

/// Mean and deviation of some values.
pub fn spread(values: &[f64]) -> Spread {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count.max(1.0);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let deviation = (values.len() > 1).then(|| (squares / (count - 1.0)).sqrt());
    Spread { mean, deviation }
}

/// The figures of [`Evaluation`] under the same names, over folds or over the means of seeds.
#[derive(Serialize)]
struct Measures {
    accuracy: Spread,
    mean_recall: Spread,
    #[serde(skip_serializing_if = "Option::is_none")]
    mean_average_precision: Option<Spread>,
}

impl Measures {
    fn of_folds(outcomes: &[FoldOutcome]) -> Self {
        let tests = || outcomes.iter().map(|outcome| &outcome.test);
        let of = |value: fn(&Evaluation) -> f64| spread(&tests().map(value).collect::<Vec<f64>>());
        let precisions: Vec<f64> = tests().filter_map(|t| t.mean_average_precision).collect();
        Self {
            accuracy: of(|test| test.accuracy),
            mean_recall: of(|test| test.mean_recall),
            mean_average_precision: (!precisions.is_empty()).then(|| spread(&precisions)),
        }
    }

    fn of_seeds(seeds: &[OfSeed]) -> Self {
        let measures = || seeds.iter().map(|seed| &seed.measures);
        let of = |mean: fn(&Self) -> f64| spread(&measures().map(mean).collect::<Vec<f64>>());
        let precisions = measures().filter_map(|seed| seed.mean_average_precision);
        let precisions: Vec<f64> = precisions.map(|precision| precision.mean).collect();
        Self {
            accuracy: of(|seed| seed.accuracy.mean),
            mean_recall: of(|seed| seed.mean_recall.mean),
            mean_average_precision: (!precisions.is_empty()).then(|| spread(&precisions)),
        }
    }

    /// The figure that judges the task, as [`Evaluation::measure`] names it.
    fn judged_by(&self) -> (&'static str, Spread) {
        match self.mean_average_precision {
            Some(precision) => ("mAP", precision),
            None => ("accuracy", self.accuracy),
        }
    }
}

#[derive(Serialize)]
struct Results<'a> {
    format_version: u32,
    recipe: &'a Recipe,
    labels: &'a [String],
    clips: usize,
    /// Clips of the set that could not be read.
    #[serde(skip_serializing_if = "is_zero")]
    clips_left_out: usize,
    parameters: u64,
    #[serde(flatten)]
    measures: Measures,
    folds: &'a [FoldOutcome],
}

fn is_zero(count: &usize) -> bool {
    *count == 0
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
    let over = spread(&accuracies);
    let title = format!(
        "{name}: {:.1} % ({}{})",
        100.0 * over.mean,
        over.over(),
        folds(tests.len())
    );
    confusion(path, &title, labels, &total)
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
    let results = Results {
        format_version: 1,
        recipe,
        labels: &dataset.labels,
        clips: dataset.clips.len(),
        clips_left_out: dataset.left_out,
        parameters: outcomes
            .iter()
            .map(|fold| fold.parameters)
            .max()
            .unwrap_or(0),
        measures: Measures::of_folds(outcomes),
        folds: outcomes,
    };
    Ok(serde_json::to_string_pretty(&results)?)
}

/// One line for people.
pub fn summary(outcomes: &[FoldOutcome]) -> String {
    let (measure, over) = Measures::of_folds(outcomes).judged_by();
    let clips: usize = outcomes.iter().map(|outcome| outcome.test_clips).sum();
    let minutes = outcomes.iter().map(|outcome| outcome.seconds).sum::<f64>() / 60.0;
    format!(
        "{measure} {:.1} % ({}{}, {clips} clips), {minutes:.0} minutes of training",
        100.0 * over.mean,
        over.over(),
        folds(outcomes.len())
    )
}

#[derive(Serialize)]
struct OfSeed {
    seed: u64,
    folds: Vec<usize>,
    #[serde(flatten)]
    measures: Measures,
}

#[derive(Serialize)]
struct Seeds {
    format_version: u32,
    /// Of the seeds' means.
    #[serde(flatten)]
    measures: Measures,
    seeds: Vec<OfSeed>,
}

/// Writes `seeds.json`, what the folds come to seed by seed and over the seeds, and says it in a
/// line for people.
///
/// # Errors
/// If the file cannot be written.
pub fn write_seeds(out: &Path, seeds: &[(u64, Vec<FoldOutcome>)]) -> anyhow::Result<String> {
    let of_seed = |(seed, outcomes): &(u64, Vec<FoldOutcome>)| OfSeed {
        seed: *seed,
        folds: outcomes.iter().map(|outcome| outcome.fold).collect(),
        measures: Measures::of_folds(outcomes),
    };
    let seeds: Vec<OfSeed> = seeds.iter().map(of_seed).collect();
    let results = Seeds {
        format_version: 1,
        measures: Measures::of_seeds(&seeds),
        seeds,
    };
    let json = serde_json::to_string_pretty(&results)?;
    files::replace(&out.join("seeds.json"), &json)?;
    let (measure, over) = results.measures.judged_by();
    let of_means = |deviation: f64| format!(" (sd of their means {:.1})", 100.0 * deviation);
    Ok(format!(
        "over {} seeds: {measure} {:.1} %{}, mean recall {:.1} %",
        results.seeds.len(),
        100.0 * over.mean,
        over.deviation.map_or_else(String::new, of_means),
        100.0 * results.measures.mean_recall.mean
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_deviation() {
        let Spread { mean, deviation } = spread(&[1.0, 2.0, 3.0]);
        assert_eq!((mean, deviation), (2.0, Some(1.0)));
        assert_eq!(spread(&[0.5]).deviation, None);
    }
}
