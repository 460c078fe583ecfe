use std::sync::Arc;

use super::clip::LEAST_COLUMNS;
use super::stream::{ColumnStream, columns_before};
use crate::EngineError;
use crate::model::Model;
use crate::network::{CLIP_CHUNK, MIN_WINDOW_S, WindowSums};

/// The features that the head of a network reads, one row for each period of a stream: an embedding of the sound, for
/// search and for other heads. Bounded memory.
///
/// Row `k` pools the columns that end in the period from `k` to `k + 1`. The first and the last row also pool the columns
/// that reach past the first and the last sample. So a period that is longer than the clip gives one row: the features of
/// which [`ClipClassifier`](super::ClipClassifier) computes its answer, to the bit.
pub struct Embedder {
    model: Arc<Model>,
    stream: ColumnStream,
    rows: Rows,
    sample_rate: u32,
    samples_pushed: u64,
}

/// A row of [`Embedder`].
#[derive(Debug, Clone, Copy)]
pub struct EmbeddingRow<'a> {
    /// Start of the period in seconds from the first sample.
    pub start_s: f64,
    /// The features, [`Architecture::features`](crate::network::Architecture::features) numbers.
    pub features: &'a [f32],
}

/// From columns to rows.
struct Rows {
    period_s: f64,
    sums: WindowSums,
    features: Vec<f32>,
    /// The row that is being pooled, and columns so far.
    row: u64,
    columns: usize,
    columns_before: usize,
    /// The last row of the stream, once its length is known.
    last: u64,
}

impl Embedder {
    /// For mono audio at `sample_rate` Hz (8 000 to 768 000). `period_s` is clamped to at least 0.5 s, so that every row
    /// has columns; infinity gives one row. Allocates.
    ///
    /// # Errors
    /// If the rate is not supported.
    pub fn new(model: Arc<Model>, sample_rate: u32, period_s: f64) -> Result<Self, EngineError> {
        let (network, settings) = (model.network(), &model.card().features);
        let architecture = network.architecture();
        let column_s = architecture.frames_per_column() as f64 * settings.hop_s();
        Ok(Self {
            stream: ColumnStream::new(network, settings, sample_rate, CLIP_CHUNK)?,
            rows: Rows {
                period_s: period_s.max(f64::from(MIN_WINDOW_S)).max(column_s),
                sums: WindowSums::new(architecture),
                features: Vec::new(),
                row: 0,
                columns: 0,
                columns_before: columns_before(settings, architecture),
                last: u64::MAX,
            },
            sample_rate,
            samples_pushed: 0,
            model,
        })
    }

    /// The period in seconds.
    pub fn period_s(&self) -> f64 {
        self.rows.period_s
    }

    /// Takes mono samples, in blocks of any size; calls `on_row` for each row that is complete.
    pub fn push(&mut self, mono: &[f32], on_row: &mut dyn FnMut(EmbeddingRow<'_>)) {
        self.samples_pushed += mono.len() as u64;
        let (model, rows) = (&self.model, &mut self.rows);
        self.stream
            .push(mono, &mut |column| rows.take(model, column, on_row));
    }

    /// Ends the stream: gives the rows that are left. A stream of fewer than five columns is followed by silence, as in
    /// [`ClipClassifier`](super::ClipClassifier). Without samples there is no row.
    pub fn finish(mut self, on_row: &mut dyn FnMut(EmbeddingRow<'_>)) {
        if self.samples_pushed == 0 {
            return;
        }
        let (model, rows) = (&self.model, &mut self.rows);
        let periods = self.samples_pushed as f64 / f64::from(self.sample_rate) / rows.period_s;
        rows.last = (periods.ceil() as u64).max(1) - 1;
        let least = rows.columns_before + LEAST_COLUMNS;
        self.stream
            .finish(&|columns| least.max(columns + 1), &mut |column| {
                rows.take(model, column, on_row)
            });
        rows.give(on_row);
    }
}

impl Rows {
    fn take(&mut self, model: &Model, column: &[f32], on_row: &mut dyn FnMut(EmbeddingRow<'_>)) {
        let whole = self.columns.checked_sub(self.columns_before);
        self.columns += 1;
        let row = whole.map_or(0, |index| {
            (model.card().column_end_s(index) / self.period_s) as u64
        });
        if row.min(self.last) > self.row {
            self.give(on_row);
            self.row = row.min(self.last);
        }
        self.sums.add(column);
    }

    /// Gives the row that is being pooled.
    fn give(&mut self, on_row: &mut dyn FnMut(EmbeddingRow<'_>)) {
        self.sums.features_into(&mut self.features);
        self.sums.reset();
        // Without the first row, 0 × infinity would not be a number.
        let start_s = if self.row == 0 {
            0.0
        } else {
            self.row as f64 * self.period_s
        };
        on_row(EmbeddingRow {
            start_s,
            features: &self.features,
        });
    }
}
