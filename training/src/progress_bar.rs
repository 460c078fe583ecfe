//! The progress bar of long commands.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on the terminal; a hidden one with `quiet` or where there is no terminal.
pub fn progress_bar(length: u64, message: &str, quiet: bool) -> ProgressBar {
    let bar = if quiet {
        ProgressBar::hidden()
    } else {
        ProgressBar::new(length)
    };
    let style = ProgressStyle::with_template("{msg:40} {bar:30} {pos}/{len}  {eta} left");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message(message.to_owned());
    bar
}
