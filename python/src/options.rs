//! Options of analyses.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::io;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;

use hamiltone_analysis::{Analysis, selection};
use hamiltone_engine::model::{Among, Model};
use hamiltone_engine::tagging::{MAX_WINDOW_S, MIN_WINDOW_S};
use hamiltone_engine::timeline::EventSettings;
use hamiltone_exports::{Thresholds, ThresholdsError};
use pyo3::exceptions::{PyFileNotFoundError, PyOSError, PyTypeError, PyUserWarning, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyMapping;

/// Options as Python gives them. `Model.analyze_file` describes them.
pub(crate) struct Options<'a, 'py> {
    pub(crate) window: Option<f32>,
    pub(crate) threshold: Option<f32>,
    pub(crate) thresholds: Option<&'a Bound<'py, PyAny>>,
    pub(crate) among: Option<Vec<String>>,
}

impl Options<'_, '_> {
    /// The settings of a model with these options. Warns of thresholds for labels that the model does not have.
    pub(crate) fn analysis(self, py: Python<'_>, model: &Arc<Model>) -> PyResult<Analysis> {
        let mut analysis = Analysis::of(Arc::clone(model));
        if let Some(window) = self.window {
            let range = MIN_WINDOW_S..=MAX_WINDOW_S;
            analysis.window_s = within("window", window, range, " seconds")?;
        }
        if let Some(threshold) = self.threshold {
            let threshold = within("threshold", threshold, 0.01..=1.0, "")?;
            analysis.events = EventSettings::from_threshold(threshold);
        }
        analysis.among = among(model, self.among)?;
        if let Some(given) = self.thresholds {
            let listed = listed_thresholds(given)?;
            let found = selection::thresholds(model, &analysis.among, "`among`", &listed)
                .map_err(|error| PyValueError::new_err(format!("thresholds: {error}")))?;
            if let Some(unknown) = found.unknown {
                let message = CString::new(format!("thresholds: {unknown}"))?;
                PyErr::warn(py, &py.get_type::<PyUserWarning>(), &message, 1)?;
            }
            analysis.thresholds = found.values;
        }
        Ok(analysis)
    }
}

/// The labels to consider; all of the model's without `among`.
pub(crate) fn among(model: &Model, among: Option<Vec<String>>) -> PyResult<Among> {
    let asked = among.unwrap_or_default();
    selection::among(model, &asked).map_err(|unknown| {
        PyValueError::new_err(format!("among: {}", unknown.message("`model.labels`")))
    })
}

/// Reads a file of thresholds of single labels: CSV with the columns `label,threshold`, as the plugin saves it and
/// `hamiltone analyze --thresholds` reads it. Returns a dict of labels and probabilities.
///
/// Raises FileNotFoundError, OSError if it cannot be read, or ValueError with the line that is wrong.
#[pyfunction]
pub(crate) fn read_thresholds(py: Python<'_>, path: PathBuf) -> PyResult<BTreeMap<String, f32>> {
    py.detach(|| Thresholds::read(&path))
        .map(BTreeMap::from)
        .map_err(of_thresholds)
}

/// Thresholds from a mapping or a file.
fn listed_thresholds(given: &Bound<'_, PyAny>) -> PyResult<Thresholds> {
    if let Ok(mapping) = given.cast::<PyMapping>() {
        let mut listed = BTreeMap::new();
        for item in mapping.items()?.iter() {
            let (label, threshold) = item.extract::<(String, f32)>().map_err(|_| {
                let message = format!("thresholds: {item:?} is not a label and a number");
                PyTypeError::new_err(message)
            })?;
            listed.insert(label, threshold);
        }
        let listed = Thresholds::try_from(listed);
        return listed.map_err(|problem| PyValueError::new_err(format!("thresholds: {problem}")));
    }
    let path = given.extract::<PathBuf>().map_err(|_| {
        PyTypeError::new_err("thresholds: give a dict of labels and numbers, or the path of a file")
    })?;
    given
        .py()
        .detach(|| Thresholds::read(&path))
        .map_err(of_thresholds)
}

fn of_thresholds(error: ThresholdsError) -> PyErr {
    let message = format!("thresholds: {error}");
    match error {
        ThresholdsError::File { cause, path } if cause.kind() == io::ErrorKind::NotFound => {
            let message = format!("thresholds: {}: no such file", path.display());
            PyFileNotFoundError::new_err(message)
        }
        ThresholdsError::File { .. } => PyOSError::new_err(message),
        _ => PyValueError::new_err(message),
    }
}

fn within(name: &str, value: f32, range: RangeInclusive<f32>, unit: &str) -> PyResult<f32> {
    if range.contains(&value) {
        return Ok(value);
    }
    let (low, high) = range.into_inner();
    Err(PyValueError::new_err(format!(
        "{name}={value}: give a number from {low} to {high}{unit}"
    )))
}
