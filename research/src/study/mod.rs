//! The study: does pruning beat distillation for quaternion networks, and what does either cost?

mod claims;
mod cost;
mod plan;
mod record;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, bail};

use cost::{REPEATS, Stopwatch};
use hamiltone_training::dataset::{Dataset, Task};
use hamiltone_training::progress_bar::progress_bar;
use hamiltone_training::run::{Loading, Recordings, Run};
use hamiltone_training::teacher::OwnModels;
use plan::{Planned, plan};
use record::Record;

/// Arguments of `study`.
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
    /// Folder for the figures of finished runs, small enough to be kept with the report: a run with
    /// figures are there is not made again, on another machine neither.
    #[arg(long, default_value = "docs/results/study")]
    pub records: PathBuf,
    /// The report, in Markdown, in which the study's part is replaced by the figures of all tasks;
    /// pictures go into `results/study` beside it.
    #[arg(long, default_value = "docs/RESULTS.md")]
    pub report: PathBuf,
    /// Tasks [default: all].
    #[arg(long, value_enum, value_delimiter = ',')]
    pub tasks: Vec<Task>,
    /// Rows of the tables, such as quaternion or pruned-l1-50 [default: all].
    #[arg(long, value_delimiter = ',')]
    pub rows: Vec<String>,
    /// Folds [default: all]. The others another process may make in the same --out at the same time.
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
/// If the data cannot be read, a folder cannot be written, a run fails, or the records are of
/// other recipes or another effort: that is found before anything is trained or written.
pub fn study(arguments: &StudyArguments) -> anyhow::Result<()> {
    let runs = plan(&arguments.tasks, &arguments.seeds);
    // A part of the tasks may be made; the report is of all that there is.
    let reported = plan(&[], &arguments.seeds);
    for planned in &reported {
        Record::read(&arguments.records, planned, arguments.effort)?;
    }
    let unknown = |name: &&String| runs.iter().all(|run| run.row.name != **name);
    if let Some(name) = arguments.rows.iter().find(unknown) {
        let names: BTreeSet<&str> = runs.iter().map(|run| run.row.name.as_str()).collect();
        bail!("--rows {name}: there is no such row; the rows are {names:?}");
    }
    if !arguments.report_only {
        make(arguments, &runs, &reported)?;
    }
    if arguments.time {
        time(arguments, &runs)?;
    }
    write_report(arguments, &reported)?;
    if !arguments.quiet {
        println!("{}", arguments.report.display());
    }
    Ok(())
}

fn make(arguments: &StudyArguments, runs: &[Planned], reported: &[Planned]) -> anyhow::Result<()> {
    let (started, mut recordings) = (Instant::now(), BTreeMap::new());
    let left = missing(arguments, runs, &folds_of_tasks(arguments, runs)?)?;
    let bar = progress_bar(runs.len() as u64, "study", arguments.quiet);
    bar.set_position((runs.len() - left.len()) as u64);
    for Part { planned, folds } in left {
        let hours = started.elapsed().as_secs_f64() / 3_600.0;
        if arguments.hours.is_some_and(|most| hours >= most) {
            break;
        }
        let name = planned.task.name();
        if !recordings.contains_key(name) {
            // One task's audio at a time is enough memory.
            recordings.clear();
            let (data, cache) = (&arguments.data, arguments.cache.as_deref());
            let loading = Loading {
                strict: true, // figures are of whole sets
                quiet: arguments.quiet,
            };
            let of_task = Recordings::load(data, planned.task, cache, loading)?;
            recordings.insert(name, of_task);
        }
        let out = planned.folder(&arguments.out);
        let recipe = planned.recipe(&arguments.out, arguments.effort)?;
        for fold in folds {
            let (row, seed) = (&planned.row.name, planned.seed);
            bar.set_message(format!("{name} {row} seed {seed} fold {fold}"));
            let run = Run {
                recipe: &recipe,
                recordings: &recordings[name],
                out: &out,
                quiet: true,
                teachers: &OwnModels,
            };
            let made = run.execute(&[fold], false);
            made.with_context(|| out.display().to_string())?;
            Record::keep(&arguments.records, planned, &out, arguments.effort)?;
        }
        bar.inc(1);
        write_report(arguments, reported)?;
    }
    bar.finish_and_clear();
    Ok(())
}

