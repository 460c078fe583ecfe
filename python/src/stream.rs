//! Live tagging.

use std::sync::{Arc, Mutex, TryLockError};

use hamiltone_analysis::Analysis;
use hamiltone_engine::model;
use hamiltone_engine::tagging::Tagger;
use hamiltone_engine::timeline;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::answers::Tags;
use crate::samples::{Layout, Mixer};

/// A stream of samples that is tagged while it arrives, as the plugin does it. Made by `Model.stream`.
///
/// One thread at a time may push.
#[pyclass(module = "hamiltone", frozen)]
pub(crate) struct Stream(Mutex<State>);

struct State {
    model: Arc<model::Model>,
    tagger: Tagger,
    mixer: Mixer,
    sample_rate: u32,
    threshold: f32,
    /// Thresholds of single labels, one entry per label; empty if there are none.
    thresholds: Vec<Option<f32>>,
    /// Whether each label is on.
    on: Vec<bool>,
}

impl Stream {
    pub(crate) fn new(
        mut tagger: Tagger,
        analysis: Analysis,
        sample_rate: u32,
        layout: Layout,
    ) -> Self {
        tagger.choose_among(analysis.among);
        let model = Arc::clone(tagger.model());
        Self(Mutex::new(State {
            on: vec![false; model.card().labels.len()],
            model,
            tagger,
            mixer: Mixer::new(sample_rate, layout),
            sample_rate,
            threshold: analysis.events.threshold,
            thresholds: analysis.thresholds,
        }))
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> PyResult<T>) -> PyResult<T> {
        match self.0.try_lock() {
            Ok(mut state) => act(&mut state),
            Err(TryLockError::Poisoned(_)) => Err(PyRuntimeError::new_err(
                "the stream failed before: make a new one",
            )),
            Err(TryLockError::WouldBlock) => Err(PyRuntimeError::new_err(
                "another thread is pushing to this stream: use one thread, or a lock",
            )),
        }
    }
}

#[pymethods]
impl Stream {
    /// Takes a block of samples of any length and returns the tags of the columns that it completes: about six a second.
    ///
    /// The array is as for `Model.classify`; all blocks have the same number of channels. An empty block gives no tags.
    /// The same samples give the same tags, however they are cut into blocks. After an exception the stream is as before the
    /// block.
    fn push(&self, py: Python<'_>, block: &Bound<'_, PyAny>) -> PyResult<Vec<Tags>> {
        self.with(|state| {
            let mono = state.mixer.mix(block)?;
            Ok(py.detach(|| state.tags(|tagger, on_tags| tagger.push(&mono, on_tags))))
        })
    }

    /// Ends the stream and returns the tags of the samples that still wait. Less than 0.9 s is followed by silence, as in
    /// `Model.analyze_file`. The next `push` begins another stream.
    fn finish(&self, py: Python<'_>) -> PyResult<Vec<Tags>> {
        self.with(|state| {
            let tags = py.detach(|| state.tags(Tagger::finish));
            state.reset();
            Ok(tags)
        })
    }

    /// Forgets all samples: the next `push` begins another stream.
    fn reset(&self) -> PyResult<()> {
        self.with(|state| {
            state.reset();
            Ok(())
        })
    }

    /// The rate in Hz.
    #[getter]
    fn sample_rate(&self) -> PyResult<u32> {
        self.with(|state| Ok(state.sample_rate))
    }

    /// The window behind each column in seconds.
    #[getter]
    fn window_s(&self) -> PyResult<f32> {
        self.with(|state| Ok(state.tagger.window_s()))
    }

    /// Seconds of audio from column to column.
    #[getter]
    fn refresh_s(&self) -> PyResult<f64> {
        self.with(|state| Ok(state.tagger.refresh_s()))
    }

    /// The longest time in seconds from a sample to the first tags that depend on it, without the block.
    #[getter]
    fn latency_s(&self) -> PyResult<f64> {
        self.with(|state| Ok(state.tagger.latency_s()))
    }
}

impl State {
    fn reset(&mut self) {
        self.tagger.reset();
        self.mixer.reset();
        self.on.fill(false);
    }

    fn tags(
        &mut self,
        run: impl FnOnce(&mut Tagger, &mut dyn FnMut(&hamiltone_engine::tagging::Tags<'_>)),
    ) -> Vec<Tags> {
        let Self {
            model,
            tagger,
            threshold,
            thresholds,
            on,
            ..
        } = self;
        let (card, mut all) = (model.card(), Vec::new());
        run(tagger, &mut |tags| {
            let tags = &hamiltone_engine::tagging::Tags {
                on_levels: tags.on_levels.with_thresholds(thresholds),
                ..*tags
            };
            for (label, (on, &probability)) in on.iter_mut().zip(tags.probabilities).enumerate() {
                *on = tags.on_levels.is_on(label, probability, *threshold, *on);
            }
            all.push(Tags {
                model: Arc::clone(model),
                time_s: tags.time_s,
                probabilities: tags.probabilities.to_vec(),
                on: on.clone(),
                leading: timeline::Answer::of(&card.labels, &card.parents, tags, *threshold),
            });
        });
        all
    }
}
