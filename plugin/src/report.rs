//! Reports on disk, written by the worker while a report folder is set.
//!
//! `tags.jsonl` grows with the tags; `timeline.json` and `timeline.csv` are written when processing
//! stops. Existing files are never overwritten: a second report in the same folder is
//! `tags-2.jsonl`, `timeline-2.json`, `timeline-2.csv`, and so on.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use hamiltone_engine::model::Model;
use hamiltone_engine::tagging::{self, Tags};
use hamiltone_engine::timeline::{Answer, EventSettings, Recorder};
use hamiltone_exports::Format;
use serde::Serialize;

/// Number of labels in a line of `tags.jsonl`.
pub const TOP: usize = 5;

/// The maximum number of reports in a folder.
const MAX_REPORTS: u32 = 9_999;

/// A report that is being written.
pub struct Report {
    lines: BufWriter<File>,
    recorder: Recorder,
    labels: Vec<String>,
    parents: Vec<Vec<usize>>,
    threshold: f32,
    timeline_json: PathBuf,
    timeline_csv: PathBuf,
}

/// One line of `tags.jsonl`.
#[derive(Serialize)]
struct Line<'a> {
    time_s: f64,
    top: Vec<LineTag<'a>>,
    leading: Option<Answer>,
}

#[derive(Serialize)]
struct LineTag<'a> {
    label: &'a str,
    probability: f32,
}

impl Report {
    /// Starts a report of `model` with a window of `window_s` seconds, from `from_s` of the stream on. Creates the
    /// folder if it is missing and takes the first free number in it.
    ///
    /// # Errors
    /// When the folder is not a full path, or cannot be created or written to.
    pub fn create(folder: &Path, model: &Model, window_s: f32, from_s: f64) -> io::Result<Self> {
        if !folder.is_absolute() {
            // It would be relative to the working folder of the host.
            let what = format!("the report folder {folder:?} is not a full path");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        }
        fs::create_dir_all(folder)?;
        let events = EventSettings::of(model.card());
        let mut recorder = Recorder::new(model, window_s, events);
        recorder.begin_at(from_s);
        for number in 1..=MAX_REPORTS {
            let timeline_json = numbered(folder, "timeline", number, "json");
            let timeline_csv = numbered(folder, "timeline", number, "csv");
            if timeline_json.exists() || timeline_csv.exists() {
                continue;
            }
            // Creating this file reserves the number, against other instances too.
            match create_new(&numbered(folder, "tags", number, "jsonl")) {
                Ok(tags) => {
                    return Ok(Self {
                        lines: BufWriter::new(tags),
                        recorder,
                        labels: model.card().labels.clone(),
                        parents: model.card().parents.clone(),
                        threshold: events.threshold,
                        timeline_json,
                        timeline_csv,
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::other(format!(
            "the folder already holds {MAX_REPORTS} reports"
        )))
    }

    /// Adds one column of tags.
    ///
    /// # Errors
    /// When the line cannot be written.
    pub fn record(&mut self, tags: &Tags<'_>) -> io::Result<()> {
        self.recorder.push(tags);
        let top = tagging::top(tags.probabilities, TOP)
            .into_iter()
            .filter_map(|index| {
                let label = self.labels.get(index)?;
                Some(LineTag {
                    label,
                    probability: *tags.probabilities.get(index)?,
                })
            })
            .collect();
        serde_json::to_writer(
            &mut self.lines,
            &Line {
                time_s: tags.time_s,
                top,
                leading: Answer::of(&self.labels, &self.parents, tags, self.threshold),
            },
        )?;
        self.lines.write_all(b"\n")
    }

    /// Adds a gap between two times; `breaks`: the tags that follow do not depend on what came before.
    pub fn gap(&mut self, from_s: f64, to_s: f64, reason: &str, breaks: bool) {
        self.recorder.gap(from_s, to_s, reason, breaks);
    }

    /// Flushes the lines so far, for programs that follow the file.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn flush(&mut self) -> io::Result<()> {
        self.lines.flush()
    }

    /// Ends the report: writes the timeline of `duration_s` seconds of audio in both formats.
    ///
    /// # Errors
    /// When a file cannot be written; what was written before stays.
    pub fn finish(mut self, source: &str, duration_s: f64) -> io::Result<()> {
        self.lines.flush()?;
        let timeline = self.recorder.finish(source, duration_s);
        for (format, path) in [
            (Format::JSON, &self.timeline_json),
            (Format::CSV, &self.timeline_csv),
        ] {
            // It gets its name when it is complete and on the disk: a full one leaves no half of a timeline.
            let mut target = BufWriter::new(hidden(path.parent().unwrap_or(path))?);
            format.write(&timeline, &mut target)?;
            let file = target
                .into_inner()
                .map_err(io::IntoInnerError::into_error)?;
            file.as_file().sync_all()?;
            file.persist_noclobber(path).map_err(|error| error.error)?;
        }
        Ok(())
    }
}

/// A hidden file that gets its name later, with the permissions of an ordinary file.
fn hidden(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".hamiltone-report-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666)); // less the user's mask
    builder.tempfile_in(folder)
}

fn create_new(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

fn numbered(folder: &Path, stem: &str, number: u32, extension: &str) -> PathBuf {
    folder.join(match number {
        1 => format!("{stem}.{extension}"),
        _ => format!("{stem}-{number}.{extension}"),
    })
}
