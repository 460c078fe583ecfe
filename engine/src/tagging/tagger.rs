use std::sync::Arc;

use super::clip::LEAST_COLUMNS;
use super::stream::{ColumnStream, columns_before};
use crate::features::DELTA_LATENCY_FRAMES;
use crate::model::{Among, Model, OnLevels};
use crate::network::{MAX_WINDOW_S, MIN_WINDOW_S, Window, WindowSums};
use crate::{EngineError, Interrupt};

/// The tags of one column.
#[derive(Debug, Clone, Copy)]
pub struct Tags<'a> {
    /// Time of the newest sample that the tags depend on, in seconds from the first sample pushed.
    pub time_s: f64,
    /// The probability of each label, 0 to 1.
    pub probabilities: &'a [f32],
    /// The text to show where no label is on: "no clear genre" among chosen labels, "no answer yet" in the first four
    /// columns of a stream, where the most probable label of a general tagger is "Music" for any input. `None`: show
    /// the leading label.
    pub unclear: Option<&'a str>,
    /// Indices of the labels that competed, where only some did; empty for all.
    pub among: &'a [usize],
    /// The probability from which each label is on.
    pub on_levels: OnLevels<'a>,
}

/// Live tagging: mono samples at the host's rate in, tags out, one a column (about six a second with four poolings).
/// Any block sizes give the same tags.
///
/// A stream begins in the state that a long silence leaves, and so it does after a [`reset`](Self::reset): the tags are
/// those of the same samples behind silence. The window is full of silence at first, so probabilities grow with the
/// share of the window that the stream fills. The first tags come after
/// [`Card::first_tags_s`](crate::model::Card::first_tags_s).
pub struct Tagger {
    model: Arc<Model>,
    sample_rate: u32,
    stream: ColumnStream,
    results: Results,
    samples_pushed: u64,
}

/// The text to show for the first columns, unless a label is on.
pub const NO_ANSWER_YET: &str = "no answer yet";

/// From columns to tags.
struct Results {
    window: Window,
    window_s: f32,
    sums: WindowSums,
    features: Vec<f32>,
    hidden: Vec<f32>,
    probabilities: Vec<f32>,
    among: Among,
    scores: Vec<f32>,
    /// Columns since the beginning, and how many of the first give no tags.
    columns: usize,
    columns_before: usize,
}

impl Tagger {
    /// For mono audio at `sample_rate` Hz (8 000 to 768 000); the window is clamped to 0.5–10 s.
    /// Allocates everything it needs.
    ///
    /// # Errors
    /// If the rate is not supported.
    pub fn new(model: Arc<Model>, sample_rate: u32, window_s: f32) -> Result<Self, EngineError> {
        let (network, features) = (model.network(), &model.card().features);
        let stream = ColumnStream::new(network, features, sample_rate, 1)?;
        let architecture = network.architecture();
        let capacity = (f64::from(MAX_WINDOW_S) / refresh_s(&model)).ceil() as usize;
        let mut tagger = Self {
            sample_rate,
            results: Results {
                window: Window::new(stream.column_of_silence(), capacity),
                window_s,
                sums: WindowSums::new(architecture),
                features: Vec::with_capacity(architecture.features()),
                hidden: Vec::new(),
                probabilities: Vec::new(),
                among: Among::default(),
                scores: Vec::new(),
                columns: 0,
                columns_before: columns_before(features, architecture),
            },
            samples_pushed: 0,
            stream,
            model,
        };
        tagger.set_window(window_s);
        Ok(tagger)
    }

