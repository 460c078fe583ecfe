//! What more sounds are worth: the accuracy of a recipe by the number of training clips of each label.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use hamiltone_training::dataset::Task;
use hamiltone_training::progress_bar::progress_bar;
use hamiltone_training::recipe::Recipe;
use hamiltone_training::report::spread;
use hamiltone_training::run::{Loading, Recordings, Run};
use hamiltone_training::teacher::OwnModels;

use crate::pictures::{Line, lines};

/// Arguments of `clip-counts`.
#[derive(clap::Args, Debug, Clone)]
pub struct ClipCountsArguments {
    /// Folder of data sets.
    #[arg(long)]
    pub data: PathBuf,
    /// Folder for decoded audio [default: hamiltone in the user's cache folder].
    #[arg(long)]
    pub cache: Option<PathBuf>,
    /// Recipes in TOML.
    #[arg(long, required = true, num_args = 1..)]
    pub recipe: Vec<PathBuf>,
    /// Training clips of each label. A count that a task has not in every fold is left out of its row.
    #[arg(long, value_delimiter = ',', default_values_t = [2, 5, 10, 20, 40, 100])]
    pub clips: Vec<usize>,
    /// Seeds; each draws other clips.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 2, 3])]
    pub seeds: Vec<u64>,
    /// Folder for the runs; finished ones are not made again.
    #[arg(long)]
    pub out: PathBuf,
    /// The table, in Markdown, replaced as a whole; a picture of the same name, in SVG, is written beside it.
    #[arg(long)]
    pub report: PathBuf,
    /// No progress.
    #[arg(long)]
    pub quiet: bool,
}

/// What a recipe came to.
struct Outcomes {
    name: String,
    /// Labels and folds of the task.
    labels: usize,
    folds: usize,
    /// By training clips of each label: accuracies of all folds and seeds, 0 to 1.
    by_count: BTreeMap<usize, Vec<f64>>,
}

/// Trains what is missing and writes table and picture.
///
/// # Errors
/// If a recipe or the data cannot be read, a run fails, or the report cannot be written.
pub fn clip_counts(arguments: &ClipCountsArguments) -> anyhow::Result<()> {
    ensure!(
        arguments.clips.iter().all(|&count| count > 0),
        "--clips must be 1 or more"
    );
    let read = |path: &PathBuf| read_recipe(path).with_context(|| path.display().to_string());
    let recipes: Vec<Recipe> = arguments
        .recipe
        .iter()
        .map(read)
        .collect::<Result<_, _>>()?;
    let runs = recipes.len() * arguments.clips.len() * arguments.seeds.len();
    let bar = progress_bar(runs as u64, "runs", arguments.quiet);
    let mut loaded: Option<(Task, Recordings)> = None;
    let mut all = Vec::new();
    for recipe in &recipes {
        if loaded.as_ref().is_none_or(|(task, _)| *task != recipe.task) {
            let loading = Loading {
                strict: true, // figures are of whole sets
                quiet: arguments.quiet,
            };
            let cache = arguments.cache.as_deref();
            let of_task = Recordings::load(&arguments.data, recipe.task, cache, loading)?;
            loaded = Some((recipe.task, of_task));
        }
        if let Some((_, recordings)) = &loaded {
            all.push(measure(arguments, recipe, recordings, &|| bar.inc(1))?);
        }
    }
    bar.finish_and_clear();
    write_report(&arguments.report, &all, arguments.seeds.len())
}

fn read_recipe(path: &Path) -> anyhow::Result<Recipe> {
    Recipe::from_settings(std::fs::read_to_string(path)?.parse()?)
}

fn measure(
    arguments: &ClipCountsArguments,
    recipe: &Recipe,
    recordings: &Recordings,
    done: &dyn Fn(),
) -> anyhow::Result<Outcomes> {
    let labels = recordings.dataset.labels.len();
    let mut outcomes = Outcomes {
        name: recipe.name.clone(),
        labels,
        folds: recordings.dataset.folds().len(),
        by_count: BTreeMap::new(),
    };
    for &count in &arguments.clips {
        for &seed in &arguments.seeds {
            let limited = Recipe {
                seed,
                clips_per_label: Some(count),
                ..recipe.clone()
            };
            let name = format!("{}/clips{count}-seed{seed}", recipe.name);
            let run = Run {
                recipe: &limited,
                recordings,
                out: &arguments.out.join(name),
                quiet: true,
                teachers: &OwnModels,
            };
            if has_clips(recordings, count) {
                let folds = run.execute(&[], false)?;
                let accuracies = folds.iter().map(|fold| fold.test.accuracy);
                let values = outcomes.by_count.entry(count).or_default();
                values.extend(accuracies);
            }
            done();
        }
    }
    Ok(outcomes)
}

/// Whether every label has so many clips outside each fold.
fn has_clips(recordings: &Recordings, count: usize) -> bool {
    let dataset = &recordings.dataset;
    dataset.folds().into_iter().all(|fold| {
        let mut of_label = vec![0; dataset.labels.len()];
        let rest = dataset.clips.iter().filter(|clip| clip.fold != fold);
        rest.for_each(|clip| of_label[clip.label()] += 1);
        of_label.into_iter().all(|clips| clips >= count)
    })
}

fn write_report(path: &Path, all: &[Outcomes], seeds: usize) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    let picture = path.with_extension("svg");
    let line = |outcomes: &Outcomes| Line {
        name: format!("{} ({} labels)", outcomes.name, outcomes.labels),
        points: outcomes
            .by_count
            .iter()
            .map(|(&count, values)| {
                let spread = spread(values);
                let deviation = spread.deviation.unwrap_or_default();
                (count, 100.0 * spread.mean, 100.0 * deviation)
            })
            .collect(),
    };
    let drawn: Vec<Line> = all.iter().map(line).collect();
    let title = "Accuracy by training clips of each label";
    lines(&picture, title, "training clips of each label", &drawn)?;
    let text = table(all, seeds, &picture);
    std::fs::write(path, text).with_context(|| path.display().to_string())
}

/// A row a recipe, a column a count.
fn table(all: &[Outcomes], seeds: usize, picture: &Path) -> String {
    let counts: BTreeSet<usize> = all
        .iter()
        .flat_map(|outcomes| outcomes.by_count.keys().copied())
        .collect();
    let mut text = format!(
        "# Accuracy by number of training clips\n\nAccuracy in percent, mean ± standard deviation over folds and \
         {seeds} seed{}, each of which draws other clips. Recordings, speakers and tracks never straddle training and \
         test. Written by `hamiltone-research clip-counts`.\n\n",
        if seeds == 1 { "" } else { "s" }
    );
    let name = picture.file_name().unwrap_or_default().to_string_lossy();
    let _ = writeln!(text, "![The table as lines]({name})\n");
    let heads: String = counts
        .iter()
        .map(|count| format!(" {count} clips |"))
        .collect();
    let _ = writeln!(text, "| recipe | labels | folds |{heads}");
    let _ = writeln!(text, "|---|---|---|{}", "---|".repeat(counts.len()));
    for outcomes in all {
        let cell = |count: &usize| match outcomes.by_count.get(count) {
            Some(values) => {
                let spread = spread(values);
                format!(" {:.1}{} |", 100.0 * spread.mean, spread.plus_or_minus())
            }
            None => " |".to_owned(),
        };
        let cells: String = counts.iter().map(cell).collect();
        let Outcomes {
            name,
            labels,
            folds,
            ..
        } = outcomes;
        let _ = writeln!(text, "| {name} | {labels} | {folds} |{cells}");
    }
    text
}
