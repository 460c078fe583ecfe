//! The report of the study: a table and pictures for each task.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use hamiltone_engine::features::COMPONENTS;
use hamiltone_engine::model::ModelFile;
use hamiltone_engine::network::streaming::{PackedNetwork, StreamingNetwork};
use serde::Deserialize;

use super::plan::Planned;
use crate::dataset::Task;
use crate::files;
use crate::report::{Point, Spread, scatter, spread};

/// What the table needs of a run's `results.json`.
#[derive(Deserialize)]
struct Results {
    folds: Vec<Fold>,
}

#[derive(Deserialize)]
struct Fold {
    seconds: f64,
    parameters: u64,
    multiply_adds_per_second: u64,
    test: Test,
}

#[derive(Deserialize)]
struct Test {
    accuracy: f64,
    mean_recall: f64,
}

/// A row of a table, over all folds and seeds there are.
struct Line {
    name: String,
    seeds: usize,
    folds: Vec<Fold>,
    milliseconds: f64,
}

/// Seconds of sound whose cost is measured, and how often.
const SECONDS: usize = 4;
const REPEATS: usize = 7;

/// Writes the report of the runs that are finished.
///
/// # Errors
/// If a result cannot be read or the report cannot be written.
pub(super) fn write(
    report: &Path,
    out: &Path,
    runs: &[Planned],
    effort: f64,
) -> anyhow::Result<()> {
    let threads = rayon::current_num_threads();
    let mut text = format!(
        "# Results\n\nMade by `hamiltone-training study --effort {effort}`. Accuracy and mean recall \
         (unweighted average recall, UAR) are means over folds and seeds, ± the standard deviation \
         over all of them; folds never share a recording, a speaker or a track, the best epoch is \
         chosen on validation clips out of the training folds, and nothing is tuned on a test fold. \
         A pruned network was trained for two fifths of the epochs after the whole one (the hours \
         are those of that alone); a distilled one has the shape of the L1-pruned one and learns \
         from scratch, from labels and from the whole network's logits; an untaught one from labels \
         alone. Shares are of the filters of the last three blocks. Milliseconds are for a second \
         of sound on one thread, the median of {REPEATS}, front end aside; hours are of \
         {threads} threads.\n"
    );
    let mut tasks: BTreeMap<&str, (Task, Vec<Line>)> = BTreeMap::new();
    for planned in runs {
        let Some(results) = read(&planned.folder(out).join("results.json"))? else {
            continue;
        };
        let (_, lines) = tasks
            .entry(planned.task.name())
            .or_insert_with(|| (planned.task, Vec::new()));
        match lines.iter_mut().find(|line| line.name == planned.row.name) {
            Some(line) => {
                line.seeds += 1;
                line.folds.extend(results.folds);
            }
            None => lines.push(Line {
                name: planned.row.name.clone(),
                seeds: 1,
                folds: results.folds,
                milliseconds: milliseconds(&planned.folder(out))?,
            }),
        }
    }
    let pictures = report.with_extension("").join("study");
    for (task, lines) in tasks.values() {
        text += &section(*task, lines, threads);
        if !lines.is_empty() {
            std::fs::create_dir_all(&pictures).context("the folder for pictures")?;
            let points: Vec<Point> = lines.iter().map(Line::point).collect();
            let picture = pictures.join(format!("{}.svg", task.name()));
            scatter(&picture, task.title(), &points)?;
            let name = report.file_stem().unwrap_or_default().to_string_lossy();
            let _ = writeln!(
                text,
                "\n![Accuracy against parameters]({name}/study/{}.svg)",
                task.name()
            );
        }
    }
    files::replace(report, &text)
}

fn read(path: &Path) -> anyhow::Result<Option<Results>> {
    match std::fs::read_to_string(path) {
        Err(_) => Ok(None), // not made yet
        Ok(text) => serde_json::from_str(&text)
            .map(Some)
            .with_context(|| format!("{} holds no results of a run", path.display())),
    }
}

impl Line {
    fn accuracy(&self) -> Spread {
        spread(
            &self
                .folds
                .iter()
                .map(|f| f.test.accuracy)
                .collect::<Vec<_>>(),
        )
    }

    fn recall(&self) -> Spread {
        spread(
            &self
                .folds
                .iter()
                .map(|f| f.test.mean_recall)
                .collect::<Vec<_>>(),
        )
    }

    fn mean(&self, of: impl Fn(&Fold) -> f64) -> f64 {
        self.folds.iter().map(of).sum::<f64>() / self.folds.len().max(1) as f64
    }

    fn point(&self) -> Point {
        Point {
            name: self.name.clone(),
            x: self.mean(|fold| fold.parameters as f64 / 1e3),
            y: 100.0 * self.accuracy().mean,
        }
    }
}

fn section(task: Task, lines: &[Line], threads: usize) -> String {
    let mut text = format!(
        "\n## {}\n\n| network | accuracy, % | mean recall, % | runs | parameters, k | multiply-adds \
         a second, M | ms | hours |\n|---|---|---|---|---|---|---|---|\n",
        task.title()
    );
    for line in lines {
        let (accuracy, recall) = (line.accuracy(), line.recall());
        let hours = line.folds.iter().map(|fold| fold.seconds).sum::<f64>() * threads as f64
            / 3_600.0
            / line.seeds as f64;
        let _ = writeln!(
            text,
            "| {} | {:.1} ± {:.1} | {:.1} ± {:.1} | {} ({} seeds) | {:.0} | {:.0} | {:.3} | {hours:.2} |",
            line.name,
            100.0 * accuracy.mean,
            100.0 * accuracy.deviation,
            100.0 * recall.mean,
            100.0 * recall.deviation,
            line.folds.len(),
            line.seeds,
            line.mean(|fold| fold.parameters as f64 / 1e3),
            line.mean(|fold| fold.multiply_adds_per_second as f64 / 1e6),
            line.milliseconds,
        );
    }
    text
}

/// Milliseconds for a second of sound, streamed in columns of eight, of the run's first model.
fn milliseconds(folder: &Path) -> anyhow::Result<f64> {
    let file = ModelFile::read(&folder.join("fold1/model.safetensors"))?;
    let (features, architecture) = (&file.card.features, &file.card.architecture);
    let network = PackedNetwork::new(architecture, features.mel_bands, &file.weights);
    let mut stream = StreamingNetwork::new(Arc::new(network), 8);
    let column = architecture.frames_per_column() * COMPONENTS * features.mel_bands;
    let chunks =
        (SECONDS as f64 / features.hop_s()) as usize / architecture.frames_per_column() / 8;
    let frames = vec![0.5; 8 * column];
    let mut times: Vec<f64> = (0..=REPEATS)
        .map(|_| {
            let started = Instant::now();
            for _ in 0..chunks {
                stream.advance(&frames, &mut |column| {
                    std::hint::black_box(column);
                });
            }
            started.elapsed().as_secs_f64()
        })
        .skip(1) // the first one warms up
        .collect();
    times.sort_by(f64::total_cmp);
    let heard = (chunks * 8 * architecture.frames_per_column()) as f64 * features.hop_s();
    Ok(1e3 * times[REPEATS / 2] / heard)
}
