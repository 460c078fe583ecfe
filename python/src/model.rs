//! Models.

use std::path::PathBuf;
use std::sync::Arc;

use hamiltone_analysis::{classify_file, classify_samples, embed_file, embed_samples, selection};
use hamiltone_engine::model::{self, Library};
use hamiltone_engine::tagging::{EmbeddingRow, MIN_WINDOW_S, Tagger};
use numpy::{PyArray1, PyArray2, PyArrayMethods};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

use crate::answers::Classification;
use crate::errors::{self, internal};
use crate::files;
use crate::options::{self, Options};
use crate::samples::{self, Layout};
use crate::stream::Stream;
use crate::timeline::Timeline;

/// Opens a model by its name or the path of its file; without an argument, the default model.
///
/// Names are those of the models inside the package, and of those in your folder of models (`$HAMILTONE_MODELS`).
/// Opening takes some tenths of a second; the same model is opened once per process.
///
/// Raises ModelError if it does not exist (the message suggests names), is damaged, was made for another version, or costs
/// more than the limits allow.
#[pyfunction]
#[pyo3(signature = (model = None))]
pub(crate) fn load(py: Python<'_>, model: Option<PathBuf>) -> PyResult<Model> {
    let library = Library::new();
    let loaded = match model {
        None => Ok(py.detach(|| library.default_model())),
        Some(asked) => {
            let asked = asked.to_string_lossy().into_owned();
            py.detach(|| selection::open(&library, &asked))
        }
    };
    Ok(Model(loaded.map_err(errors::of_selection)?))
}

/// The names of the models that `load` finds, the default one first.
#[pyfunction]
pub(crate) fn models(py: Python<'_>) -> Vec<String> {
    let entries = py.detach(|| Library::new().entries()).into_iter();
    let usable = entries.filter(|entry| entry.summary.is_ok());
    usable.map(|entry| entry.name).collect()
}

/// A model that tags sounds. Made by `load`. Immutable: threads may share it.
///
/// Arrays of samples are NumPy arrays of float32 or float64, nominally from -1 to 1, or of int16, which are divided by
/// 32768. One dimension is mono; two dimensions are (frames, channels), or with `layout="channels_first"` (channels, frames).
/// Channels are mixed down as the channels of files are.
///
/// `among` restricts an answer to some labels, by their names or by the name of a set such as "music".
#[pyclass(module = "hamiltone", frozen)]
pub(crate) struct Model(pub(crate) Arc<model::Model>);

#[pymethods]
impl Model {
    /// Its name.
    #[getter]
    fn name(&self) -> &str {
        &self.0.card().name
    }

    /// SHA-256 of its file, in hexadecimal.
    #[getter]
    fn hash(&self) -> &str {
        self.0.hash()
    }

    /// The names of its labels, in the order of `probabilities`.
    #[getter]
    fn labels(&self) -> Vec<String> {
        self.0.card().labels.clone()
    }

