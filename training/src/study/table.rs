//! The report of the study: a table and pictures for each task.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::cost::REPEATS;
use super::plan::Planned;
use super::record::{Fold, Record};
use crate::dataset::Task;
use crate::files;
use crate::report::{Point, Spread, scatter, spread};

/// A row of a table, over all folds and seeds there are.
struct Line {
    name: String,
    seeds: usize,
    folds: Vec<Fold>,
    /// CPU-hours of training for all folds, of each seed that no GPU worked on.
    hours: Vec<f64>,
    milliseconds: f64,
}

/// Between these lines of the report the study writes; what is around them stays.
const BEGIN: &str = "<!-- the study begins -->";
const END: &str = "<!-- the study ends -->";

/// Writes the runs that are finished into the report, by their records.
///
/// # Errors
/// If a record cannot be read or the report cannot be written.
pub(super) fn write(
    report: &Path,
    records: &Path,
    runs: &[Planned],
    effort: f64,
) -> anyhow::Result<()> {
    let mut text = format!(
        "\n\nMade by `hamiltone-training study --effort {effort}`. Accuracy and mean recall \
         (unweighted average recall, UAR) are means over folds and seeds, ± the standard deviation \
         over all of them; folds never share a recording, a speaker or a track, the best epoch is \
         chosen on validation clips out of the training folds, and nothing is tuned on a test fold. \
         A pruned network was trained for two fifths of the epochs after the whole one (the hours \
         are those of that alone); a distilled one has the shape of the L1-pruned one and learns \
         from scratch, from labels and from the whole network's logits; an untaught one from labels \
         alone. Shares are of the filters of the last three blocks. Milliseconds are for a second \
         of sound on one thread, the median of {REPEATS}, front end aside; hours are \
         CPU-hours of training, for all folds of a seed (GPU: none was made without one).\n"
    );
    let mut tasks: BTreeMap<&str, (Task, Vec<Line>)> = BTreeMap::new();
    for planned in runs {
        let Some(record) = Record::read(records, planned, effort)? else {
            continue;
        };
        let on_cores = record.folds.iter().all(|fold| !fold.gpu);
        let seconds: f64 = record.folds.iter().map(|fold| fold.cpu_seconds).sum();
        let hours = Vec::from_iter(on_cores.then_some(seconds / 3_600.0));
        let (_, lines) = tasks
            .entry(planned.task.name())
            .or_insert_with(|| (planned.task, Vec::new()));
        match lines.iter_mut().find(|line| line.name == planned.row.name) {
            Some(line) => {
                line.seeds += 1;
                line.hours.extend(hours);
                line.folds.extend(record.folds);
            }
            None => lines.push(Line {
                name: planned.row.name.clone(),
                seeds: 1,
                folds: record.folds,
                hours,
                milliseconds: record.milliseconds,
            }),
        }
    }
    let pictures = pictures(report);
    for (task, lines) in tasks.values() {
        text += &section(*task, lines);
        if !lines.is_empty() {
            std::fs::create_dir_all(&pictures).context("the folder for pictures")?;
            // A row that lacks folds would be compared on other clips than the others.
            let folds = most_folds(lines);
            let whole = lines
                .iter()
                .filter(|line| line.folds.len() == line.seeds * folds);
            let points: Vec<Point> = whole.map(Line::point).collect();
            let picture = pictures.join(format!("{}.svg", task.name()));
            scatter(&picture, task.title(), &points)?;
            let folder = folder_of_pictures(report);
            let _ = writeln!(
                text,
                "\n![Accuracy against parameters]({folder}/{}.svg)",
                task.name()
            );
            for line in lines {
                let picture = confusion_picture(*task, &line.name);
                if pictures.join(&picture).exists() {
                    let _ = writeln!(text, "![Confusion, {}]({folder}/{picture})", line.name);
                }
            }
        }
    }
    let before = match std::fs::read_to_string(report) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(), // none yet
        read => read.with_context(|| format!("reading {}", report.display()))?,
    };
    files::replace(report, &placed(&before, &text)?)
}

/// Where the pictures of a report are, beside it: `results/study` for RESULTS.md.
pub(super) fn pictures(report: &Path) -> PathBuf {
    report.with_file_name(folder_of_pictures(report))
}

fn folder_of_pictures(report: &Path) -> String {
    let name = report.file_stem().unwrap_or_default().to_string_lossy();
    format!("{}/study", name.to_lowercase())
}

/// The picture of what a row confuses on a task.
pub(super) fn confusion_picture(task: Task, row: &str) -> String {
    format!("{}-confusion-{row}.svg", task.name())
}

/// A report with another text in the study's place; at its end if it has no such place.
fn placed(report: &str, text: &str) -> anyhow::Result<String> {
    let (head, tail) = match report.split_once(BEGIN) {
        None => (report, "\n"),
        Some((head, rest)) => {
            let (_, tail) = rest.split_once(END).with_context(|| {
                format!("the report has a line {BEGIN} and none {END}: put it where the study ends")
            })?;
            (head, tail)
        }
    };
    Ok(format!("{head}{BEGIN}{text}\n{END}{tail}"))
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

/// The folds of a seed of the row that has most.
fn most_folds(lines: &[Line]) -> usize {
    let of_a_seed = |line: &Line| line.folds.len().div_ceil(line.seeds);
    lines.iter().map(of_a_seed).max().unwrap_or_default()
}

fn section(task: Task, lines: &[Line]) -> String {
    let mut text = format!(
        "\n### {}\n\n| network | accuracy, % | mean recall, % | runs | parameters, k | multiply-adds \
         a second, M | ms | hours |\n|---|---|---|---|---|---|---|---|\n",
        task.title()
    );
    let folds = most_folds(lines);
    for line in lines {
        let runs = match line.seeds * folds {
            all if all == line.folds.len() => all.to_string(),
            all => format!("{} of {all}", line.folds.len()),
        };
        let (accuracy, recall) = (line.accuracy(), line.recall());
        let hours = match line.hours.is_empty() {
            true => "GPU".to_owned(),
            false => format!("{:.2}", spread(&line.hours).mean),
        };
        let _ = writeln!(
            text,
            "| {} | {:.1} ± {:.1} | {:.1} ± {:.1} | {runs} ({} seeds) | {:.0} | {:.0} | {:.3} | {hours} |",
            line.name,
            100.0 * accuracy.mean,
            100.0 * accuracy.deviation,
            100.0 * recall.mean,
            100.0 * recall.deviation,
            line.seeds,
            line.mean(|fold| fold.parameters as f64 / 1e3),
            line.mean(|fold| fold.multiply_adds_per_second as f64 / 1e6),
            line.milliseconds,
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_around_the_study_stays() {
        let first = placed("# Results\n", "one").unwrap();
        assert_eq!(first, format!("# Results\n{BEGIN}one\n{END}\n"));
        let around = format!("{first}more\n");
        let second = placed(&around, "two").unwrap();
        assert_eq!(second, format!("# Results\n{BEGIN}two\n{END}\nmore\n"));
        assert!(placed(&format!("{BEGIN} and no end"), "three").is_err());
    }
}
