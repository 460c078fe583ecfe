//! What was heard when: columns of tags, events, and their exports.

mod csv;
mod events;
mod recorder;

use serde::{Deserialize, Serialize};

pub use events::{Event, EventSettings};
pub use recorder::Recorder;

/// The version of the timeline's JSON and CSV. It rises when a field changes its meaning or goes.
pub const TIMELINE_VERSION: u32 = 1;

/// A label and how sure the model is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tag {
    /// The label's name.
    pub label: String,
    /// 0 to 1.
    pub probability: f32,
}

/// The most probable labels at one instant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TimelineColumn {
    /// Seconds from the start to the newest sample that was heard.
    pub time_s: f64,
    /// Largest first.
    pub top: Vec<Tag>,
}

/// What a model heard in a sound.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Timeline {
    /// [`TIMELINE_VERSION`].
    pub format_version: u32,
    /// The file or host the sound came from.
    pub source: String,
    /// The model's name.
    pub model: String,
    /// SHA-256 of the model's file.
    pub model_hash: String,
    /// Length of the sound in seconds.
    pub duration_s: f64,
    /// The window in seconds.
    pub window_s: f32,
    /// Seconds from column to column.
    pub refresh_s: f64,
    /// Every label the model knows.
    pub labels: Vec<String>,
    /// One entry a column.
    pub columns: Vec<TimelineColumn>,
    /// Stretches in which a label was on, by their start.
    pub events: Vec<Event>,
}

impl Timeline {
    /// As one JSON object, indented.
    pub fn to_json(&self) -> String {
        // Maps have string keys and numbers are finite: there is nothing that could fail.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// The events as CSV (RFC 4180): `format_version,start_s,end_s,label,mean_probability,
    /// peak_probability`.
    pub fn to_csv(&self) -> String {
        csv::events_to_csv(&self.events)
    }
}
