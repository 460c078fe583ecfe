use super::events::EventTracker;
use super::{EventSettings, TIMELINE_VERSION, Tag, Timeline, TimelineColumn};
use crate::model::Model;
use crate::tagging::{Tags, top};

/// Collects tags as they come and makes a [`Timeline`] of them.
pub struct Recorder {
    timeline: Timeline,
    tracker: EventTracker,
    settings: EventSettings,
    column_ends_s: f64,
}

impl Recorder {
    /// For the tags of `model` over windows of `window_s` seconds.
    pub fn new(model: &Model, window_s: f32, settings: EventSettings) -> Self {
        let card = model.card();
        let frames = card.architecture.frames_per_column();
        Self {
            tracker: EventTracker::new(card.labels.len(), settings),
            settings,
            column_ends_s: 0.0,
            timeline: Timeline {
                format_version: TIMELINE_VERSION,
                source: String::new(),
                model: card.name.clone(),
                model_hash: model.hash().to_owned(),
                duration_s: 0.0,
                window_s,
                refresh_s: frames as f64 * card.features.hop_s(),
                labels: card.labels.clone(),
                columns: Vec::new(),
                events: Vec::new(),
            },
        }
    }

    /// One column. Allocates.
    pub fn push(&mut self, tags: &Tags<'_>) {
        let labels = &self.timeline.labels;
        let tag = |index: usize| Tag {
            label: labels[index].clone(),
            probability: tags.probabilities[index],
        };
        let top = top(tags.probabilities, self.settings.top)
            .into_iter()
            .map(tag)
            .collect();
        // A column stands for the audio since the one before it (the first, since the start).
        self.tracker
            .push(self.column_ends_s, tags.probabilities, labels);
        self.column_ends_s = tags.time_s;
        self.timeline.columns.push(TimelineColumn {
            time_s: tags.time_s,
            top,
        });
    }

    /// The timeline of a sound of `duration_s` seconds that came from `source`.
    pub fn finish(self, source: &str, duration_s: f64) -> Timeline {
        let mut timeline = self.timeline;
        timeline.events = self.tracker.finish(duration_s, &timeline.labels);
        timeline.source = source.to_owned();
        timeline.duration_s = duration_s;
        timeline
    }
}
