//! Timelines in the formats of other programs, a file a format. See docs/FORMATS.md for every
//! column and field.
//!
//! All positions are in the host's timeline: a file that begins at zero keeps its own.
#![forbid(unsafe_code)]

mod audacity;
mod format;
mod jams;
mod lines;
mod midi;
mod picture;
mod reaper;
mod table;
mod write;

pub use format::{Format, UnknownFormat};
pub use write::{ExportError, export, write_all};

#[cfg(test)]
mod tests;
