use super::events::EventTracker;
use super::{Columns, EventSettings, Gap, TIMELINE_VERSION, Timeline};
use crate::model::Model;
use crate::tagging::{Tags, top};

/// Collects tags into a [`Timeline`]. Every method allocates.
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

    /// Adds a column.
    pub fn push(&mut self, tags: &Tags<'_>) {
        let probabilities = tags.probabilities;
        if self.timeline.among.len() != tags.among.len() {
            let names = tags
                .among
                .iter()
                .map(|&label| self.timeline.labels[label].clone());
            self.timeline.among = names.collect();
        }
        if self.timeline.on_levels.len() != tags.on_levels.len() {
            let labels = 0..tags.on_levels.len();
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

    /// Sets the position of the start in the host's timeline, in seconds.
    pub fn start_at(&mut self, host_s: f64) {
        self.timeline.start_s = host_s;
    }

    /// Sets the time at which the audio of the next column begins, for recordings that begin in the middle of a
    /// stream.
    pub fn begin_at(&mut self, time_s: f64) {
        self.column_ends_s = time_s;
    }

    /// Marks a gap between two times. If it `breaks` the stream, events end at `start_s` and the audio of the next
    /// column begins at `end_s`. A gap that touches the one before, with the same reason, extends it.
    pub fn gap(&mut self, start_s: f64, end_s: f64, reason: &str, breaks: bool) {
        if breaks {
            self.tracker.close_all(start_s, &self.timeline.labels);
            self.column_ends_s = end_s;
        }
        let gaps = &mut self.timeline.gaps;
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

    /// The timeline of `duration_s` seconds of audio from `source`. Columns after its end belong to the silence that
    /// follows a short stream ([`Tagger::finish`](crate::tagging::Tagger::finish)): a label that comes on in one of them
    /// is on in the last column of the audio.
    pub fn finish(self, source: &str, duration_s: f64) -> Timeline {
        let mut timeline = self.timeline;
        let latest_s = if self.column_ends_s > duration_s {
            (duration_s - timeline.refresh_s).max(0.0)
        } else {
            duration_s
        };
        let labels = &timeline.labels;
        timeline.events = self.tracker.finish(latest_s, duration_s, labels);
        timeline.source = source.to_owned();
        timeline.duration_s = duration_s;
        timeline
    }
}
