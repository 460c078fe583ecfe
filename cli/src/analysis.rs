//! The timeline of one file.

use std::ops::ControlFlow;

use anyhow::Result;
use hamiltone_analysis::{Analysis as Settings, Means, Observer};
use hamiltone_engine::timeline::{Timeline, Warning};
use hamiltone_exports::Format;

use crate::inputs::{Input, Inputs};
use crate::progress::Progress;
use crate::shard::Shard;
use crate::write_tags::TagWriter;

/// The settings of a run of `hamiltone analyze`.
pub(crate) struct Analysis {
    pub(crate) formats: Vec<Format>,
    /// Whether a Parquet data set is written.
    pub(crate) parquet: bool,
    /// The part of the inputs that is processed.
    pub(crate) shard: Option<Shard>,
    pub(crate) settings: Settings,
    /// Writes tags into the inputs, if asked.
    pub(crate) tags: Option<TagWriter>,
    /// Whether up-to-date results are computed again.
    pub(crate) again: bool,
    pub(crate) fail_fast: bool,
    pub(crate) inputs: Inputs,
    pub(crate) progress: Progress,
}

impl Analysis {
    /// The timeline of a file, and the mean probabilities of all labels.
    ///
    /// # Errors
    /// If the file cannot be decoded.
    pub(crate) fn analyze(&self, input: &Input) -> Result<(Timeline, Means)> {
        let mut shown = Shown::new(input, &self.progress);
        Ok(self.settings.analyze(&input.source(), &mut shown)?)
    }
}

/// Shows the reading of a file on the progress bar, and prints its warnings.
pub(crate) struct Shown<'a> {
    input: &'a Input,
    progress: &'a Progress,
}

impl<'a> Shown<'a> {
    pub(crate) fn new(input: &'a Input, progress: &'a Progress) -> Self {
        Self { input, progress }
    }
}

impl Observer for Shown<'_> {
    fn opened(&mut self, expected_s: Option<f64>) {
        self.progress.opened(expected_s);
    }

    fn processed(&mut self, seconds: f64) -> ControlFlow<()> {
        self.progress.processed(seconds);
        ControlFlow::Continue(())
    }

    fn warned(&mut self, message: &str) {
        let name = self.input.path.display();
        self.progress.warn(&format!("{name}: {message}"));
    }

    fn ended(&mut self, warnings: &[Warning]) {
        for warning in warnings {
            let mut name = self.input.path.display().to_string();
            if let Some(channel) = self.input.channel {
                name = format!("{name}, channel {channel}");
            }
            self.progress.warn(&format!("{name}: {}", warning.message));
        }
    }
}
