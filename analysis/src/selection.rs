//! The model, the labels and the thresholds that a person asks for.
//!
//! Names may be misspelled, so errors suggest similar ones. Messages do not name the option or the argument that a word was
//! given with; callers put it before them.

mod labels;
mod model;
mod similar;
mod thresholds;

pub use labels::{UnknownLabel, among};
pub use model::{FileError, SelectionError, looks_like_a_path, open, open_file};
pub use thresholds::{LabelThresholds, UnusableThresholds, thresholds};
