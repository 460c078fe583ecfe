//! Paired comparisons of rows, over the folds and seeds that both have.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::plan::Planned;
use super::record::{Record, Test};
use hamiltone_training::dataset::Task;

/// Pairs of rows that the claims of arXiv 2510.21388 rest on, and the question that each answers.
const PAIRS: [(&str, &str, &str); 6] = [
    ("quaternion", "real", "quaternion or real"),
    ("pruned-l1-50", "quaternion", "what pruning costs"),
    ("pruned-l1-50", "real", "pruned quaternion or real"),
    ("distilled-50", "pruned-l1-50", "distilling or pruning"),
    ("pruned-l1-50", "untaught-50", "pruned or from scratch"),
    ("distilled-50", "untaught-50", "what the teacher adds"),
];
/// Of the interval.
const CONFIDENCE: f64 = 0.95;

/// Differences between two rows, run by run.
#[derive(Debug, Clone, PartialEq)]
struct Paired {
    runs: usize,
    mean: f64,
    /// Half of the interval of 95 %.
    half_width: f64,
}

impl Paired {
    /// The mean of differences over folds and seeds, with the interval of the corrected resampled t-test: folds share most of
    /// their training clips, so the variance of the mean is `(1 / runs + tested / taught) · variance` (Nadeau and Bengio,
    /// "Inference for the Generalization Error", Machine Learning 52, 2003, section 4). None of fewer than two.
    fn of(differences: &[f64], tested_to_taught: f64) -> Option<Self> {
        let runs = differences.len();
        let freedom = runs.checked_sub(1).filter(|freedom| *freedom > 0)? as f64;
        let mean = differences.iter().sum::<f64>() / runs as f64;
        let squares: f64 = differences.iter().map(|d| (d - mean).powi(2)).sum();
        let variance = (1.0 / runs as f64 + tested_to_taught) * squares / freedom;
        let quantile = StudentsT::new(0.0, 1.0, freedom)
            .ok()?
            .inverse_cdf(0.5 + CONFIDENCE / 2.0);
        Some(Self {
            runs,
            mean,
            half_width: quantile * variance.sqrt(),
        })
    }

    fn verdict(&self) -> &'static str {
        if self.mean.abs() <= self.half_width {
            "cannot tell"
        } else if self.mean > 0.0 {
            "the first is better"
        } else {
            "the second is better"
        }
    }
}

/// What was tested, by row, seed and fold.
type Tests = BTreeMap<String, BTreeMap<(u64, usize), Test>>;

/// A table of all tasks with records, in Markdown.
///
/// # Errors
/// If a record cannot be read.
pub(super) fn section(records: &Path, runs: &[Planned], effort: f64) -> anyhow::Result<String> {
    let mut text = "\n### Paired comparisons\n\nDifferences in percentage points of the same folds and seeds, the first row minus the second, with the 95 % \
         interval of the corrected resampled t-test (Nadeau and Bengio 2003), which allows for the training clips that folds share. \
         Intervals are not corrected for their number: of twenty, one is expected to miss.\n\n\
         | task | first | second | question | accuracy | mean recall | runs | by mean recall |\n|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    let mut tasks: Vec<Task> = Vec::new();
    for run in runs {
        if !tasks.contains(&run.task) {
            tasks.push(run.task);
        }
    }
    for task in tasks {
        let tests = tests(records, runs, task, effort)?;
        for (first, second, question) in PAIRS {
            let Some([accuracy, recall]) = compare(&tests, first, second) else {
                continue;
            };
            let show = |paired: &Paired| {
                let (mean, half) = (100.0 * paired.mean, 100.0 * paired.half_width);
                format!("{mean:+.1} ± {half:.1}")
            };
            let _ = writeln!(
                text,
                "| {} | {first} | {second} | {question} | {} | {} | {} | {} |",
                task.title(),
                show(&accuracy),
                show(&recall),
                recall.runs,
                recall.verdict(),
            );
        }
    }
    Ok(text)
}

fn tests(records: &Path, runs: &[Planned], task: Task, effort: f64) -> anyhow::Result<Tests> {
    let mut tests = Tests::new();
    for planned in runs.iter().filter(|run| run.task == task) {
        let Some(record) = Record::read(records, planned, effort)? else {
            continue;
        };
        let of_row = tests.entry(planned.row.name.clone()).or_default();
        for fold in record.folds {
            of_row.insert((planned.seed, fold.fold), fold.test);
        }
    }
    Ok(tests)
}

/// Accuracy and mean recall of two rows; none where fewer than two runs have both.
fn compare(tests: &Tests, first: &str, second: &str) -> Option<[Paired; 2]> {
    let (first, second) = (tests.get(first)?, tests.get(second)?);
    let both = || {
        first
            .iter()
            .filter_map(|(run, test)| Some((run, test, second.get(run)?)))
    };
    let folds: BTreeSet<usize> = both().map(|((_, fold), ..)| *fold).collect();
    // One fold in k is tested.
    let share = 1.0 / (folds.len().max(2) - 1) as f64;
    let of = |value: fn(&Test) -> f64| {
        let differences: Vec<f64> = both().map(|(_, a, b)| value(a) - value(b)).collect();
        Paired::of(&differences, share)
    };
    Some([of(|test| test.accuracy)?, of(|test| test.mean_recall)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_that_of_the_corrected_test() {
        // By hand: mean 2, variance 2.5, corrected (1/5 + 1/4) · 2.5 = 1.125; t(4, .975) = 2.776.
        let paired = Paired::of(&[0.0, 1.0, 2.0, 3.0, 4.0], 0.25).unwrap();
        assert_eq!((paired.runs, paired.mean), (5, 2.0));
        let expected = 2.776_445 * 1.125_f64.sqrt();
        assert!((paired.half_width - expected).abs() < 1e-4, "{paired:?}");
        assert_eq!(paired.verdict(), "cannot tell");
        let clear = Paired::of(&[-3.0, -3.1, -2.9, -3.0, -3.05], 0.25).unwrap();
        assert_eq!(clear.verdict(), "the second is better");
        assert_eq!(Paired::of(&[1.0], 0.25), None);
    }

    #[test]
    fn only_runs_that_both_rows_have_are_compared() {
        let test = |accuracy: f64| Test {
            accuracy,
            mean_recall: accuracy / 2.0,
        };
        let row = |runs: &[(u64, usize, f64)]| {
            let runs = runs.iter();
            runs.map(|(seed, fold, accuracy)| ((*seed, *fold), test(*accuracy)))
                .collect()
        };
        let tests = Tests::from([
            ("a".into(), row(&[(1, 1, 0.9), (1, 2, 0.8), (2, 1, 0.1)])),
            ("b".into(), row(&[(1, 1, 0.7), (1, 2, 0.6), (1, 3, 0.0)])),
        ]);
        let [accuracy, recall] = compare(&tests, "a", "b").unwrap();
        assert_eq!(accuracy.runs, 2);
        assert!((accuracy.mean - 0.2).abs() < 1e-9 && (recall.mean - 0.1).abs() < 1e-9);
        assert!(compare(&tests, "a", "missing").is_none());
    }
}
