//! What is told while the work goes on: a bar on a terminal, warnings and errors for everyone.

use std::io::{self, IsTerminal, Write};
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Steps of the bar in a second of audio, where one file is the whole work.
const STEPS_A_SECOND: f64 = 100.0;

/// One line on stderr. A stderr that is closed is no reason to stop.
pub(crate) fn tell(line: &str) {
    let _ = writeln!(io::stderr(), "hamiltone: {line}");
}

/// A bar for so many rounds; invisible if `quiet` or where stderr is no terminal.
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

/// The bar and the voice of a run; shared by the threads that listen.
pub(crate) struct Progress {
    bar: ProgressBar,
    quiet: bool,
    /// One file moves the bar by its seconds, several by their number.
    single: bool,
    heard_s: Mutex<f64>,
}

impl Progress {
    /// A bar for so many files; invisible if `quiet` or where stderr is no terminal.
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
            heard_s: Mutex::new(0.0),
        }
    }

    /// A file was opened that says it is so long.
    pub(crate) fn opened(&self, expected_s: Option<f64>) {
        if let (true, Some(seconds)) = (self.single, expected_s) {
            self.bar.set_length((seconds * STEPS_A_SECOND) as u64);
        }
    }

    /// So many more seconds of audio went through.
    pub(crate) fn heard(&self, seconds: f64) {
        let mut heard_s = self
            .heard_s
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        *heard_s += seconds;
        if self.single {
            self.bar.set_position((*heard_s * STEPS_A_SECOND) as u64);
        }
        let elapsed = self.bar.elapsed().as_secs_f64().max(1e-3);
        self.bar
            .set_message(format!("{:.0} × real time", *heard_s / elapsed));
    }

    /// A file is through, well or not.
    pub(crate) fn file_done(&self) {
        if !self.single {
            self.bar.inc(1);
        }
    }

    /// Something to know that is no failure; not said in quiet.
    pub(crate) fn warn(&self, line: &str) {
        if !self.quiet {
            self.bar.suspend(|| tell(&format!("warning: {line}")));
        }
    }

    /// Something that everyone should know but who asked for quiet.
    pub(crate) fn tell(&self, line: &str) {
        if !self.quiet {
            self.bar.suspend(|| tell(line));
        }
    }

    /// A word for a person who watches: only where the bar is to be seen.
    pub(crate) fn note(&self, line: &str) {
        if !self.bar.is_hidden() {
            self.bar.suspend(|| tell(line));
        }
    }

    /// A failure.
    pub(crate) fn error(&self, line: &str) {
        self.bar.suspend(|| tell(&format!("error: {line}")));
    }

    /// Writes to stdout without the bar in between.
    pub(crate) fn print(&self, text: &str) -> io::Result<()> {
        self.bar.suspend(|| {
            let mut stdout = io::stdout().lock();
            stdout.write_all(text.as_bytes())?;
            stdout.flush()
        })
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
