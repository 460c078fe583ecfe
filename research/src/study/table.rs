//! The report of the study: a table and pictures for each task.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::claims;
use super::cost::REPEATS;
use super::plan::{Planned, row_names};
use super::record::{Fold, Record};
use crate::pictures::{Point, scatter};
use hamiltone_training::dataset::Task;
use hamiltone_training::files;
use hamiltone_training::report::{Spread, spread};

/// A row of a table, over all folds and seeds there are.
struct Line {
    name: String,
    /// The folds of each seed that has any.
    seeds: Vec<Vec<Fold>>,
    milliseconds: f64,
}

/// The rows of each task, by its name.
type Lines = BTreeMap<&'static str, (Task, Vec<Line>)>;

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
    let mut text = preface(effort);
    for (task, lines) in lines(records, runs, effort)?.values() {
        text += &section(*task, lines);
        text += &draw(report, *task, lines)?;
    }
    text += &claims::section(records, runs, effort)?;
    let before = match std::fs::read_to_string(report) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(), // none yet
        read => read.with_context(|| format!("reading {}", report.display()))?,
    };
    files::replace(report, &placed(&before, &text)?)
}

fn preface(effort: f64) -> String {
    format!(
        "\n\nMade by `hamiltone-research study --effort {effort}`. Accuracy and mean recall \
         (unweighted average recall, UAR) are means over folds and seeds, ± the standard deviation \
         over all of them; folds never share a recording, a speaker or a track, and the best epoch \
         is chosen on validation clips out of the training folds. \
         A seed that lacks folds is left out where its row has a whole one. A pruned network was trained for two fifths of the epochs after the whole one (the hours \
         are those of that alone); a distilled one has the shape of the L1-pruned one and learns \
         from scratch, from labels and from the whole network's logits; an untaught one from labels \
         alone. Shares are of the filters of the last three blocks. Milliseconds are for a second \
         of sound on one thread, the median of {REPEATS}, front end aside; hours are \
         CPU-hours of training, for all folds of a seed (GPU: none was made without one; –: no seed \
         has all folds yet).\n"
    )
}

/// The contents of the records.
fn lines(records: &Path, runs: &[Planned], effort: f64) -> anyhow::Result<Lines> {
    let mut tasks = Lines::new();
    for planned in runs {
        let Some(record) = Record::read(records, planned, effort)? else {
            continue;
        };
        let (_, lines) = tasks
            .entry(planned.task.name())
            .or_insert_with(|| (planned.task, Vec::new()));
        match lines.iter_mut().find(|line| line.name == planned.row.name) {
            Some(line) => line.seeds.push(record.folds),
            None => lines.push(Line {
                name: planned.row.name.clone(),
                seeds: vec![record.folds],
                milliseconds: record.milliseconds,
            }),
        }
    }
    for (_, lines) in tasks.values_mut() {
        leave_out_begun_seeds(lines);
    }
    Ok(tasks)
}

/// A seed that lacks folds would be compared on other clips than the others, so a row that has a
/// whole seed is told by its whole ones.
fn leave_out_begun_seeds(lines: &mut [Line]) {
    let all = all_folds(lines);
    for line in lines {
        if line.seeds.iter().any(|folds| folds.len() == all.len()) {
            line.seeds.retain(|folds| folds.len() == all.len());
        }
    }
}

/// Draws a task's points, and returns the text that shows its pictures.
fn draw(report: &Path, task: Task, lines: &[Line]) -> anyhow::Result<String> {
    let (pictures, folder) = (pictures(report), folder_of_pictures(report));
    std::fs::create_dir_all(&pictures).context("the folder for pictures")?;
    // What lacks folds would be compared on other clips than the rest.
    let all = all_folds(lines);
    let whole = lines.iter().filter(|line| line.lacks(&all) == 0);
    let points: Vec<Point> = whole.map(Line::point).collect();
    let mut text = "\n".to_owned();
    if !points.is_empty() {
        let picture = format!("{}.svg", task.name());
        scatter(
            &pictures.join(&picture),
            task.title(),
            &kinds(lines),
            &points,
        )?;
        let _ = writeln!(text, "![Accuracy against parameters]({folder}/{picture})");
    }
    for line in lines {
        let picture = confusion_picture(task, &line.name);
        if pictures.join(&picture).exists() {
            let _ = writeln!(text, "![Confusion, {}]({folder}/{picture})", line.name);
        }
    }
    Ok(text)
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

/// A report with another text in the study's section; at its end if it has none.
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
    fn folds(&self) -> impl Iterator<Item = &Fold> {
        self.seeds.iter().flatten()
    }

    fn spread(&self, of: impl Fn(&Fold) -> f64) -> Spread {
        spread(&self.folds().map(of).collect::<Vec<_>>())
    }

    /// How many of these folds its seeds lack, together.
    fn lacks(&self, all: &BTreeSet<usize>) -> usize {
        self.seeds.len() * all.len() - self.folds().count()
    }

    /// CPU-hours of training for all folds: the mean over the seeds that have them all and were
    /// made without a GPU.
    fn hours(&self, all: &BTreeSet<usize>) -> String {
        let whole = self.seeds.iter().filter(|folds| folds.len() == all.len());
        let on_cores = whole.clone().filter(|folds| !folds.iter().any(|f| f.gpu));
        let hours_of = |folds: &Vec<Fold>| {
            let seconds: f64 = folds.iter().map(|fold| fold.cpu_seconds).sum();
            seconds / 3_600.0
        };
        let hours: Vec<f64> = on_cores.map(hours_of).collect();
        match (hours.is_empty(), whole.count()) {
            (false, _) => format!("{:.2}", spread(&hours).mean),
            (true, 0) => "–".to_owned(),
            (true, _) => "GPU".to_owned(),
        }
    }

    fn point(&self) -> Point {
        Point {
            kind: kind(&self.name),
            x: self.spread(|fold| fold.parameters as f64 / 1e3).mean,
            y: 100.0 * self.spread(|fold| fold.test.accuracy).mean,
        }
    }
}

