//! One table over all files of a run.

use std::io;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Result, bail};
use hamiltone_engine::timeline::{Answer, Tag};
use serde::Serialize;

use crate::journal::{Entry, JOURNAL_VERSION, TOP};
use crate::outputs::{self, JOURNAL};

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
#[derive(Debug, Clone, Serialize)]
struct Row {
    format_version: u32,
    file: String,
    sha256: Option<String>,
    duration_s: Option<f64>,
    events: Option<usize>,
    top: Vec<Tag>,
    error: Option<String>,
    leading: Option<Answer>,
}

/// The rows as they come, in the order of the inputs.
pub(crate) struct Rows {
    rows: Mutex<Vec<Option<Row>>>,
    known: AtomicUsize,
}

impl Rows {
    pub(crate) fn new(files: usize) -> Self {
        Self {
            rows: Mutex::new(vec![None; files]),
            known: AtomicUsize::new(0),
        }
    }

    /// What came of the file: its entry and whether it was known, or why there is none.
    pub(crate) fn set(&self, index: usize, path: &Path, done: &Result<(Entry, bool)>) {
        let file = path.to_string_lossy().into_owned();
        let row = match done {
            Ok((entry, known)) => {
                self.known.fetch_add(usize::from(*known), Ordering::Relaxed);
                Row {
                    format_version: JOURNAL_VERSION,
                    file,
                    sha256: Some(entry.sha256.clone()),
                    duration_s: Some(entry.duration_s),
                    events: Some(entry.events),
                    top: entry.top.clone(),
                    error: None,
                    leading: entry.leading.clone(),
                }
            }
            Err(error) => Row {
                format_version: JOURNAL_VERSION,
                file,
                sha256: None,
                duration_s: None,
                events: None,
                top: Vec::new(),
                error: Some(format!("{error:#}")),
                leading: None,
            },
        };
        let mut rows = self
            .rows
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        rows[index] = Some(row);
    }

    /// How many files an earlier run had done.
    pub(crate) fn known(&self) -> usize {
        self.known.load(Ordering::Relaxed)
    }

    /// Writes `summary.csv` and `summary.jsonl` into the folder. Files that were not begun (after
    /// `--fail-fast`) have no row.
    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        let rows = self
            .rows
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        let rows: Vec<&Row> = rows.iter().flatten().collect();
        let mut lines = String::new();
        for row in &rows {
            lines += &(serde_json::to_string(row)? + "\n");
        }
        outputs::write(&folder.join(JSONL), &lines)?;
        outputs::write_with(&folder.join(CSV), |target| {
            table(&rows, target).map_err(io::Error::from)
        })?;
        Ok(())
    }
}

/// Columns are only ever added at the end; any other change raises the version.
fn table(rows: &[&Row], target: &mut dyn io::Write) -> csv::Result<()> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(target);
    let mut header: Vec<String> = ["format_version", "file", "sha256", "duration_s", "events"]
        .map(str::to_owned)
        .to_vec();
    for place in 1..=TOP {
        header.extend([
            format!("label_{place}"),
            format!("mean_probability_{place}"),
        ]);
    }
    header.extend(["error", "leading_label", "leading_path", "leading_is_on"].map(str::to_owned));
    writer.write_record(&header)?;
    for row in rows {
        let number = |value: Option<String>| value.unwrap_or_default();
        let mut record = vec![
            row.format_version.to_string(),
            row.file.clone(),
            row.sha256.clone().unwrap_or_default(),
            number(row.duration_s.map(|seconds| format!("{seconds:.3}"))),
            number(row.events.map(|events| events.to_string())),
        ];
        for place in 0..TOP {
            let tag = row.top.get(place);
            record.push(tag.map_or_else(String::new, |tag| tag.label.clone()));
            record.push(tag.map_or_else(String::new, |tag| format!("{:.4}", tag.probability)));
        }
        record.push(row.error.clone().unwrap_or_default());
        record.extend(match &row.leading {
            Some(answer) => [
                answer.label.clone(),
                answer.path.join(" › "),
                answer.on.to_string(),
            ],
            None => Default::default(),
        });
        writer.write_record(&record)?;
    }
    writer.flush()?;
    Ok(())
}