    /// Its card: training data, licences, accuracy and architecture, as `hamiltone inspect --json` prints it. A new dict.
    #[getter]
    fn card<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let card = serde_json::to_string(self.0.card()).map_err(internal)?;
        py.import("json")?.call_method1("loads", (card,))
    }

    /// The default window behind each column of tags, in seconds.
    #[getter]
    fn window_s(&self) -> f32 {
        self.0.card().default_window_s
    }

    /// Numbers in a row of an embedding.
    #[getter]
    fn embedding_size(&self) -> usize {
        self.0.card().architecture.features()
    }

    /// One answer for a whole clip.
    ///
    /// Raises ValueError for an empty array, more than two dimensions, a sample that is not a finite number (the message
    /// says which), a sample rate outside 8000 to 768000 Hz, or an unknown label; TypeError for an array of another type.
    /// Memory: four bytes a frame.
    #[pyo3(signature = (samples, sample_rate, *, among = None, layout = "channels_last"))]
    fn classify(
        &self,
        py: Python<'_>,
        samples: &Bound<'_, PyAny>,
        sample_rate: &Bound<'_, PyAny>,
        among: Option<Vec<String>>,
        layout: &str,
    ) -> PyResult<Classification> {
        let rate = samples::sample_rate(sample_rate)?;
        let among = options::among(&self.0, among)?;
        let mono = samples::clip(samples, rate, layout)?;
        let answer = py.detach(|| classify_samples(&self.0, &among, &mono, rate));
        Ok(self.classification(answer.map_err(errors::of_analysis)?))
    }

    /// One answer for a whole file, as `hamiltone classify` gives it. `channel` counts from 1; without it, all channels are
    /// mixed. Memory does not grow with the length of the file.
    ///
    /// Raises FileNotFoundError, AudioError if it is not audio or damaged, or ValueError for an unknown label.
    #[pyo3(signature = (path, *, among = None, channel = None))]
    fn classify_file(
        &self,
        py: Python<'_>,
        path: PathBuf,
        among: Option<Vec<String>>,
        channel: Option<u32>,
    ) -> PyResult<Classification> {
        let source = files::source(path, channel)?;
        let among = options::among(&self.0, among)?;
        let answer = files::read(py, |observer| {
            classify_file(&self.0, &among, &source, observer)
        });
        Ok(self.classification(answer?))
    }

    /// The tags of a file over time, as `hamiltone analyze` gives them.
    ///
    /// `window`: the window behind each column of tags in seconds, 0.5 to 10; `threshold`: the probability at which an event
    /// begins, 0.01 to 1. Both default to the model's. `thresholds`: those of single labels, as a dict of labels and
    /// probabilities (0.01 to 1), or as the path of a CSV file with the columns `label,threshold`. These labels are on from
    /// exactly that probability, and `threshold` does not move them; upper and lower case count as equal. `channel` counts
    /// from 1; without it, all channels are mixed.
    ///
    /// Raises FileNotFoundError, AudioError if it is not audio or damaged, or ValueError for an option out of range, and for
    /// `thresholds` of which the model has no label, or beside an `among` that makes labels compete. Thresholds of some
    /// labels that the model does not have give a UserWarning.
    #[pyo3(signature = (
        path, *, window = None, threshold = None, thresholds = None, among = None, channel = None
    ))]
    fn analyze_file(
        slf: &Bound<'_, Self>,
        path: PathBuf,
        window: Option<f32>,
        threshold: Option<f32>,
        thresholds: Option<&Bound<'_, PyAny>>,
        among: Option<Vec<String>>,
        channel: Option<u32>,
    ) -> PyResult<Timeline> {
        let source = files::source(path, channel)?;
        let options = Options {
            window,
            threshold,
            thresholds,
            among,
        };
        let analysis = options.analysis(slf.py(), &slf.get().0)?;
        let (timeline, means) =
            files::read(slf.py(), |observer| analysis.analyze(&source, observer))?;
        Ok(Timeline {
            leading: analysis.leading(&means),
            timeline: Arc::new(timeline),
            means,
        })
    }

    /// A stream for live tagging at `sample_rate` Hz. Options are those of `analyze_file`.
    #[pyo3(signature = (
        sample_rate, *, window = None, threshold = None, thresholds = None, among = None,
        layout = "channels_last"
    ))]
    fn stream(
        &self,
        sample_rate: &Bound<'_, PyAny>,
        window: Option<f32>,
        threshold: Option<f32>,
        thresholds: Option<&Bound<'_, PyAny>>,
        among: Option<Vec<String>>,
        layout: &str,
    ) -> PyResult<Stream> {
        let rate = samples::sample_rate(sample_rate)?;
        let layout = Layout::of(layout)?;
        let options = Options {
            window,
            threshold,
            thresholds,
            among,
        };
        let analysis = options.analysis(sample_rate.py(), &self.0)?;
        let tagger = Tagger::new(Arc::clone(&self.0), rate, analysis.window_s)
            .map_err(|error| PyValueError::new_err(error.to_string()))?;
        Ok(Stream::new(tagger, analysis, rate, layout))
    }

    /// The features that the head of the network reads: float32, shape (rows, `embedding_size`). Row `k` describes the sound
    /// from `k * every` to `(k + 1) * every` seconds. `every=float("inf")` gives one row for the whole clip, of which
    /// `classify` computes its answer.
    ///
    /// `source` is the path of a file, or an array of samples with its `sample_rate`. `every` is at least 0.5.
    #[pyo3(signature = (
        source, sample_rate = None, *, every = 1.0, channel = None, layout = "channels_last"
    ))]
    fn embed<'py>(
        &self,
        py: Python<'py>,
        source: &Bound<'py, PyAny>,
        sample_rate: Option<&Bound<'py, PyAny>>,
        every: f64,
        channel: Option<u32>,
        layout: &str,
    ) -> PyResult<Bound<'py, PyArray2<f32>>> {
        if every.is_nan() || every < f64::from(MIN_WINDOW_S) {
            return Err(PyValueError::new_err(format!(
                "every={every}: give at least {MIN_WINDOW_S} seconds"
            )));
        }
        let mut values: Vec<f32> = Vec::new();
        let mut add = |row: EmbeddingRow<'_>| values.extend_from_slice(row.features);
        match (source.extract::<PathBuf>(), sample_rate) {
            (Ok(path), None) => {
                let source = files::source(path, channel)?;
                files::read(py, |observer| {
                    embed_file(&self.0, &source, every, observer, &mut add)
                })?;
            }
            (Ok(_), Some(_)) => {
                let message = "sample_rate: a file states its own rate; leave it out";
                return Err(PyTypeError::new_err(message));
            }
            (Err(_), None) => {
                let message = "sample_rate is missing: give the rate of the samples in Hz";
                return Err(PyTypeError::new_err(message));
            }
            (Err(_), Some(sample_rate)) => {
                let rate = samples::sample_rate(sample_rate)?;
                let mono = samples::clip(source, rate, layout)?;
                py.detach(|| embed_samples(&self.0, &mono, rate, every, &mut add))
                    .map_err(errors::of_analysis)?;
            }
        }
        let size = self.embedding_size();
        let rows = values.len() / size;
        PyArray1::from_vec(py, values).reshape([rows, size])
    }

    fn __repr__(&self) -> String {
        let card = self.0.card();
        format!("Model({:?}, {} labels)", card.name, card.labels.len())
    }
}

impl Model {
    fn classification(&self, answer: hamiltone_analysis::Classification) -> Classification {
        Classification {
            model: Arc::clone(&self.0),
            answer,
        }
    }
}
