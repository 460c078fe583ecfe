//! The roll as a timeline, for a picture of it.

use hamiltone_engine::timeline::{Columns, TIMELINE_VERSION, Timeline};

use crate::history::History;
use crate::snapshot::ModelFacts;

/// Labels of a column that are kept.
const TOP: usize = 24;

/// The tags of the last `span_s` seconds; `None` without any. Allocates.
pub(crate) fn timeline(history: &History, model: &ModelFacts, span_s: f64) -> Option<Timeline> {
    let newest_s = history.tags().back()?.time_s;
    let shown = |time_s: f64| time_s >= newest_s - span_s;
    let tags: Vec<_> = history.tags().iter().filter(|c| shown(c.time_s)).collect();
    let first = tags.first()?;
    let refresh_s = match tags.get(1) {
        Some(second) => second.time_s - first.time_s,
        None => 0.1,
    };
    let zero_s = first.time_s - refresh_s;
    let mut columns = Columns::default();
    for column in &tags {
        let mut top: Vec<(usize, f32)> = column
            .probabilities
            .iter()
            .map(|&value| f32::from(value) / 255.0)
            .enumerate()
            .filter(|(_, probability)| *probability > 0.0)
            .collect();
        top.sort_by(|a, b| b.1.total_cmp(&a.1));
        top.truncate(TOP);
        columns.push(column.time_s - zero_s, top);
    }
    // Times are those of the project where it starts within the picture or before it.
    let start_s = first
        .host_s
        .map_or(0.0, |host_s| host_s - refresh_s)
        .max(0.0);
    Some(Timeline {
        format_version: TIMELINE_VERSION,
        source: "Tag roll".to_owned(),
        model: model.name.clone(),
        model_hash: model.hash.clone(),
        start_s,
        duration_s: newest_s - zero_s,
        window_s: 0.0,
        refresh_s,
        labels: model.labels.clone(),
        columns,
        events: Vec::new(),
        gaps: Vec::new(),
        threshold: 0.0,
        on_levels: Vec::new(),
        among: Vec::new(),
        sample_rate: 0,
        recorded_at: None,
        channel: None,
        warnings: Vec::new(),
        no_events: None,
    })
}