    /// Takes mono samples at the rate of [`new`](Self::new), in blocks of any size; calls `on_tags` for each column
    /// that they complete. Does not allocate once the first tags came, and never waits. A block that completes a column
    /// computes for milliseconds: call it from a worker thread, not from the audio thread.
    pub fn push(&mut self, mono: &[f32], on_tags: &mut dyn FnMut(&Tags<'_>)) {
        self.samples_pushed += mono.len() as u64;
        let (model, results) = (&self.model, &mut self.results);
        self.stream
            .push(mono, &mut |column| results.take(model, column, on_tags));
    }

    /// Ends a file: computes the columns of the samples that still wait. A stream of fewer than five columns is
    /// followed by silence until there are five, as in [`ClipClassifier`](super::ClipClassifier): the network needs the
    /// decay of a single hit. The times of these columns lie after the end of the stream. Call [`reset`](Self::reset)
    /// before the next stream. Allocates.
    pub fn finish(&mut self, on_tags: &mut dyn FnMut(&Tags<'_>)) {
        if self.samples_pushed == 0 {
            return;
        }
        let (model, results) = (&self.model, &mut self.results);
        let least = results.columns_before + LEAST_COLUMNS;
        self.stream.finish(&|_| least, &mut |column| {
            results.take(model, column, on_tags)
        });
    }

    /// Sets the window in seconds (clamped to 0.5–10) from the next column on. Allocates nothing.
    pub fn set_window(&mut self, seconds: f32) {
        let seconds = if seconds.is_finite() {
            seconds
        } else {
            self.model.card().default_window_s
        };
        let results = &mut self.results;
        results.window_s = seconds.clamp(MIN_WINDOW_S, MAX_WINDOW_S);
        let columns = f64::from(results.window_s) / refresh_s(&self.model);
        results.window.set_length(columns.round() as usize);
    }

    /// Stops computing columns once `interrupt` is raised, between two layers at the latest. The tags of a tagger that
    /// was interrupted are meaningless.
    pub fn interrupt_by(&mut self, interrupt: Interrupt) {
        self.stream.interrupt_by(interrupt);
    }

    /// Restricts the tags to some labels, from the next column on; the others get 0. Frees the former `Among`.
    pub fn choose_among(&mut self, among: Among) {
        self.results.among = among;
    }

    /// The labels that compete.
    pub fn among(&self) -> &Among {
        &self.results.among
    }

    /// The window in seconds.
    pub fn window_s(&self) -> f32 {
        self.results.window_s
    }

    /// Seconds of audio from column to column.
    pub fn refresh_s(&self) -> f64 {
        refresh_s(&self.model)
    }

    /// The longest time in seconds from a sample to the first tags that depend on it: a column, the
    /// delta frames, a hop and the resampler. The host's block comes on top.
    pub fn latency_s(&self) -> f64 {
        let hop_s = self.model.card().features.hop_s();
        let waiting = self.refresh_s() + (DELTA_LATENCY_FRAMES + 1) as f64 * hop_s;
        waiting + self.stream.resampler_latency_s(self.sample_rate)
    }

    /// Returns to the state that a long silence leaves: for a jump of the transport, or another file. Allocates
    /// nothing.
    pub fn reset(&mut self) {
        self.stream.reset();
        self.results.window.reset();
        self.results.columns = 0;
        self.samples_pushed = 0;
    }

    /// The model.
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }
}

fn refresh_s(model: &Model) -> f64 {
    model.card().architecture.frames_per_column() as f64 * model.card().features.hop_s()
}

impl Results {
    fn take(&mut self, model: &Model, column: &[f32], on_tags: &mut dyn FnMut(&Tags<'_>)) {
        self.columns += 1;
        self.window.push(column);
        let Some(index) = self.columns.checked_sub(self.columns_before + 1) else {
            return;
        };
        self.window
            .features_into(&mut self.sums, &mut self.features);
        model
            .network()
            .live_logits_into(&self.features, &mut self.hidden, &mut self.probabilities);
        self.among
            .activate(model, &mut self.probabilities, &mut self.scores);
        let too_early = index + 1 < LEAST_COLUMNS;
        on_tags(&Tags {
            time_s: model.card().column_end_s(index),
            probabilities: &self.probabilities,
            among: self.among.indices(),
            unclear: match too_early && !self.among.is_choice() {
                true => Some(NO_ANSWER_YET),
                false => self.among.unclear(model),
            },
            on_levels: self.among.on_levels(model),
        });
    }
}
