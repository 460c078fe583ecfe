//! The study: does pruning beat distillation for quaternion networks, and what does either cost?

mod plan;
mod record;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, bail};

use crate::dataset::{Dataset, Task};
use crate::run::{Recordings, Run, progress};
use plan::{Planned, plan};
use record::Record;

/// What `study` is told.
#[derive(clap::Args, Debug, Clone)]
pub struct StudyArguments {
    /// Folder of the data sets.
    #[arg(long)]
    pub data: PathBuf,
    /// Folder for decoded audio [default: hamiltone in the user's cache folder].
    #[arg(long)]
    pub cache: Option<PathBuf>,
    /// Folder for all runs; the study goes on in it where it stopped.
    #[arg(long)]
    pub out: PathBuf,
    /// Folder for the figures of finished runs, small enough to be kept with the report: a run whose
    /// figures are there is not made again, on another machine neither.
    #[arg(long, default_value = "docs/results/study")]
    pub records: PathBuf,
    /// The report, in Markdown, in which the study's part is replaced; pictures go into a folder of the same name beside it.
    #[arg(long, default_value = "docs/RESULTS.md")]
    pub report: PathBuf,
    /// Tasks [default: all].
    #[arg(long, value_enum, value_delimiter = ',')]
    pub tasks: Vec<Task>,
    /// Rows of the tables, such as quaternion or pruned-l1-50 [default: all].
    #[arg(long, value_delimiter = ',')]
    pub rows: Vec<String>,
    /// Folds [default: all]. What is left of a run, another process may make in the same --out at the
    /// same time; a run counts as finished when one has found all its folds there.
    #[arg(long, value_delimiter = ',')]
    pub folds: Vec<usize>,
    /// Seeds: the first for every row, the others for those that the claims rest on.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 2, 3])]
    pub seeds: Vec<u64>,
    /// Epochs, as a share of those of each task's recipe.
    #[arg(long, default_value_t = 0.7)]
    pub effort: f64,
    /// Stops before a run that would begin after so many hours.
    #[arg(long)]
    pub hours: Option<f64>,
    /// Writes the report of what is finished, and trains nothing.
    #[arg(long)]
    pub report_only: bool,
    /// Times the networks of the finished runs in --out again, one after the other: what was timed
    /// beside other work was too slow.
    #[arg(long)]
    pub time: bool,
    /// No progress.
    #[arg(long)]
    pub quiet: bool,
}

/// Makes the runs that are missing, and writes the report after each.
///
/// # Errors
/// If the data cannot be read, a folder cannot be written, or a run fails.
pub fn study(arguments: &StudyArguments) -> anyhow::Result<()> {
    let runs = plan(&arguments.tasks, &arguments.seeds);
    let unknown = |name: &&String| runs.iter().all(|run| run.row.name != **name);
    if let Some(name) = arguments.rows.iter().find(unknown) {
        let names: BTreeSet<&str> = runs.iter().map(|run| run.row.name.as_str()).collect();
        bail!("--rows {name}: there is no such row; the rows are {names:?}");
    }
    if !arguments.report_only {
        make(arguments, &runs)?;
    }
    if arguments.time {
        time(arguments, &runs)?;
    }
    write_report(arguments, &runs)?;
    if !arguments.quiet {
        println!("{}", arguments.report.display());
    }
    Ok(())
}

fn make(arguments: &StudyArguments, runs: &[Planned]) -> anyhow::Result<()> {
    let (started, mut recordings) = (Instant::now(), BTreeMap::new());
    let bar = progress(runs.len() as u64, "study", arguments.quiet);
    bar.set_position((runs.len() - missing(arguments, runs)?.len()) as u64);
    for planned in missing(arguments, runs)? {
        let hours = started.elapsed().as_secs_f64() / 3_600.0;
        if arguments.hours.is_some_and(|most| hours >= most) {
            break;
        }
        let name = planned.task.name();
        if !recordings.contains_key(name) {
            // One task's audio at a time is enough memory.
            recordings.clear();
            let (data, cache) = (&arguments.data, arguments.cache.as_deref());
            let of_task = Recordings::load(data, planned.task, cache, arguments.quiet)?;
            recordings.insert(name, of_task);
        }
        let out = planned.folder(&arguments.out);
        bar.set_message(format!("{name} {} seed {}", planned.row.name, planned.seed));
        let run = Run {
            recipe: &planned.recipe(&arguments.out, arguments.effort)?,
            recordings: &recordings[name],
            out: &out,
            quiet: true,
        };
        let folds = folds_here(&arguments.folds, &recordings[name].dataset);
        if folds.is_empty() {
            continue;
        }
        let finished = run.execute(&folds, false);
        let finished = finished.with_context(|| out.display().to_string())?.len();
        bar.inc(1);
        if finished < recordings[name].dataset.folds().len() {
            continue; // the other folds are another process's
        }
        let effort = arguments.effort;
        // One that was only made again because another builds on it keeps its figures.
        if Record::read(&arguments.records, planned, effort)?.is_none() {
            let milliseconds = table::milliseconds(&out)?;
            Record::of(planned, &out, effort, milliseconds)?.write(&arguments.records, planned)?;
        }
        write_report(arguments, runs)?;
    }
    bar.finish_and_clear();
    Ok(())
}

