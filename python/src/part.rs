//! Parts of data sets, for runs over many files.

use hamiltone_engine::tagging::top;
use hamiltone_engine::timeline::Tag;
use hamiltone_exports::{SUMMARY_TOP, SummaryRow};
use hamiltone_tables::{Description, Table as Name, parquet};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::errors::internal;
use crate::model::Model;
use crate::options::Options;
use crate::table::Table;
use crate::timeline::Timeline;

/// The rows of some files for a data set: the tables `files` and `events` of `hamiltone analyze --format parquet`.
///
/// `window`, `threshold`, `thresholds` and `among` are those of `Model.analyze_file`; they are stored with the rows.
#[pyclass(module = "hamiltone")]
pub(crate) struct Part {
    description: Description,
    rows: hamiltone_tables::Part,
}

#[pymethods]
impl Part {
    #[new]
    #[pyo3(signature = (model, *, window = None, threshold = None, thresholds = None, among = None))]
    fn new(
        py: Python<'_>,
        model: &Model,
        window: Option<f32>,
        threshold: Option<f32>,
        thresholds: Option<&Bound<'_, PyAny>>,
        among: Option<Vec<String>>,
    ) -> PyResult<Self> {
        let options = Options {
            window,
            threshold,
            thresholds,
            among,
        };
        let analysis = options.analysis(py, &model.0)?;
        let description = Description::new(
            &analysis.model,
            &analysis.among,
            analysis.window_s,
            analysis.events,
            &analysis.thresholds,
        );
        let rows = hamiltone_tables::Part::new(&description);
        Ok(Self { description, rows })
    }

    /// Adds the timeline of a file. `id` is unique in the data set; `file` and `sha256` are stored as they are.
    #[pyo3(signature = (id, timeline, *, file = None, sha256 = None))]
    fn add(
        &mut self,
        id: &str,
        timeline: &Timeline,
        file: Option<&str>,
        sha256: Option<&str>,
    ) -> PyResult<()> {
        let result = &timeline.timeline;
        if result.model_hash != self.description.model_hash {
            return Err(PyValueError::new_err(format!(
                "{}: this timeline is by the model {}, the part by {}",
                result.source, result.model, self.description.model
            )));
        }
        let means = timeline.means.values();
        let best = top(&means, SUMMARY_TOP).into_iter();
        let best: Vec<Tag> = best
            .map(|label| Tag {
                label: result.labels[label].clone(),
                probability: means[label],
            })
            .collect();
        let row = SummaryRow {
            file: file.unwrap_or(&result.source),
            sha256,
            duration_s: Some(result.duration_s),
            events: Some(result.events.len()),
            top: &best,
            error: None,
            leading: timeline.leading.as_ref(),
            warnings: &result.warnings,
            channel: result.channel,
            recorded_at: result.recorded_at.as_deref(),
            labels_on: &[],
        };
        self.rows.add(id, &row, result.events.iter().cloned());
        Ok(())
    }

    /// Adds a file that could not be analysed, with the reason.
    fn add_error(&mut self, id: &str, file: &str, error: &str) {
        let row = SummaryRow {
            file,
            error: Some(error),
            ..SummaryRow::default()
        };
        self.rows.add(id, &row, []);
    }

    /// One row per file.
    #[getter]
    fn files(&self) -> PyResult<Table> {
        Ok(Table(self.rows.files_table().map_err(internal)?))
    }

    /// One row per event.
    #[getter]
    fn events(&self) -> PyResult<Table> {
        Ok(Table(self.rows.events_table().map_err(internal)?))
    }

    /// One of the tables, "files" or "events", as the bytes of a Parquet file.
    fn to_parquet<'py>(&self, py: Python<'py>, table: &str) -> PyResult<Bound<'py, PyBytes>> {
        let (name, rows) = match table {
            "files" => (Name::Files, self.rows.files_table()),
            "events" => (Name::Events, self.rows.events_table()),
            _ => {
                let message = format!("table {table:?}: give \"files\" or \"events\"");
                return Err(PyValueError::new_err(message));
            }
        };
        let rows = rows.map_err(internal)?;
        let bytes = py.detach(|| parquet::write(&rows, name, &self.description, Vec::new()));
        Ok(PyBytes::new(py, &bytes.map_err(internal)?))
    }

    fn __len__(&self) -> usize {
        self.rows.files()
    }
}
