use super::events::EventTracker;
use super::{Columns, EventSettings, Gap, TIMELINE_VERSION, Timeline};
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
                start_s: 0.0,
                columns: Columns::default(),
                events: Vec::new(),
                gaps: Vec::new(),
                threshold: settings.threshold,
                on_levels: Vec::new(),
                among: Vec::new(),
                sample_rate: 0,
                recorded_at: None,
                channel: None,
                warnings: Vec::new(),
                no_events: None,
            },
        }
    }

    /// One column. Allocates.
    pub fn push(&mut self, tags: &Tags<'_>) {
        let probabilities = tags.probabilities;
        if self.timeline.among.len() != tags.among.len() {
            let names = tags
                .among
                .iter()
                .map(|&place| self.timeline.labels[place].clone());
            self.timeline.among = names.collect();
        }
        if self.timeline.on_levels.len() != tags.on_levels.as_slice().len() {
            let labels = 0..tags.on_levels.as_slice().len();
            let threshold = self.settings.threshold;
            let level = |label| tags.on_levels.level(label, threshold);
            self.timeline.on_levels = labels.map(level).collect();
        }
        let best = top(probabilities, self.settings.top);
        self.timeline.columns.push(
            tags.time_s,
            best.into_iter().map(|label| (label, probabilities[label])),
        );
        // A column stands for the audio since the one before it (the first, since the start).
        self.tracker.push(
            self.column_ends_s,
            probabilities,
            tags.on_levels,
            &self.timeline.labels,
        );
        self.column_ends_s = tags.time_s;
    }

    /// The sound began at this position of a host's timeline, in seconds.
    pub fn start_at(&mut self, host_s: f64) {
        self.timeline.start_s = host_s;
    }

    /// What comes begins at `time_s`: so does what is on in the next column. For who records from the middle of a
    /// stream.
    pub fn begin_at(&mut self, time_s: f64) {
        self.column_ends_s = time_s;
    }

    /// Nothing was heard between these times. Where the gap `breaks` off the tags, those after it have no past: what
    /// is on ends at `start_s`, and the next column's audio begins at `end_s`. Allocates.
    pub fn gap(&mut self, start_s: f64, end_s: f64, reason: &str, breaks: bool) {
        if breaks {
            self.tracker.close_all(start_s, &self.timeline.labels);
            self.column_ends_s = end_s;
        }
        let gaps = &mut self.timeline.gaps;
        // A host that drops frames drops many: what touches is one gap.
        if let Some(last) = gaps.last_mut()
            && last.reason == reason
            && start_s <= last.end_s + 1e-3
        {
            last.end_s = end_s;
            return;
        }
        gaps.push(Gap {
            start_s,
            end_s,
            reason: reason.to_owned(),
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
