//! The study: does pruning beat distillation for quaternion networks, and what does either cost?

mod plan;
mod table;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context;

use crate::dataset::Task;
use crate::run::{Recordings, Run, progress};
use plan::{Planned, plan};

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
    /// The report, in Markdown; pictures go into a folder of the same name beside it.
    #[arg(long, default_value = "docs/RESULTS.md")]
    pub report: PathBuf,
    /// Tasks [default: all].
    #[arg(long, value_enum, value_delimiter = ',')]
    pub tasks: Vec<Task>,
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
    if !arguments.report_only {
        make(arguments, &runs)?;
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
    for planned in runs {
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
        run.execute(&[], false)
            .with_context(|| out.display().to_string())?;
        bar.inc(1);
        write_report(arguments, runs)?;
    }
    bar.finish_and_clear();
    Ok(())
}

fn write_report(arguments: &StudyArguments, runs: &[Planned]) -> anyhow::Result<()> {
    table::write(&arguments.report, &arguments.out, runs, arguments.effort)
}