/// A row's name without the share: rows that differ in that alone are of one kind.
fn kind(name: &str) -> String {
    let name = name.strip_suffix("-half-the-arithmetic").unwrap_or(name);
    let (kind, share) = name.rsplit_once('-').unwrap_or((name, ""));
    let kind = if share.parse::<u32>().is_ok() {
        kind
    } else {
        name
    };
    kind.replace('-', " ")
}

/// All kinds there are, on whichever tasks: those of the plan first, so that each has the same marker in
/// every picture.
fn kinds(lines: &[Line]) -> Vec<String> {
    let mut kinds = Vec::new();
    for name in row_names().chain(lines.iter().map(|line| line.name.clone())) {
        let kind = kind(&name);
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds
}

/// Every fold that a seed of a row has.
fn all_folds(lines: &[Line]) -> BTreeSet<usize> {
    let folds = lines.iter().flat_map(Line::folds);
    folds.map(|fold| fold.fold).collect()
}

fn section(task: Task, lines: &[Line]) -> String {
    let mut text = format!(
        "\n### {}\n\n| network | accuracy, % | mean recall, % | runs | parameters, k | multiply-adds \
         a second, M | ms | hours |\n|---|---|---|---|---|---|---|---|\n",
        task.title()
    );
    let all = all_folds(lines);
    for line in lines {
        let (there, lacking) = (line.folds().count(), line.lacks(&all));
        let runs = match lacking {
            0 => there.to_string(),
            _ => format!("{there} of {}", there + lacking),
        };
        let seeds = match line.seeds.len() {
            1 => "1 seed".to_owned(),
            several => format!("{several} seeds"),
        };
        let accuracy = line.spread(|fold| fold.test.accuracy);
        let recall = line.spread(|fold| fold.test.mean_recall);
        let _ = writeln!(
            text,
            "| {} | {:.1}{} | {:.1}{} | {runs} ({seeds}) | {:.0} | {:.0} | {:.3} | {} |",
            line.name,
            100.0 * accuracy.mean,
            accuracy.plus_or_minus(),
            100.0 * recall.mean,
            recall.plus_or_minus(),
            line.spread(|fold| fold.parameters as f64 / 1e3).mean,
            line.spread(|fold| fold.multiply_adds_per_second as f64 / 1e6)
                .mean,
            line.milliseconds,
            line.hours(&all),
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::record::Test;
    use super::*;

    /// A row with these folds for each seed, of an hour each; `gpu` of the first seed.
    fn line(name: &str, seeds: &[&[usize]], gpu: bool) -> Line {
        let fold = |seed: usize, fold: usize| Fold {
            fold,
            cpu_seconds: 3_600.0,
            gpu: gpu && seed == 0,
            parameters: 1_000,
            multiply_adds_per_second: 2_000_000,
            test: Test {
                accuracy: 0.5,
                mean_recall: 0.5,
            },
        };
        let of_seed = |(seed, folds): (usize, &&[usize])| -> Vec<Fold> {
            folds.iter().map(|&number| fold(seed, number)).collect()
        };
        Line {
            name: name.to_owned(),
            seeds: seeds.iter().enumerate().map(of_seed).collect(),
            milliseconds: 1.5,
        }
    }

    #[test]
    fn a_row_is_told_by_its_whole_seeds() {
        let mut lines = [
            line("whole", &[&[1, 2, 3], &[1, 2, 3]], false),
            line("uneven", &[&[1, 2, 3], &[1]], false),
            line("begun", &[&[2]], false),
            line("seed on a GPU", &[&[1, 2, 3], &[1, 2, 3]], true),
            line("all on a GPU", &[&[1, 2, 3]], true),
            line("apart", &[&[1, 2], &[3]], false),
        ];
        leave_out_begun_seeds(&mut lines);
        let text = section(Task::Esc10, &lines);
        for (name, runs, hours) in [
            ("whole", "6 (2 seeds)", "3.00"),
            ("uneven", "3 (1 seed)", "3.00"),
            ("begun", "1 of 3 (1 seed)", "–"),
            ("seed on a GPU", "6 (2 seeds)", "3.00"),
            ("all on a GPU", "3 (1 seed)", "GPU"),
            ("apart", "3 of 6 (2 seeds)", "–"),
        ] {
            let start = format!("| {name} |");
            let row = text.lines().find(|row| row.starts_with(&start)).unwrap();
            assert!(row.contains(&format!("| {runs} |")), "{row}");
            assert!(row.ends_with(&format!("| {hours} |")), "{row}");
        }
        // Two halves are no whole.
        let folder = tempfile::tempdir().unwrap();
        let report = folder.path().join("R.md");
        draw(&report, Task::Esc10, &lines).unwrap();
        let picture = std::fs::read_to_string(folder.path().join("r/study/esc10.svg")).unwrap();
        for (name, drawn) in [("whole", true), ("uneven", true), ("apart", false)] {
            assert_eq!(picture.contains(&format!("\n{name}\n")), drawn, "{name}");
        }
    }

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
