//! Keeps the report that the settings ask for: opened at the first tags, closed when the stream
//! ends or the model changes.

use std::io;
use std::path::{Path, PathBuf};

use hamiltone_engine::model::Model;
use hamiltone_engine::tagging::Tags;

use super::stream::Unheard;
use crate::report::Report;
use crate::snapshot::Trouble;

/// What the timeline calls its source: a host names no file.
const SOURCE: &str = "live input";

#[derive(Default)]
pub(super) struct Reports {
    folder: Option<PathBuf>,
    open: Option<Report>,
    /// Time of the stream from which nothing is reported yet.
    from_s: f64,
    /// Why nothing is written although a folder is set. No second try until something changes.
    pub(super) trouble: Option<Trouble>,
}

impl Reports {
    /// The folder that reports go to, unless they cannot be written there.
    pub(super) fn working_in(&self) -> Option<&Path> {
        self.folder.as_deref().filter(|_| self.trouble.is_none())
    }

    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Follows the settings. A report that is open in another folder is finished first.
    pub(super) fn set_folder(&mut self, folder: Option<&Path>, duration_s: f64) {
        if self.folder.as_deref() != folder {
            self.finish(duration_s);
            self.trouble = None;
            self.folder = folder.map(Path::to_owned);
        }
    }

    /// A new stream: worth another try where the last one failed.
    pub(super) fn begin_stream(&mut self) {
        self.trouble = None;
        self.from_s = 0.0;
    }

    /// Frames that nobody heard, in the stream's time.
    pub(super) fn unheard(&mut self, from_s: f64, to_s: f64, why: Unheard, breaks: bool) {
        if let Some(report) = &mut self.open {
            report.gap(from_s, to_s, why.in_words(), breaks);
        }
    }

    pub(super) fn record(&mut self, tags: &Tags<'_>, model: &Model, window_s: f32) {
        if self.trouble.is_some() {
            return;
        }
        if self.open.is_none() {
            let Some(folder) = &self.folder else { return };
            match Report::create(folder, model, window_s, self.from_s) {
                Ok(report) => self.open = Some(report),
                Err(error) => return self.give_up(&error),
            }
        }
        if let Some(report) = &mut self.open
            && let Err(error) = report.record(tags)
        {
            self.give_up(&error);
        }
    }

    pub(super) fn flush(&mut self) {
        if let Some(Err(error)) = self.open.as_mut().map(Report::flush) {
            self.give_up(&error);
        }
    }

    pub(super) fn finish(&mut self, duration_s: f64) {
        self.from_s = duration_s;
        if let Some(Err(error)) = self
            .open
            .take()
            .map(|report| report.finish(SOURCE, duration_s))
        {
            self.give_up(&error);
        }
    }

    fn give_up(&mut self, error: &io::Error) {
        self.open = None;
        let folder = self.folder.as_deref().unwrap_or(Path::new(""));
        self.trouble = Some(Trouble {
            title: "Report not written".to_owned(),
            advice: format!(
                "{}: {error}. Make room or choose a folder that can be written to.",
                folder.display()
            ),
        });
    }
}
