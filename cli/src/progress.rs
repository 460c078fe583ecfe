//! The progress bar, and messages on stderr.

use std::io::{self, IsTerminal, Write};
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context, Result};
use hamiltone_engine::text::printable;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Steps of the bar per second of audio, for a single file.
const STEPS_PER_SECOND: f64 = 100.0;

/// Prints a line on stderr; ignores a closed stderr. Names of files and texts of models in it cannot control the
/// terminal.
pub(crate) fn message(line: &str) {
    let _ = writeln!(io::stderr(), "hamiltone: {}", printable(line));
}

/// Writes to stdout.
///
/// # Errors
/// If stdout cannot be written to, for example because it is a file on a full disk.
pub(crate) fn print(bytes: &[u8]) -> Result<()> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(bytes).and_then(|()| stdout.flush());
    written.context("stdout cannot be written to")
}

/// A bar for `count` rounds; hidden if `quiet` or if stderr is not a terminal.
pub(crate) fn rounds(count: usize, quiet: bool) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(count as u64), target(quiet));
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len} rounds") {
        bar.set_style(style);
    }
    bar
}

fn target(quiet: bool) -> ProgressDrawTarget {
    if !quiet && io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    }
}

/// The bar and the messages of a run, shared by its threads.
pub(crate) struct Progress {
    bar: ProgressBar,
    quiet: bool,
    /// The bar counts seconds of a single file, else files.
    single: bool,
    processed_s: Mutex<f64>,
}

impl Progress {
    /// A bar for `files` files; hidden if `quiet` or if stderr is not a terminal.
    pub(crate) fn new(files: usize, quiet: bool) -> Self {
        let single = files == 1;
        let length = (!single).then_some(files as u64);
        let bar = ProgressBar::with_draw_target(length, target(quiet));
        let template = if single {
            "{spinner} {wide_bar} {percent:>3} %  {msg}  {eta:>4} left"
        } else {
            "{spinner} {wide_bar} {pos}/{len} files  {msg}  {eta:>4} left"
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self {
            bar,
            quiet,
            single,
            processed_s: Mutex::new(0.0),
        }
    }

    /// A file was opened that states this length.
    pub(crate) fn opened(&self, expected_s: Option<f64>) {
        if let (true, Some(seconds)) = (self.single, expected_s) {
            self.bar.set_length((seconds * STEPS_PER_SECOND) as u64);
        }
    }

    /// Counts seconds of audio.
    pub(crate) fn processed(&self, seconds: f64) {
        let mut processed_s = self
            .processed_s
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        *processed_s += seconds;
        if self.single {
            self.bar
                .set_position((*processed_s * STEPS_PER_SECOND) as u64);
        }
        let elapsed = self.bar.elapsed().as_secs_f64().max(1e-3);
        self.bar
            .set_message(format!("{:.0} × real time", *processed_s / elapsed));
    }

    /// Counts a file, with or without an error.
    pub(crate) fn file_done(&self) {
        if !self.single {
            self.bar.inc(1);
        }
    }

    /// Prints a warning, unless `quiet`.
    pub(crate) fn warn(&self, line: &str) {
        if !self.quiet {
            self.bar.suspend(|| message(&format!("warning: {line}")));
        }
    }

    /// Prints a message, unless `quiet`.
    pub(crate) fn info(&self, line: &str) {
        if !self.quiet {
            self.bar.suspend(|| message(line));
        }
    }

    /// Prints a message if the bar is visible.
    pub(crate) fn hint(&self, line: &str) {
        if !self.bar.is_hidden() {
            self.bar.suspend(|| message(line));
        }
    }

    /// Prints an error.
    pub(crate) fn error(&self, line: &str) {
        self.bar.suspend(|| message(&format!("error: {line}")));
    }

    /// Writes to stdout with the bar hidden.
    ///
    /// # Errors
    /// If stdout cannot be written to.
    pub(crate) fn print(&self, bytes: &[u8]) -> Result<()> {
        self.bar.suspend(|| print(bytes))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
