//! Writers of timelines: one file per format.
//!
//! [`Format::ALL`] is the table of formats. To add one, write `src/format/NAME.rs` with a function that takes a
//! [`Timeline`](hamiltone_engine::timeline::Timeline) and a target, and add a row to the table (and the `mod` line above
//! it). The command line, the plugin and the tests read the table. docs/FORMATS.md describes every field.
//!
//! [`write_all`] writes files that are complete or absent and never overwrites. [`Format::print`] writes to a stream that
//! several files share. [`Summary`], [`EventTable`] and [`SelectionTable`] are tables of one run over
//! many files. [`Thresholds`] are read and
//! written: the probabilities from which single labels are on.
#![forbid(unsafe_code)]

mod clock;
mod events;
mod fields;
mod files;
mod format;
mod selections;
mod series;
mod summary;
mod thresholds;

pub use events::EventTable;
pub use files::{ExportError, replace, temporary_beside, write_all};
pub use format::{Format, UnknownFormat};
pub use selections::SelectionTable;
pub use series::Series;
pub use summary::{LabelOn, SUMMARY_TOP, SUMMARY_VERSION, Summary, SummaryRow};
pub use thresholds::{MAX_THRESHOLD, MIN_THRESHOLD, Thresholds, ThresholdsError};
