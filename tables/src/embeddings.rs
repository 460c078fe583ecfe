use std::sync::Arc;

use arrow_array::{ArrayRef, FixedSizeListArray, Float32Array, Float64Array, RecordBatch};
use arrow_schema::ArrowError;

use crate::part::{FileRow, source_columns};
use crate::schema::{self, feature_field};

/// Rows of embeddings of one file. They are in memory until they are written.
pub struct Embeddings {
    source: FileRow,
    features: usize,
    starts_s: Vec<f64>,
    values: Vec<f32>,
}

impl Embeddings {
    /// For rows of `features` numbers.
    pub fn new(source: FileRow, features: usize) -> Self {
        Self {
            source,
            features,
            starts_s: Vec::new(),
            values: Vec::new(),
        }
    }

    /// Adds the features of the period that begins at `start_s`.
    pub fn add(&mut self, start_s: f64, features: &[f32]) {
        self.starts_s.push(start_s);
        self.values.extend_from_slice(features);
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.starts_s.len()
    }

    /// The rows so far as a table; they are removed.
    ///
    /// # Errors
    /// If a row did not have the stated number of features.
    pub fn take_table(&mut self) -> Result<RecordBatch, ArrowError> {
        let starts_s = std::mem::take(&mut self.starts_s);
        let values = Float32Array::from(std::mem::take(&mut self.values));
        let length = i32::try_from(self.features).unwrap_or(i32::MAX);
        let embeddings =
            FixedSizeListArray::try_new(feature_field(), length, Arc::new(values), None)?;
        let mut columns: Vec<ArrayRef> =
            source_columns(std::iter::repeat_n(&self.source, starts_s.len()));
        columns.push(Arc::new(Float64Array::from(starts_s)));
        columns.push(Arc::new(embeddings));
        RecordBatch::try_new(schema::embeddings(self.features), columns)
    }
}
