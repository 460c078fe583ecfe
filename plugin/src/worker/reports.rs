//! The report that the settings ask for: opened at the first tags, closed when the stream ends or the
//! model changes.

use std::io;
use std::path::{Path, PathBuf};

use hamiltone_engine::model::Model;
use hamiltone_engine::tagging::Tags;

use super::stream::GapReason;
use crate::report::Report;
use crate::snapshot::Trouble;

/// The source in the timeline.
const SOURCE: &str = "live input";

#[derive(Default)]
pub(super) struct Reports {
    folder: Option<PathBuf>,
    open: Option<Report>,
    /// Stream time at which the next report begins.
    from_s: f64,
    /// Why nothing is written although a folder is set. Not tried again until something changes.
    pub(super) trouble: Option<Trouble>,
}

impl Reports {
    /// The folder of reports, unless they cannot be written there.
    pub(super) fn working_in(&self) -> Option<&Path> {
        self.folder.as_deref().filter(|_| self.trouble.is_none())
    }

    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Sets the folder. An open report in another folder is finished first.
    pub(super) fn set_folder(&mut self, folder: Option<&Path>, duration_s: f64) {
        if self.folder.as_deref() != folder {
            self.finish(duration_s);
            self.trouble = None;
            self.folder = folder.map(Path::to_owned);
        }
    }

    /// Resets for a new stream; writing is tried again if it failed.
    pub(super) fn begin_stream(&mut self) {
        self.trouble = None;
        self.from_s = 0.0;
    }

    /// Adds a gap, in stream time.
    pub(super) fn gap(&mut self, from_s: f64, to_s: f64, why: GapReason, breaks: bool) {
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
                "{}: {error}. Free some disk space, or choose another folder.",
                folder.display()
            ),
        });
    }
}