/// The wanted folds that each task's data set has.
fn folds_of_tasks(
    arguments: &StudyArguments,
    runs: &[Planned],
) -> anyhow::Result<BTreeMap<&'static str, BTreeSet<usize>>> {
    let mut of_tasks = BTreeMap::new();
    for planned in runs {
        if !of_tasks.contains_key(planned.task.name()) {
            let mut folds = Dataset::open(&arguments.data, planned.task)?.folds();
            folds.retain(|fold| arguments.folds.is_empty() || arguments.folds.contains(fold));
            of_tasks.insert(planned.task.name(), folds);
        }
    }
    Ok(of_tasks)
}

/// Measures the milliseconds of all records with networks that are here. The networks take turns, so
/// that a machine that is slower for a while is so for all of them.
fn time(arguments: &StudyArguments, runs: &[Planned]) -> anyhow::Result<()> {
    let mut timed = Vec::new();
    for planned in runs {
        let folder = planned.folder(&arguments.out);
        let record = Record::read(&arguments.records, planned, arguments.effort)?;
        if let Some(record) = record.filter(|_| folder.join("results.json").exists()) {
            timed.push((planned, record, Stopwatch::new(&folder)?));
        }
    }
    let bar = progress_bar((REPEATS * timed.len()) as u64, "timing", arguments.quiet);
    for _ in 0..REPEATS {
        for (_, _, stopwatch) in &mut timed {
            stopwatch.read();
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    for (planned, record, stopwatch) in timed {
        let milliseconds = stopwatch.milliseconds();
        let again = Record {
            milliseconds,
            ..record
        };
        again.write(&arguments.records, planned)?;
    }
    Ok(())
}

/// Folds of a run that must be made.
struct Part<'a> {
    planned: &'a Planned,
    folds: BTreeSet<usize>,
}

/// The runs without a record, and the networks that they begin with, in order.
fn missing<'a>(
    arguments: &StudyArguments,
    runs: &'a [Planned],
    folds_of_tasks: &BTreeMap<&'static str, BTreeSet<usize>>,
) -> anyhow::Result<Vec<Part<'a>>> {
    let mut needed: BTreeMap<PathBuf, BTreeSet<usize>> = BTreeMap::new();
    let mut missing = Vec::new();
    for planned in runs.iter().rev() {
        let folder = planned.folder(&arguments.out);
        let mut folds = needed.remove(&folder).unwrap_or_default();
        if arguments.rows.is_empty() || arguments.rows.contains(&planned.row.name) {
            let record = Record::read(&arguments.records, planned, arguments.effort)?;
            let has = |fold: &usize| record.as_ref().is_some_and(|record| record.has(*fold));
            let all = folds_of_tasks[planned.task.name()].iter();
            folds.extend(all.filter(|fold| !has(fold)));
        }
        if !folds.is_empty() {
            for base in planned.builds_on(&arguments.out, arguments.effort)? {
                needed.entry(base).or_default().extend(&folds);
            }
            missing.push(Part { planned, folds });
        }
    }
    missing.reverse();
    Ok(missing)
}

