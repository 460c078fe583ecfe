//! Reading files without the interpreter's lock, so that Ctrl-C still works.

use std::ops::ControlFlow;
use std::path::PathBuf;

use hamiltone_analysis::{AnalysisError, Observer, Source};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::errors;

/// The file, and the channel from 1.
pub(crate) fn source(path: PathBuf, channel: Option<u32>) -> PyResult<Source> {
    if channel == Some(0) {
        let message = "channel 0: channels count from 1; leave it out for a mix of all";
        return Err(PyValueError::new_err(message));
    }
    Ok(Source { path, channel })
}

/// Stops at a signal for which Python raises an exception.
#[derive(Default)]
struct Signals(Option<PyErr>);

impl Observer for Signals {
    fn processed(&mut self, _seconds: f64) -> ControlFlow<()> {
        match Python::attach(|py| py.check_signals()) {
            Ok(()) => ControlFlow::Continue(()),
            Err(exception) => {
                self.0 = Some(exception);
                ControlFlow::Break(())
            }
        }
    }
}

/// Runs `read` without the interpreter's lock.
pub(crate) fn read<T: Send>(
    py: Python<'_>,
    read: impl FnOnce(&mut dyn Observer) -> Result<T, AnalysisError> + Send,
) -> PyResult<T> {
    let mut signals = Signals::default();
    let result = py.detach(|| read(&mut signals));
    result.map_err(|error| signals.0.unwrap_or_else(|| errors::of_analysis(error)))
}
