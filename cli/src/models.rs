//! `hamiltone models`: lists the models, or adds some.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use hamiltone_engine::model::{Card, Library, LibraryEntry, ModelSource, TaskKind, user_folder};
use hamiltone_engine::text::printable;
use serde_json::{Value, json};

use crate::arguments::ModelsArguments;
use crate::progress::message;
use crate::usage::text_of;
use crate::{Outcome, journal, progress, selection};

/// The width of the table.
const WIDTH: usize = 100;
const HEADINGS: [&str; 5] = ["NAME", "LABELS", "COST", "LICENCE", "FOR"];
/// Whether a column is aligned to the right.
const RIGHT: [bool; 5] = [false, true, true, false, false];
/// Names are cut after this many characters.
const MAX_NAME: usize = 32;

/// Runs the command.
pub(crate) fn run(arguments: &ModelsArguments) -> Result<Outcome> {
    if !arguments.add.is_empty() {
        return add(&arguments.add, arguments.replace);
    }
    let entries = selection::library().entries();
    let text = if arguments.json {
        let list: Vec<Value> = entries.iter().map(as_json).collect();
        serde_json::to_string_pretty(&list)? + "\n"
    } else {
        as_table(&entries)
    };
    progress::print(text.as_bytes())?;
    Ok(Outcome::Done)
}

/// Copies models into the user's folder, except those that are built in.
fn add(files: &[PathBuf], replace: bool) -> Result<Outcome> {
    let folder = user_folder().context("no models folder: set $HAMILTONE_MODELS")?;
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;
    let inside = Library::with_folders(Vec::new()).entries();
    let mut outcome = Outcome::Done;
    for file in files {
        match add_one(file, &folder, &inside, replace) {
            Ok(result) => {
                // A closed stdout does not stop the other files.
                let _ = writeln!(io::stdout(), "{}: {result}", file.display());
            }
            Err(error) => {
                message(&format!("error: {}: {}", file.display(), text_of(&error)));
                outcome = Outcome::SomeFailed;
            }
        }
    }
    Ok(outcome)
}

/// Adds one model; returns what was done.
fn add_one(
    file: &Path,
    folder: &Path,
    inside: &[LibraryEntry],
    replace: bool,
) -> Result<&'static str> {
    let model = selection::open_file(file)?;
    if inside.iter().any(|entry| entry.hash == model.hash()) {
        return Ok("is built in already");
    }
    let name = file.file_name().context("not a file")?;
    ensure!(
        file.extension()
            .is_some_and(|ending| ending == "safetensors"),
        "the name of a model file must end in .safetensors; rename it"
    );
    let target = folder.join(name);
    let existing = match std::fs::read(&target) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        read => Some(read.with_context(|| format!("cannot read {}", target.display()))?),
    };
    let bytes = std::fs::read(file)?;
    ensure!(
        journal::hash(&bytes) == model.hash(),
        "the file changed while it was read; run the same command again"
    );
    if existing.as_ref() == Some(&bytes) {
        return Ok("was added already");
    }
    ensure!(
        existing.is_none() || replace,
        "{} has another file of this name; rename this one, or replace the other with --replace",
        folder.display()
    );
    // Renamed when complete, since plugins watch the folder.
    let part = target.with_extension("part");
    let copied = std::fs::write(&part, bytes).and_then(|()| std::fs::rename(&part, &target));
    if let Err(error) = copied {
        let _ = std::fs::remove_file(&part); // it may not exist
        return Err(error).with_context(|| format!("cannot copy to {}", folder.display()));
    }
    Ok(if existing.is_some() {
        "replaced"
    } else {
        "added"
    })
}

fn as_json(entry: &LibraryEntry) -> Value {
    let source = source(entry);
    match &entry.summary {
        Err(error) => json!({ "name": entry.name, "source": source, "error": error }),
        Ok(card) => json!({
            "name": entry.name,
            "source": source,
            "hash": entry.hash,
            "description": card.description,
            "task": task(card),
            "labels": card.labels,
            "parameters": card.parameters,
            "multiply_adds_per_second": card.multiply_adds_per_second,
            "memory_bytes": card.memory_bytes,
            "weights_sha256": card.checksums.as_ref().map(|sums| &sums.weights_sha256),
            "default_window_s": card.default_window_s,
            "accuracy": card.accuracy,
            "licence": card.licence,
            "training_data": card.training_data,
            "parent": card.parent,
            "pruning": card.pruning,
        }),
    }
}

