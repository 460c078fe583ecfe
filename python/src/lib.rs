//! The Python package `hamiltone`: models, classifications, timelines, streams and embeddings.
//!
//! The package in `python/hamiltone` re-exports this module, `hamiltone._native`; `_native.pyi` has the types. Whatever
//! computes releases the interpreter's lock. The module `errors` says which exception stands for which error.
#![forbid(unsafe_code)]

mod answers;
mod errors;
mod files;
mod model;
mod options;
mod part;
mod samples;
mod stream;
mod table;
mod timeline;

use pyo3::prelude::*;

/// The compiled part of the package.
#[pymodule]
#[pyo3(name = "_native")]
mod native {
    #[pymodule_export]
    use super::answers::{Answer, Classification, Tags};
    #[pymodule_export]
    use super::errors::{AudioError, ModelError};
    #[pymodule_export]
    use super::model::{Model, load, models};
    #[pymodule_export]
    use super::options::read_thresholds;
    #[pymodule_export]
    use super::part::Part;
    #[pymodule_export]
    use super::stream::Stream;
    #[pymodule_export]
    use super::table::Table;
    #[pymodule_export]
    use super::timeline::Timeline;
    use super::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
