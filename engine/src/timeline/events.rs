use serde::{Deserialize, Serialize};

use crate::model::{Card, OnLevels, TaskKind, USUAL_THRESHOLD};

/// When a label counts as an event.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EventSettings {
    /// From which probability a label is on, or how far labels' own levels are moved ([`OnLevels`]).
    pub threshold: f32,
    /// Most labels kept for each column of the timeline.
    pub top: usize,
}

impl Default for EventSettings {
    fn default() -> Self {
        Self {
            threshold: 0.5,
            top: 5,
        }
    }
}

impl EventSettings {
    /// The defaults for a model. Where its labels have levels of their own, these decide. Else labels are on from a
    /// probability of 0.5 in models for one label at a time, and from 0.3 in models for any number of labels, whose
    /// probabilities are lower.
    pub fn of(card: &Card) -> Self {
        let own_levels = card.calibration.as_ref().is_some_and(|c| !c.on.is_empty());
        match card.task {
            TaskKind::SingleLabel if !own_levels => Self::default(),
            _ => Self::from_threshold(USUAL_THRESHOLD),
        }
    }

    /// With this threshold, 0 to 1.
    pub fn from_threshold(threshold: f32) -> Self {
        Self {
            threshold,
            ..Self::default()
        }
    }
}

/// A stretch in which a label was on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Seconds from the start to where the label came on.
    pub start_s: f64,
    /// Seconds from the start to where it went off.
    pub end_s: f64,
    /// The label's name.
    pub label: String,
    /// Mean probability over the stretch.
    pub mean_probability: f32,
    /// Largest probability in the stretch.
    pub peak_probability: f32,
}

/// A label that is on now.
#[derive(Debug, Clone, Copy)]
struct Open {
    start_s: f64,
    sum: f64,
    columns: u32,
    peak: f32,
}

/// Finds the stretches in which each label is on.
pub(super) struct EventTracker {
    settings: EventSettings,
    open: Vec<Option<Open>>,
    closed: Vec<(usize, Event)>,
}

impl EventTracker {
    pub(super) fn new(labels: usize, settings: EventSettings) -> Self {
        Self {
            settings,
            open: vec![None; labels],
            closed: Vec::new(),
        }
    }

    /// One column, whose audio begins at `start_s`.
    pub(super) fn push(
        &mut self,
        start_s: f64,
        probabilities: &[f32],
        levels: OnLevels<'_>,
        labels: &[String],
    ) {
        let threshold = self.settings.threshold;
        for (index, &probability) in probabilities.iter().enumerate() {
            let was_on = self.open[index].is_some();
            if levels.is_on(index, probability, threshold, was_on) {
                let new = Open {
                    start_s,
                    sum: 0.0,
                    columns: 0,
                    peak: 0.0,
                };
                let open = self.open[index].get_or_insert(new);
                open.sum += f64::from(probability);
                open.columns += 1;
                open.peak = open.peak.max(probability);
            } else {
                self.close(index, start_s, &labels[index]);
            }
        }
    }

    fn close(&mut self, index: usize, end_s: f64, label: &str) {
        if let Some(open) = self.open[index].take() {
            let event = Event {
                start_s: open.start_s,
                end_s,
                label: label.to_owned(),
                mean_probability: (open.sum / f64::from(open.columns)) as f32,
                peak_probability: open.peak,
            };
            self.closed.push((index, event));
        }
    }

    /// Ends the event of every label that is on.
    pub(super) fn close_all(&mut self, end_s: f64, labels: &[String]) {
        for (index, label) in labels.iter().enumerate() {
            self.close(index, end_s, label);
        }
    }

    /// All events at the end of the audio, by start, then by label. None begins after `latest_s` or ends after `end_s`.
    pub(super) fn finish(mut self, latest_s: f64, end_s: f64, labels: &[String]) -> Vec<Event> {
        self.close_all(end_s, labels);
        for (_, event) in &mut self.closed {
            event.start_s = event.start_s.min(latest_s);
            event.end_s = event.end_s.min(end_s);
        }
        self.closed
            .sort_by(|(a, x), (b, y)| x.start_s.total_cmp(&y.start_s).then(a.cmp(b)));
        self.closed.into_iter().map(|(_, event)| event).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hysteresis_keeps_a_fluctuating_label_in_one_event() {
        let labels = ["a".to_owned(), "b".to_owned()];
        let mut tracker = EventTracker::new(2, EventSettings::default());
        let levels = [0.2, 0.6, 0.4, 0.7, 0.3, 0.4, 0.9];
        for (step, level) in levels.iter().enumerate() {
            let start = step as f64;
            tracker.push(start, &[*level, 0.1], OnLevels::COMMON, &labels);
        }
        let events = tracker.finish(f64::INFINITY, 7.0, &labels);
        assert_eq!(events.len(), 2);
        assert_eq!((events[0].start_s, events[0].end_s), (1.0, 4.0));
        assert!((events[0].mean_probability - 0.5667).abs() < 1e-3);
        assert_eq!(events[0].peak_probability, 0.7);
        assert_eq!((events[1].start_s, events[1].end_s), (6.0, 7.0));
    }

    #[test]
    fn what_comes_on_in_the_silence_behind_a_short_sound_is_in_its_last_column() {
        let labels = ["a".to_owned(), "b".to_owned()];
        let mut tracker = EventTracker::new(2, EventSettings::default());
        for (start, levels) in [(0.0, [0.1, 0.9]), (0.2, [0.9, 0.9]), (0.4, [0.9, 0.1])] {
            tracker.push(start, &levels, OnLevels::COMMON, &labels);
        }
        let events = tracker.finish(0.1, 0.3, &labels);
        let times: Vec<_> = events
            .iter()
            .map(|e| (&*e.label, e.start_s, e.end_s))
            .collect();
        assert_eq!(times, [("b", 0.0, 0.3), ("a", 0.1, 0.3)]);
    }

    #[test]
    fn a_label_comes_on_at_its_own_level_and_goes_off_below_seven_tenths_of_it() {
        let labels = ["a".to_owned(), "b".to_owned()];
        let levels = [0.8, 0.1];
        let events_at = |threshold: f32| {
            let settings = EventSettings::from_threshold(threshold);
            let mut tracker = EventTracker::new(2, settings);
            for (step, level) in [0.5, 0.85, 0.6, 0.5].into_iter().enumerate() {
                let levels = OnLevels::of(&levels);
                tracker.push(step as f64, &[level, 0.09], levels, &labels);
            }
            let events = tracker.finish(f64::INFINITY, 4.0, &labels).into_iter();
            events
                .map(|event| (event.label, event.start_s, event.end_s))
                .collect::<Vec<_>>()
        };
        assert_eq!(events_at(0.3), [("a".to_owned(), 1.0, 3.0)]);
        // Half the odds: the levels are .63 and .05.
        let lower = events_at(0.15);
        assert!(lower.contains(&("b".to_owned(), 0.0, 4.0)), "{lower:?}");
        assert!(lower.contains(&("a".to_owned(), 1.0, 4.0)), "{lower:?}");
    }
}
