//! The JSON form of a timeline. It names only the labels that occur; a model has hundreds, which `hamiltone inspect` lists.

use std::collections::HashMap;

use serde::{Deserialize, Serialize, Serializer};

use super::{Columns, Event, Gap, Timeline, TimelineColumn, Warning, columns};

/// The JSON form, for reading.
#[derive(Deserialize)]
pub(super) struct Json {
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
    labels: Vec<&'a str>,
    columns: columns::Named<'a>,
    events: &'a [Event],
    gaps: &'a [Gap],
    threshold: f32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    on_levels: Vec<f32>,
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

/// The indices of the labels that occur in columns, events or the choice, ascending.
fn occurring(timeline: &Timeline) -> Vec<usize> {
    let mut occurs = vec![false; timeline.labels.len()];
    let mut mark = |label: usize| {
        if let Some(occurs) = occurs.get_mut(label) {
            *occurs = true;
        }
    };
    for column in timeline.columns.iter() {
        column.top().for_each(|(label, _)| mark(label));
    }
    let names = timeline.labels.iter().enumerate();
    let index: HashMap<&str, usize> = names.map(|(label, name)| (name.as_str(), label)).collect();
    let events = timeline.events.iter().map(|event| event.label.as_str());
    let named = events.chain(timeline.among.iter().map(String::as_str));
    named
        .filter_map(|name| index.get(name))
        .for_each(|label| mark(*label));
    (0..occurs.len()).filter(|label| occurs[*label]).collect()
}

impl Serialize for Timeline {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let occurring = occurring(self);
        let labels = occurring.iter().map(|&label| self.labels[label].as_str());
        let levels = occurring
            .iter()
            .filter_map(|&label| self.on_levels.get(label));
        let view = JsonView {
            format_version: self.format_version,
            source: &self.source,
            model: &self.model,
            model_hash: &self.model_hash,
            start_s: self.start_s,
            duration_s: self.duration_s,
            window_s: self.window_s,
            refresh_s: self.refresh_s,
            labels: labels.collect(),
            columns: columns::Named {
                columns: &self.columns,
                labels: &self.labels,
            },
            events: &self.events,
            gaps: &self.gaps,
            threshold: self.threshold,
            on_levels: levels.copied().collect(),
            among: &self.among,
            sample_rate: self.sample_rate,
            recorded_at: self.recorded_at.as_deref(),
            channel: self.channel,
            warnings: &self.warnings,
        };
        view.serialize(serializer)
    }
}
