//! Exceptions: `ModelError` and `AudioError` are kinds of `ValueError`; a missing file is a `FileNotFoundError`.

use hamiltone_analysis::AnalysisError;
use hamiltone_analysis::selection::SelectionError;
use hamiltone_decoding::DecodeError;
use pyo3::create_exception;
use pyo3::exceptions::{
    PyFileNotFoundError, PyIsADirectoryError, PyKeyboardInterrupt, PyOSError, PyRuntimeError,
    PyValueError,
};
use pyo3::prelude::*;

create_exception!(
    hamiltone,
    ModelError,
    PyValueError,
    "A model that does not exist, is damaged, was made for another version, or costs too much."
);
create_exception!(
    hamiltone,
    AudioError,
    PyValueError,
    "A file that is not audio, is damaged, or has a format that is not supported."
);

pub(crate) fn of_analysis(error: AnalysisError) -> PyErr {
    let message = error.to_string();
    match error {
        AnalysisError::Decode(DecodeError::NotFound(_)) => PyFileNotFoundError::new_err(message),
        AnalysisError::Decode(DecodeError::Folder(_)) => PyIsADirectoryError::new_err(message),
        AnalysisError::Decode(DecodeError::Io { .. }) => PyOSError::new_err(message),
        AnalysisError::Samples(_) => PyValueError::new_err(message),
        // The signal's own exception is raised where there is one.
        AnalysisError::Stopped => PyKeyboardInterrupt::new_err(()),
        _ => AudioError::new_err(message),
    }
}

pub(crate) fn of_selection(error: SelectionError) -> PyErr {
    ModelError::new_err(error.to_string())
}

/// An error that no valid input causes.
pub(crate) fn internal(error: impl std::fmt::Display) -> PyErr {
    PyRuntimeError::new_err(error.to_string())
}