/// One line per model, of 100 columns at most; `hamiltone inspect` prints the rest.
fn as_table(entries: &[LibraryEntry]) -> String {
    let cards = entries
        .iter()
        .filter_map(|entry| Some((entry, entry.summary.as_ref().ok()?)));
    let mut rows = vec![HEADINGS.map(str::to_owned)];
    rows.extend(cards.map(|(entry, card)| row(entry, card)));
    let mut widths = [0; HEADINGS.len()];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let others: usize = widths[..HEADINGS.len() - 1]
        .iter()
        .map(|width| width + 2)
        .sum();
    widths[HEADINGS.len() - 1] = WIDTH.saturating_sub(others);
    let mut text = String::new();
    for row in &rows {
        let cells = row.iter().zip(widths).zip(RIGHT);
        let cells = cells.map(|((cell, width), right)| {
            let cell = shortened(cell, width);
            match right {
                true => format!("{cell:>width$}"),
                false => format!("{cell:width$}"),
            }
        });
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    for entry in entries {
        if let Err(error) = &entry.summary {
            text.push_str(&format!("\nunusable: {}: {error}\n", source(entry)));
        }
    }
    text.push_str(&notes(entries));
    text
}

fn notes(entries: &[LibraryEntry]) -> String {
    let built_in = entries
        .iter()
        .filter(|entry| matches!(entry.source, ModelSource::BuiltIn));
    let built_in: Vec<&str> = built_in.map(|entry| entry.name.as_str()).collect();
    let mut text = format!(
        "\nCOST: multiply-adds per second of audio. Built in: {}.\n`hamiltone inspect NAME` prints accuracy, training data, \
         licence and all labels of a model.\n",
        built_in.join(", ")
    );
    if let Some(folder) = user_folder() {
        text.push_str(&format!(
            "To add model files (.safetensors), put them into {}\n",
            folder.display()
        ));
    }
    text
}

fn row(entry: &LibraryEntry, card: &Card) -> [String; 5] {
    let licence = card.licence_in_short();
    [
        shortened(&entry.name, MAX_NAME),
        card.labels.len().to_string(),
        in_units(card.multiply_adds_per_second),
        licence.replace("licence ", "").replace(" licence", ""),
        card.purpose(),
    ]
}

/// A text of at most `width` characters, with an ellipsis if it was cut.
fn shortened(text: &str, width: usize) -> String {
    match text.chars().count() <= width {
        true => text.to_owned(),
        false => {
            let kept: String = text.chars().take(width.saturating_sub(1)).collect();
            format!("{}…", kept.trim_end())
        }
    }
}

fn source(entry: &LibraryEntry) -> String {
    match &entry.source {
        ModelSource::BuiltIn => "built in".to_owned(),
        ModelSource::File(path) => printable(&path.to_string_lossy()).into_owned(),
    }
}

fn task(card: &Card) -> &'static str {
    match card.task {
        TaskKind::SingleLabel => "single-label",
        TaskKind::MultiLabel => "multi-label",
    }
}

/// A count with three significant digits: `950`, `128 k`, `1.28 M`, `20.1 G`.
fn in_units(count: u64) -> String {
    let (mut value, mut unit) = (count as f64, "");
    for next in ["k", "M", "G", "T"] {
        // 999.5 would round to 1000 of the smaller unit.
        if value < 999.5 {
            break;
        }
        (value, unit) = (value / 1_000.0, next);
    }
    let digits = match (unit, value) {
        ("", _) => return count.to_string(),
        (_, value) if value < 9.995 => 2,
        (_, value) if value < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.digits$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_three_digits() {
        for (count, shown) in [
            (0, "0"),
            (950, "950"),
            (9_990, "9.99 k"),
            (9_999, "10.0 k"),
            (128_400, "128 k"),
            (999_600, "1.00 M"),
            (1_280_000, "1.28 M"),
            (20_150_000_000, "20.1 G"),
        ] {
            assert_eq!(in_units(count), shown);
        }
    }
}
