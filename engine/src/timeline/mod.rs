//! Tags over time: columns, events, gaps. `hamiltone-exports` writes them in the formats of other programs.

mod answer;
mod columns;
mod events;
mod recorder;

use serde::{Deserialize, Serialize, Serializer};

pub use answer::Answer;
pub use columns::{Column, Columns};
pub use events::{Event, EventSettings};
pub use recorder::Recorder;

/// The version of the timeline's JSON and CSV. It rises when a field changes its meaning or is removed.
pub const TIMELINE_VERSION: u32 = 1;

/// A label and its probability.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tag {
    /// The label's name.
    pub label: String,
    /// 0 to 1.
    pub probability: f32,
}

/// The most probable labels at one instant, with names: a [`Column`] as the JSON has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TimelineColumn {
    /// Seconds from the start to the newest sample that the tags depend on.
    pub time_s: f64,
    /// Largest first.
    pub top: Vec<Tag>,
}

/// Something that limits how far a timeline can be relied on, such as a damaged file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// A fixed name, for programs.
    pub code: String,
    /// A sentence, for people.
    pub message: String,
}

/// A stretch of time without tags.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gap {
    /// Its start in seconds.
    pub start_s: f64,
    /// Its end in seconds.
    pub end_s: f64,
    /// The reason, for people.
    pub reason: String,
}

/// The tags of a recording over time. All times are in seconds from its start; `start_s` is the position of the start
/// in the host's timeline.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(from = "Json")]
pub struct Timeline {
    /// [`TIMELINE_VERSION`].
    pub format_version: u32,
    /// The file or host that the audio came from.
    pub source: String,
    /// The model's name.
    pub model: String,
    /// SHA-256 of the model's file.
    pub model_hash: String,
    /// Position of the start in the host's timeline, in seconds; 0 for files.
    pub start_s: f64,
    /// Length of the audio in seconds.
    pub duration_s: f64,
    /// The window in seconds.
    pub window_s: f32,
    /// Seconds from column to column.
    pub refresh_s: f64,
    /// Every label the model knows.
    pub labels: Vec<String>,
    /// The most probable labels, one entry a column.
    pub columns: Columns,
    /// Stretches in which a label was on, by their start.
    pub events: Vec<Event>,
    /// Stretches without tags, by their start.
    pub gaps: Vec<Gap>,
    /// Probability from which a label is an event; where labels have levels of their own, how far these are moved. 0
    /// where an older program did not say.
    pub threshold: f32,
    /// Probability from which each label is an event at this threshold, where the model's labels have levels of their
    /// own; else empty.
    pub on_levels: Vec<f32>,
    /// The labels that competed, where only some did; empty for all.
    pub among: Vec<String>,
    /// Rate of the source in Hz; 0 if unknown.
    pub sample_rate: u32,
    /// When the recording began, as RFC 3339 (without an offset if it is unknown); `None` if unknown.
    pub recorded_at: Option<String>,
    /// The channel of the source, from 1; `None` for a mix of all.
    pub channel: Option<u32>,
    /// Warnings about the sound; empty for most.
    pub warnings: Vec<Warning>,
    /// What a list for reading says if there are no events, such as "no clear genre". Not in the JSON.
    pub no_events: Option<String>,
}

/// The JSON form, for reading.
#[derive(Deserialize)]
struct Json {
    format_version: u32,
    source: String,
    model: String,
    model_hash: String,
    #[serde(default)]
    start_s: f64,
    duration_s: f64,
    window_s: f32,
    refresh_s: f64,
    labels: Vec<String>,
    columns: Vec<TimelineColumn>,
    events: Vec<Event>,
    #[serde(default)]
    gaps: Vec<Gap>,
    #[serde(default)]
    threshold: f32,
    #[serde(default)]
    on_levels: Vec<f32>,
    #[serde(default)]
    among: Vec<String>,
    #[serde(default)]
    sample_rate: u32,
    #[serde(default)]
    recorded_at: Option<String>,
    #[serde(default)]
    channel: Option<u32>,
    #[serde(default)]
    warnings: Vec<Warning>,
}

impl From<Json> for Timeline {
    fn from(json: Json) -> Self {
        Self {
            format_version: json.format_version,
            source: json.source,
            model: json.model,
            model_hash: json.model_hash,
            start_s: json.start_s,
            duration_s: json.duration_s,
            window_s: json.window_s,
            refresh_s: json.refresh_s,
            columns: Columns::of_named(&json.columns, &json.labels),
            labels: json.labels,
            events: json.events,
            gaps: json.gaps,
            threshold: json.threshold,
            on_levels: json.on_levels,
            among: json.among,
            sample_rate: json.sample_rate,
            recorded_at: json.recorded_at,
            channel: json.channel,
            warnings: json.warnings,
            no_events: None,
        }
    }
}

/// The JSON form, for writing.
#[derive(Serialize)]
struct JsonView<'a> {
    format_version: u32,
    source: &'a str,
    model: &'a str,
    model_hash: &'a str,
    start_s: f64,
    duration_s: f64,
    window_s: f32,
    refresh_s: f64,
    labels: &'a [String],
    columns: columns::Named<'a>,
    events: &'a [Event],
    gaps: &'a [Gap],
    threshold: f32,
    #[serde(skip_serializing_if = "<[f32]>::is_empty")]
    on_levels: &'a [f32],
    among: &'a [String],
    #[serde(skip_serializing_if = "is_zero")]
    sample_rate: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    recorded_at: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<u32>,
    #[serde(skip_serializing_if = "<[Warning]>::is_empty")]
    warnings: &'a [Warning],
}

fn is_zero(rate: &u32) -> bool {
    *rate == 0
}

impl Serialize for Timeline {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let view = JsonView {
            format_version: self.format_version,
            source: &self.source,
            model: &self.model,
            model_hash: &self.model_hash,
            start_s: self.start_s,
            duration_s: self.duration_s,
            window_s: self.window_s,
            refresh_s: self.refresh_s,
            labels: &self.labels,
            columns: columns::Named {
                columns: &self.columns,
                labels: &self.labels,
            },
            events: &self.events,
            gaps: &self.gaps,
            threshold: self.threshold,
            on_levels: &self.on_levels,
            among: &self.among,
            sample_rate: self.sample_rate,
            recorded_at: self.recorded_at.as_deref(),
            channel: self.channel,
            warnings: &self.warnings,
        };
        view.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_without_positions_and_gaps_is_read() {
        let old = r#"{"format_version":1,"source":"a","model":"m","model_hash":"h",
            "duration_s":1.0,"window_s":2.0,"refresh_s":0.16,"labels":["x","y"],
            "columns":[{"time_s":0.2,"top":[{"label":"y","probability":0.5}]}],"events":[]}"#;
        let timeline: Timeline = serde_json::from_str(old).unwrap();
        assert_eq!((timeline.start_s, timeline.gaps.len()), (0.0, 0));
        assert_eq!(
            timeline.columns.get(0).unwrap().top().next(),
            Some((1, 0.5))
        );
        let written = serde_json::to_string(&timeline).unwrap();
        let again: Timeline = serde_json::from_str(&written).unwrap();
        assert_eq!(again, timeline);
    }
}
