//! Answers as Python objects.

use std::sync::Arc;

use hamiltone_engine::model;
use hamiltone_engine::tagging::top;
use hamiltone_engine::timeline;
use numpy::PyArray1;
use pyo3::prelude::*;

/// The leading label of a clip or of an instant.
#[pyclass(module = "hamiltone", frozen, eq)]
#[derive(Clone, PartialEq)]
pub(crate) struct Answer(timeline::Answer);

#[pymethods]
impl Answer {
    /// The name of the label.
    #[getter]
    fn label(&self) -> &str {
        &self.0.label
    }

    /// The labels from the root of the hierarchy down to this one, which is the last.
    #[getter]
    fn path(&self) -> Vec<String> {
        self.0.path.clone()
    }

    /// 0 to 1.
    #[getter]
    fn probability(&self) -> f32 {
        self.0.probability
    }

    /// Whether the label reaches its threshold. If not, no label does, and this one comes nearest to its own.
    #[getter]
    fn on(&self) -> bool {
        self.0.on
    }

    fn __repr__(&self) -> String {
        let Self(answer) = self;
        let on = if answer.on { "on" } else { "not on" };
        format!(
            "Answer({:?}, {:.3}, {on})",
            answer.label, answer.probability
        )
    }
}

impl Answer {
    pub(crate) fn of(answer: timeline::Answer) -> Self {
        Self(answer)
    }
}

/// The `k` labels with the largest probabilities, largest first.
fn top_labels(model: &model::Model, probabilities: &[f32], k: usize) -> Vec<(String, f32)> {
    let labels = &model.card().labels;
    let best = top(probabilities, k).into_iter();
    best.map(|label| (labels[label].clone(), probabilities[label]))
        .collect()
}

/// The names of the labels that are on, in the order of the model.
fn on_labels(model: &model::Model, on: &[bool]) -> Vec<String> {
    let labels = model.card().labels.iter().zip(on);
    labels
        .filter(|(_, on)| **on)
        .map(|(label, _)| label.clone())
        .collect()
}

/// One answer for a whole clip.
#[pyclass(module = "hamiltone", frozen)]
pub(crate) struct Classification {
    pub(crate) model: Arc<model::Model>,
    pub(crate) answer: hamiltone_analysis::Classification,
}

#[pymethods]
impl Classification {
    /// The probability of each label of the model, 0 to 1: a new array of float32, shape (labels,).
    #[getter]
    fn probabilities<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f32>> {
        PyArray1::from_slice(py, &self.answer.probabilities)
    }

    /// Length of the clip in seconds.
    #[getter]
    fn duration_s(&self) -> f64 {
        self.answer.duration_s
    }

    /// The leading label.
    #[getter]
    fn leading(&self) -> Option<Answer> {
        self.answer.leading.clone().map(Answer)
    }

    /// The labels that reach their thresholds, in the order of the model.
    #[getter]
    fn on(&self) -> Vec<String> {
        on_labels(&self.model, &self.answer.on)
    }

    /// Problems of the file, as sentences.
    #[getter]
    fn warnings(&self) -> Vec<String> {
        let warnings = self.answer.warnings.iter();
        warnings.map(|warning| warning.message.clone()).collect()
    }

    /// The `k` most probable labels with their probabilities, the most probable first.
    #[pyo3(signature = (k = 5))]
    fn top(&self, k: usize) -> Vec<(String, f32)> {
        top_labels(&self.model, &self.answer.probabilities, k)
    }

    fn __repr__(&self) -> String {
        let top: Vec<String> = self
            .top(3)
            .iter()
            .map(|(label, probability)| format!("{label} {probability:.3}"))
            .collect();
        format!("Classification({})", top.join(", "))
    }
}

/// The tags of one column of a stream.
#[pyclass(module = "hamiltone", frozen)]
pub(crate) struct Tags {
    pub(crate) model: Arc<model::Model>,
    pub(crate) time_s: f64,
    pub(crate) probabilities: Vec<f32>,
    pub(crate) on: Vec<bool>,
    pub(crate) leading: Option<timeline::Answer>,
}

#[pymethods]
impl Tags {
    /// Time of the newest sample that the tags depend on, in seconds from the first sample.
    #[getter]
    fn time_s(&self) -> f64 {
        self.time_s
    }

    /// The probability of each label of the model, 0 to 1: a new array of float32, shape (labels,).
    #[getter]
    fn probabilities<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f32>> {
        PyArray1::from_slice(py, &self.probabilities)
    }

    /// The leading label.
    #[getter]
    fn leading(&self) -> Option<Answer> {
        self.leading.clone().map(Answer)
    }

    /// The labels that are on, in the order of the model. A label stays on until it falls below seven tenths of the
    /// level at which it came on, as in the events of a timeline.
    #[getter]
    fn on(&self) -> Vec<String> {
        on_labels(&self.model, &self.on)
    }

    /// The `k` most probable labels with their probabilities, the most probable first.
    #[pyo3(signature = (k = 5))]
    fn top(&self, k: usize) -> Vec<(String, f32)> {
        top_labels(&self.model, &self.probabilities, k)
    }

    fn __repr__(&self) -> String {
        let leading = self.leading.as_ref();
        let leading = leading.map_or("", |answer| &answer.label);
        format!("Tags({:.2} s, {leading:?})", self.time_s)
    }
}
