//! The tags of a file over time.

use std::sync::Arc;

use hamiltone_analysis::Means;
use hamiltone_engine::timeline;
use hamiltone_exports::Format;
use hamiltone_tables::{columns, events};
use numpy::PyArray1;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::answers::Answer;
use crate::errors::internal;
use crate::table::Table;

/// The tags of a file over time. Equal to what `hamiltone analyze` writes.
#[pyclass(module = "hamiltone", frozen)]
pub(crate) struct Timeline {
    pub(crate) timeline: Arc<timeline::Timeline>,
    pub(crate) means: Means,
    pub(crate) leading: Option<timeline::Answer>,
}

#[pymethods]
impl Timeline {
    /// The events, by their start: a row for each stretch of time in which a label was on. Columns: `start_s`, `end_s`
    /// (float64, seconds), `label`, `mean_probability`, `peak_probability` (float32, 0 to 1).
    #[getter]
    fn events(&self) -> PyResult<Table> {
        Ok(Table(events(&self.timeline).map_err(internal)?))
    }

    /// The five most probable labels of each column of tags, oldest first. Columns: `time_s` (float64, seconds), `rank`
    /// (from 1), `label`, `probability` (float32, 0 to 1).
    #[getter]
    fn columns(&self) -> PyResult<Table> {
        Ok(Table(columns(&self.timeline).map_err(internal)?))
    }

    /// The path of the file.
    #[getter]
    fn source(&self) -> &str {
        &self.timeline.source
    }

    /// The name of the model.
    #[getter]
    fn model(&self) -> &str {
        &self.timeline.model
    }

    /// SHA-256 of the model's file.
    #[getter]
    fn model_hash(&self) -> &str {
        &self.timeline.model_hash
    }

    /// Length of the file in seconds.
    #[getter]
    fn duration_s(&self) -> f64 {
        self.timeline.duration_s
    }

    /// Rate of the file in Hz.
    #[getter]
    fn sample_rate(&self) -> u32 {
        self.timeline.sample_rate
    }

    /// The window behind each column in seconds.
    #[getter]
    fn window_s(&self) -> f32 {
        self.timeline.window_s
    }

    /// Seconds from column to column.
    #[getter]
    fn refresh_s(&self) -> f64 {
        self.timeline.refresh_s
    }

    /// When the recording began (RFC 3339), if the file says it.
    #[getter]
    fn recorded_at(&self) -> Option<&str> {
        self.timeline.recorded_at.as_deref()
    }

    /// Problems of the file, as sentences.
    #[getter]
    fn warnings(&self) -> Vec<String> {
        let warnings = self.timeline.warnings.iter();
        warnings.map(|warning| warning.message.clone()).collect()
    }

    /// The leading label, by the mean probabilities.
    #[getter]
    fn leading(&self) -> Option<Answer> {
        self.leading.clone().map(Answer::of)
    }

    /// The mean probability of each label over all columns: a new array of float32, shape (labels,).
    #[getter]
    fn mean_probabilities<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f32>> {
        PyArray1::from_vec(py, self.means.values())
    }

    /// The timeline as a JSON object, to the byte what `hamiltone analyze --format json` prints.
    fn to_json(&self, py: Python<'_>) -> PyResult<String> {
        py.detach(|| serde_json::to_string(&*self.timeline))
            .map_err(internal)
    }

    /// The timeline in a format of `hamiltone analyze`, such as "csv", "audacity" or "jams", as the bytes of a file.
    fn export<'py>(&self, py: Python<'py>, format: &str) -> PyResult<Bound<'py, PyBytes>> {
        let format: Format =
            format
                .parse()
                .map_err(|unknown: hamiltone_exports::UnknownFormat| {
                    PyValueError::new_err(unknown.to_string())
                })?;
        let written = py.detach(|| {
            let mut bytes = Vec::new();
            format.write(&self.timeline, &mut bytes).map(|()| bytes)
        });
        Ok(PyBytes::new(py, &written.map_err(internal)?))
    }

    fn __repr__(&self) -> String {
        format!(
            "Timeline({:?}, {:.2} s, {} events)",
            self.timeline.source,
            self.timeline.duration_s,
            self.timeline.events.len()
        )
    }
}
