//! Columns of labels.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::types::Int16Type;
use arrow_array::{ArrayRef, DictionaryArray, Int16Array, StringArray};
use arrow_schema::ArrowError;

/// All labels of a model, shared by the columns that refer to them.
#[derive(Debug, Clone)]
pub(crate) struct Labels {
    values: ArrayRef,
    indices: HashMap<String, i16>,
}

impl Labels {
    pub(crate) fn new(labels: &[String]) -> Self {
        // The loader accepts at most 10 000 labels.
        let indices = (0..i16::MAX).zip(labels);
        Self {
            values: Arc::new(StringArray::from_iter_values(labels)),
            indices: indices
                .map(|(index, label)| (label.clone(), index))
                .collect(),
        }
    }

    /// The index of a label.
    pub(crate) fn index(&self, label: &str) -> Option<i16> {
        self.indices.get(label).copied()
    }

    /// A column of labels by their indices.
    pub(crate) fn column(&self, indices: Int16Array) -> Result<ArrayRef, ArrowError> {
        let values = Arc::clone(&self.values);
        let column = DictionaryArray::<Int16Type>::try_new(indices, values)?;
        Ok(Arc::new(column))
    }
}
