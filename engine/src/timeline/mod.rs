//! Tags over time: columns, events, gaps. `hamiltone-exports` writes them in the formats of other programs.

mod answer;
mod columns;
mod events;
mod json;
mod recorder;

use serde::{Deserialize, Serialize};

pub use answer::Answer;
pub use columns::{Column, Columns};
pub use events::{Event, EventSettings};
pub use recorder::Recorder;

/// The version of the timeline's JSON. It rises when a field changes its meaning or is removed. In version 1 `labels` and
/// `on_levels` had all labels of the model.
pub const TIMELINE_VERSION: u32 = 2;

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
#[serde(from = "json::Json")]
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
    /// The labels of the model; in a timeline from JSON those that occur in it.
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
    /// Probability from which each label of `labels` is an event at this threshold, where they differ; else empty.
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
        // The new form has the labels that occur.
        let again: Timeline = serde_json::from_str(&written).unwrap();
        assert_eq!(again.labels, ["y"]);
        assert_eq!(again.columns.get(0).unwrap().top().next(), Some((0, 0.5)));
        let written = serde_json::to_string(&again).unwrap();
        assert_eq!(serde_json::from_str::<Timeline>(&written).unwrap(), again);
    }

    #[test]
    fn json_has_only_the_labels_that_occur() {
        let names = ["a", "b", "c", "d", "e"].map(str::to_owned);
        let mut columns = Columns::default();
        columns.push(0.2, [(3, 0.5), (1, 0.1)]);
        let old = r#"{"format_version":1,"source":"s","model":"m","model_hash":"h","duration_s":1.0,"window_s":2.0,
            "refresh_s":0.16,"labels":[],"columns":[],"events":[]}"#;
        let timeline = Timeline {
            columns,
            labels: names.to_vec(),
            on_levels: vec![0.1, 0.2, 0.3, 0.4, 0.5],
            events: vec![Event {
                start_s: 0.0,
                end_s: 0.2,
                label: "e".to_owned(),
                mean_probability: 0.6,
                peak_probability: 0.6,
            }],
            among: vec!["b".to_owned()],
            ..serde_json::from_str(old).unwrap()
        };
        let written = serde_json::to_string(&timeline).unwrap();
        let again: Timeline = serde_json::from_str(&written).unwrap();
        assert_eq!(again.labels, ["b", "d", "e"]);
        assert_eq!(again.on_levels, [0.2, 0.4, 0.5]);
        let top = |timeline: &Timeline| timeline.columns.get(0).unwrap().named(&timeline.labels);
        assert_eq!(top(&again), top(&timeline));
        assert_eq!(
            (&again.events, &again.among),
            (&timeline.events, &timeline.among)
        );
        assert_eq!(serde_json::to_string(&again).unwrap(), written);
    }
}