fn write_report(arguments: &StudyArguments, runs: &[Planned]) -> anyhow::Result<()> {
    let pictures = table::pictures(&arguments.report);
    let of_first_seed = |run: &&Planned| Some(&run.seed) == arguments.seeds.first();
    for planned in runs
        .iter()
        .filter(of_first_seed)
        .filter(|run| run.is_claim())
    {
        let made = planned.folder(&arguments.out).join("confusion.svg");
        if made.exists() {
            std::fs::create_dir_all(&pictures).context("the folder for pictures")?;
            let name = table::confusion_picture(planned.task, &planned.row.name);
            std::fs::copy(&made, pictures.join(name)).context("keeping a picture")?;
        }
    }
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

    /// A study of ESC-10 on one seed, every run of which has a record of fold 1.
    struct Recorded {
        arguments: StudyArguments,
        runs: Vec<Planned>,
        _folder: tempfile::TempDir,
    }

    impl Recorded {
        fn new() -> Self {
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
            for planned in &runs {
                let record = Record {
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
                record.write(&arguments.records, planned).unwrap();
            }
            Self {
                arguments,
                runs,
                _folder: folder,
            }
        }

        fn only(&self, rows: &[&str]) -> StudyArguments {
            StudyArguments {
                rows: rows.iter().map(|name| (*name).to_owned()).collect(),
                ..self.arguments.clone()
            }
        }

        fn path(&self, row: &str) -> PathBuf {
            let run = self.runs.iter().find(|run| run.row.name == row).unwrap();
            Record::path(&self.arguments.records, run)
        }

        /// The rows to make of a set with these folds, and which of their folds.
        fn left(&self, arguments: &StudyArguments, folds: &[usize]) -> Vec<(String, Vec<usize>)> {
            let of_tasks = BTreeMap::from([("esc10", folds.iter().copied().collect())]);
            let parts = missing(arguments, &self.runs, &of_tasks).unwrap();
            let named = |part: Part<'_>| {
                let folds = part.folds.into_iter().collect();
                (part.planned.row.name.clone(), folds)
            };
            parts.into_iter().map(named).collect()
        }
    }

    #[test]
    fn what_is_recorded_is_made_again_only_for_those_that_build_on_it() {
        let recorded = Recorded::new();
        let all = &recorded.arguments;
        assert!(recorded.left(all, &[1]).is_empty());
        let of_fold = |fold: usize, names: &[&str]| -> Vec<(String, Vec<usize>)> {
            let part = |name: &&str| ((*name).to_owned(), vec![fold]);
            names.iter().map(part).collect()
        };
        let forget = |name: &str| std::fs::remove_file(recorded.path(name)).unwrap();
        forget("real");
        assert_eq!(recorded.left(all, &[1]), of_fold(1, &["real"]));
        forget("distilled-25");
        let chain = ["quaternion", "real", "pruned-l1-25", "distilled-25"];
        assert_eq!(recorded.left(all, &[1]), of_fold(1, &chain));
        let taught = ["quaternion", "pruned-l1-25", "distilled-25"];
        let wanted = recorded.only(&["distilled-25", "untaught-50"]);
        assert_eq!(recorded.left(&wanted, &[1]), of_fold(1, &taught));
        // A fold that has no record yet, beside one that has.
        let whole = recorded.only(&["quaternion"]);
        assert_eq!(recorded.left(&whole, &[1, 2]), of_fold(2, &["quaternion"]));
    }

    #[test]
    fn the_report_has_a_row_for_each_record_whatever_part_is_made() {
        let recorded = Recorded::new();
        let all = &recorded.arguments;
        std::fs::remove_file(recorded.path("real")).unwrap();
        let error = study(&recorded.only(&["imaginary"]))
            .unwrap_err()
            .to_string();
        assert!(error.contains("imaginary") && error.contains("quaternion"));
        study(all).unwrap();
        let report = std::fs::read_to_string(&all.report).unwrap();
        let row = "| quaternion | 75.0 | 50.0 | 1 (1 seed) | 1 | 2 | 1.500 | 1.00 |";
        assert!(report.contains(row), "{report}");
        assert!(!report.contains("| real |"));
        // Who makes a part of the tasks leaves the rows of the others.
        let other = StudyArguments {
            tasks: vec![Task::Gtzan],
            ..all.clone()
        };
        study(&other).unwrap();
        assert_eq!(std::fs::read_to_string(&all.report).unwrap(), report);
    }

    /// Figures of another effort are others: neither they nor the report may be replaced.
    #[test]
    fn records_of_another_recipe_stop_the_study_before_it_begins() {
        let recorded = Recorded::new();
        let all = &recorded.arguments;
        study(all).unwrap();
        let kept = || [recorded.path("quaternion"), all.report.clone()].map(std::fs::read);
        let before = kept().map(Result::unwrap);
        for (report_only, tasks) in [(false, vec![Task::Esc10]), (true, vec![Task::Gtzan])] {
            let other = StudyArguments {
                effort: 0.7,
                report_only,
                tasks,
                ..all.clone()
            };
            let error = format!("{:#}", study(&other).unwrap_err());
            for words in ["quaternion.json", "--effort than 0.7", "--records"] {
                assert!(error.contains(words), "{error}");
            }
        }
        assert_eq!(kept().map(Result::unwrap), before);
        assert!(!all.out.exists(), "nothing was trained");
    }
}
