//! One table over all files of a run.

use std::io::Write;
use std::path::Path;

use anyhow::{Result, bail};
use hamiltone_engine::timeline::{Answer, Tag};
use serde::Serialize;

use crate::entry::{Entry, JOURNAL_VERSION, TOP};
use crate::out_folder::{OutFolder, PartFile};
use crate::outputs::JOURNAL;

const CSV: &str = "summary.csv";
const JSONL: &str = "summary.jsonl";

/// A summary is written over by each run. One in a folder where no run was yet is somebody else's.
///
/// # Errors
/// If there is one.
pub(crate) fn refuse_anothers(folder: &Path) -> Result<()> {
    if folder.join(JOURNAL).exists() {
        return Ok(());
    }
    for path in [CSV, JSONL].map(|name| folder.join(name)) {
        if path.symlink_metadata().is_ok() {
            bail!(
                "{}: this file is not from an earlier run, and would be written over; rename it, or \
                 give another folder with --out",
                path.display()
            );
        }
    }
    Ok(())
}

/// A row: what came of a file.
#[derive(Debug, Serialize)]
struct Row<'a> {
    format_version: u32,
    file: &'a str,
    sha256: Option<&'a str>,
    duration_s: Option<f64>,
    events: Option<usize>,
    top: &'a [Tag],
    error: Option<&'a str>,
    leading: Option<&'a Answer>,
}

/// `summary.csv` and `summary.jsonl` while they grow, a row at a time: nothing of a file stays in memory. They
/// have their names once they are finished.
pub(crate) struct Summary {
    lines: PartFile,
    table: csv::Writer<PartFile>,
}

impl Summary {
    /// Begins both files.
    pub(crate) fn begin(folder: &OutFolder) -> Result<Self> {
        let lines = folder.create(&folder.path().join(JSONL))?;
        let mut table = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .from_writer(folder.create(&folder.path().join(CSV))?);
        table.write_record(header())?;
        Ok(Self { lines, table })
    }

    /// Adds what came of a file: its entry, or why there is none.
    pub(crate) fn add(&mut self, path: &Path, done: Result<&Entry, &str>) -> Result<()> {
        let file = path.to_string_lossy();
        let entry = done.ok();
        let row = Row {
            format_version: JOURNAL_VERSION,
            file: &file,
            sha256: entry.map(|entry| &entry.sha256[..]),
            duration_s: entry.map(|entry| entry.duration_s),
            events: entry.map(|entry| entry.events),
            top: entry.map_or(&[], |entry| &entry.top),
            error: done.err(),
            leading: entry.and_then(|entry| entry.leading.as_ref()),
        };
        serde_json::to_writer(&mut self.lines, &row)?;
        self.lines.write_all(b"\n")?;
        self.table.write_record(record(&row))?;
        Ok(())
    }

    /// Gives the files their names, over those of an earlier run. Files that were not begun (after `--fail-fast`)
    /// have no row.
    pub(crate) fn finish(self) -> Result<()> {
        self.lines.finish()?;
        let table = self
            .table
            .into_inner()
            .map_err(|error| error.into_error())?;
        Ok(table.finish()?)
    }
}

/// Columns are only ever added at the end; any other change raises the version.
fn header() -> Vec<String> {
    let mut header: Vec<String> = ["format_version", "file", "sha256", "duration_s", "events"]
        .map(str::to_owned)
        .to_vec();
    for rank in 1..=TOP {
        header.extend([format!("label_{rank}"), format!("mean_probability_{rank}")]);
    }
    header.extend(["error", "leading_label", "leading_path", "leading_is_on"].map(str::to_owned));
    header
}

fn record(row: &Row) -> Vec<String> {
    let number = |value: Option<String>| value.unwrap_or_default();
    let mut record = vec![
        row.format_version.to_string(),
        row.file.to_owned(),
        row.sha256.unwrap_or_default().to_owned(),
        number(row.duration_s.map(|seconds| format!("{seconds:.3}"))),
        number(row.events.map(|events| events.to_string())),
    ];
    for rank in 0..TOP {
        let tag = row.top.get(rank);
        record.push(tag.map_or_else(String::new, |tag| tag.label.clone()));
        record.push(tag.map_or_else(String::new, |tag| format!("{:.4}", tag.probability)));
    }
    record.push(row.error.unwrap_or_default().to_owned());
    record.extend(match row.leading {
        Some(answer) => [
            answer.label.clone(),
            answer.path.join(" › "),
            answer.on.to_string(),
        ],
        None => Default::default(),
    });
    record
}