/// Those of the wanted folds that a data set has; all, if none is named.
fn folds_here(wanted: &[usize], dataset: &Dataset) -> Vec<usize> {
    let here = dataset.folds().into_iter();
    here.filter(|fold| wanted.is_empty() || wanted.contains(fold))
        .collect()
}

/// Measures the milliseconds of all records whose networks are here again.
fn time(arguments: &StudyArguments, runs: &[Planned]) -> anyhow::Result<()> {
    let bar = progress(runs.len() as u64, "timing", arguments.quiet);
    for planned in runs {
        let (folder, records) = (planned.folder(&arguments.out), &arguments.records);
        let record = Record::read(records, planned, arguments.effort)?;
        if let Some(record) = record.filter(|_| folder.join("results.json").exists()) {
            let milliseconds = table::milliseconds(&folder)?;
            let again = Record {
                milliseconds,
                ..record
            };
            again.write(records, planned)?;
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}

/// The runs without a record, and those whose networks they begin with, in order.
fn missing<'a>(
    arguments: &StudyArguments,
    runs: &'a [Planned],
) -> anyhow::Result<Vec<&'a Planned>> {
    let mut needed = BTreeSet::new();
    let mut missing = Vec::new();
    for planned in runs.iter().rev() {
        let folder = planned.folder(&arguments.out);
        let record = Record::read(&arguments.records, planned, arguments.effort)?;
        let wanted = arguments.rows.is_empty() || arguments.rows.contains(&planned.row.name);
        if (wanted && record.is_none()) || needed.contains(&folder) {
            needed.extend(planned.builds_on(&arguments.out, arguments.effort)?);
            missing.push(planned);
        }
    }
    missing.reverse();
    Ok(missing)
}

fn write_report(arguments: &StudyArguments, runs: &[Planned]) -> anyhow::Result<()> {
    table::write(
        &arguments.report,
        &arguments.records,
        runs,
        arguments.effort,
    )
}

#[cfg(test)]
mod tests {
    use super::record::Fold;
    use super::*;

    #[test]
    fn what_is_recorded_is_made_again_only_for_those_that_build_on_it() {
        let folder = tempfile::tempdir().unwrap();
        let arguments = StudyArguments {
            data: PathBuf::new(),
            cache: None,
            out: folder.path().join("runs"),
            records: folder.path().join("records"),
            report: folder.path().join("RESULTS.md"),
            tasks: vec![Task::Esc10],
            rows: Vec::new(),
            folds: Vec::new(),
            seeds: vec![1],
            effort: 0.5,
            hours: None,
            report_only: true,
            time: true,
            quiet: true,
        };
        let runs = plan(&arguments.tasks, &arguments.seeds);
        let record = |planned: &Planned| Record {
            recipe: record::hash_of_recipe(planned, 0.5).unwrap(),
            milliseconds: 1.5,
            folds: vec![Fold {
                fold: 1,
                cpu_seconds: 3_600.0,
                gpu: false,
                parameters: 1_000,
                multiply_adds_per_second: 2_000_000,
                test: record::Test {
                    accuracy: 0.75,
                    mean_recall: 0.5,
                },
            }],
        };
        for planned in &runs {
            let record = record(planned);
            record.write(&arguments.records, planned).unwrap();
        }
        assert!(missing(&arguments, &runs).unwrap().is_empty());
        let names = |runs: Vec<&Planned>| -> Vec<String> {
            runs.into_iter().map(|run| run.row.name.clone()).collect()
        };
        let forget = |name: &str| {
            let run = runs.iter().find(|run| run.row.name == name).unwrap();
            std::fs::remove_file(Record::path(&arguments.records, run)).unwrap();
        };
        forget("real");
        assert_eq!(names(missing(&arguments, &runs).unwrap()), ["real"]);
        forget("distilled-25");
        let chain = ["quaternion", "real", "pruned-l1-25", "distilled-25"];
        assert_eq!(names(missing(&arguments, &runs).unwrap()), chain);
        let only = |rows: &[&str]| StudyArguments {
            rows: rows.iter().map(|name| (*name).to_owned()).collect(),
            ..arguments.clone()
        };
        let taught = ["quaternion", "pruned-l1-25", "distilled-25"];
        let wanted = only(&["distilled-25", "untaught-50"]);
        assert_eq!(names(missing(&wanted, &runs).unwrap()), taught);
        let error = study(&only(&["imaginary"])).unwrap_err().to_string();
        assert!(error.contains("imaginary") && error.contains("quaternion"));
        study(&arguments).unwrap();
        let report = std::fs::read_to_string(&arguments.report).unwrap();
        let row = "| quaternion | 75.0 ± 0.0 | 50.0 ± 0.0 | 1 (1 seeds) | 1 | 2 | 1.500 | 1.00 |";
        assert!(report.contains(row), "{report}");
        assert!(!report.contains("| real |"));
        // Figures of another effort are others.
        let other = StudyArguments {
            effort: 0.7,
            ..arguments
        };
        assert_eq!(missing(&other, &runs).unwrap().len(), runs.len());
    }
}
