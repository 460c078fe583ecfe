//! Timelines of renders and captures: recorded from the first sample, written when they end, kept in
//! memory where they cannot be.

use std::collections::VecDeque;
use std::path::Path;

use hamiltone_engine::model::Model;
use hamiltone_engine::tagging::Tags;
use hamiltone_engine::timeline::{EventSettings, Recorder, Timeline};
use hamiltone_exports::Format;
use jiff::Zoned;

use super::clock::Place;
use super::stream::Unheard;
use crate::snapshot::Bounce;
use crate::tap::Transport;

/// A recording that nobody asked for yet goes on this long, in seconds of audio: hosts tell late
/// that they render, by their pace within the first second or two, or within some twenty where they are hardly
/// faster than the clock.
const PROVISIONAL_S: f64 = 120.0;

/// A capture that the user begins while the host plays reaches back this far at most, in seconds.
const REACH_BACK_S: f64 = 10.0;

/// A host's position that is withdrawn within this time of a take's beginning, in seconds, was none.
const POSITION_SHOWS_S: f64 = 1.0;

/// Shorter takes are accidents.
const SHORTEST_S: f64 = 0.5;

/// Takes that wait in memory; the oldest goes first.
const MOST_WAITING: usize = 16;

/// What the timeline calls its source: a host names no file.
const SOURCE: &str = "host";

/// The take that is being recorded, and those that wait to be written.
#[derive(Default)]
pub(super) struct Bounces {
    take: Option<Take>,
    capture: bool,
    /// Whether the host's transport stands still; one that says nothing of it plays.
    stands: bool,
    /// Whether it has run in this stream.
    has_played: bool,
    /// Time of the stream up to which everything is decided: no take begins before it.
    decided_s: f64,
    /// Of the stream, in Hz.
    rate: f64,
    waiting: VecDeque<Finished>,
    state: Bounce,
}

struct Take {
    recorder: Recorder,
    began: Zoned,
    /// Time of the stream at which the take's own time is zero.
    zero_s: f64,
    host_s: Option<f64>,
    newest_s: f64,
}

struct Finished {
    timeline: Timeline,
    name: String,
}

impl Bounces {
    /// Takes are wanted while the host renders or the user captures. When they are no more, the running take
    /// ends at `time_s`.
    pub(super) fn want(&mut self, rendering: bool, capture: bool, time_s: f64) {
        let before = self.is_wanted();
        (self.state.rendering, self.capture) = (rendering, capture);
        match (before, self.is_wanted()) {
            (true, false) => self.end_as(true, time_s),
            (false, true) if !rendering => {
                let age_s = self.take.as_ref().map(|take| time_s - take.zero_s);
                if age_s.is_some_and(|age_s| age_s > REACH_BACK_S) {
                    self.forget(time_s);
                }
            }
            _ => {}
        }
    }

    /// Whether the host renders from `time_s` of the stream on.
    pub(super) fn render(&mut self, rendering: bool, time_s: f64) {
        self.want(rendering, self.capture, time_s);
    }

    /// What the host's transport does from `time_s` of the stream on.
    pub(super) fn follow(&mut self, transport: Transport, time_s: f64) {
        self.stands = transport.position.is_some() && !transport.playing;
        self.has_played |= transport.playing;
        if let Some(take) = &mut self.take
            && transport.playing
            && transport.position.is_none()
            && time_s - take.zero_s <= POSITION_SHOWS_S
        {
            take.forget_position();
        }
    }

    /// A render without a transport is meant as a whole; where the transport has run, what comes while it stands
    /// is none of the bounce, as it is none of a capture.
    fn is_wanted(&self) -> bool {
        let rendered = self.state.rendering && !(self.stands && self.has_played);
        rendered || (self.capture && !self.stands)
    }

    /// Whether a take that somebody wants is running.
    pub(super) fn is_capturing(&self) -> bool {
        self.is_wanted() && self.take.is_some()
    }

    /// Adds tags, which are at `place`; begins a take where there is none.
    pub(super) fn record(&mut self, tags: &Tags<'_>, place: Place, model: &Model, window_s: f32) {
        let from_s = match &self.take {
            Some(take) => take.zero_s,
            None => self.decided_s.max(place.zero_s),
        };
        let late = place.time_s - from_s > PROVISIONAL_S;
        if late && !self.is_wanted() {
            self.take = None;
            return;
        }
        let take = self.take.get_or_insert_with(|| {
            // From the beginning of the tags if that is near, else from this column.
            let zero_s = if late {
                place.time_s - place.refresh_s
            } else {
                from_s
            };
            Take::begin(zero_s, place, model, window_s)
        });
        take.newest_s = place.time_s;
        take.recorder.push(&Tags {
            // The tagger's own time where the take began with it: the same sound has the same times to the bit.
            time_s: (place.zero_s - take.zero_s) + tags.time_s,
            ..*tags
        });
    }

    /// Frames that nobody heard, in the stream's time.
    pub(super) fn unheard(&mut self, from_s: f64, to_s: f64, why: Unheard, breaks: bool) {
        if let Some(take) = &mut self.take {
            let (from_s, to_s) = ((from_s - take.zero_s).max(0.0), to_s - take.zero_s);
            take.recorder.gap(from_s, to_s, why.in_words(), breaks);
        }
    }

    /// The running take ends at `time_s` of the stream. It is written by [`save`](Self::save).
    pub(super) fn end(&mut self, time_s: f64) {
        self.end_as(self.is_wanted(), time_s);
    }

    fn end_as(&mut self, wanted: bool, time_s: f64) {
        self.decided_s = time_s;
        let Some(take) = self.take.take().filter(|_| wanted) else {
            return;
        };
        let duration_s = without_errors(time_s - take.zero_s);
        if duration_s < SHORTEST_S {
            return;
        }
        let name = name(&take.began, take.host_s);
        let mut timeline = take.recorder.finish(SOURCE, duration_s);
        timeline.sample_rate = self.rate.round() as u32;
        self.waiting.push_back(Finished { timeline, name });
        if self.waiting.len() > MOST_WAITING {
            self.waiting.pop_front();
            self.state.problem = Some(format!(
                "More than {MOST_WAITING} timelines waited for a folder; the oldest is gone"
            ));
        }
    }

    /// Whether the host renders.
    pub(super) fn is_rendering(&self) -> bool {
        self.state.rendering
    }

    /// What was recorded up to `time_s` is none of a bounce.
    pub(super) fn forget(&mut self, time_s: f64) {
        self.take = None;
        self.decided_s = time_s;
    }

    /// A new stream at `rate` Hz: its time begins at zero.
    pub(super) fn begin_stream(&mut self, rate: f64) {
        self.take = None;
        self.rate = rate;
        self.decided_s = 0.0;
        (self.stands, self.has_played) = (false, false);
    }

    pub(super) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// What failed may work now: another folder, or the user made room.
    pub(super) fn try_again(&mut self) {
        self.state.problem = None;
    }

    /// Whether writing failed.
    pub(super) fn has_failed(&self) -> bool {
        self.state.problem.is_some()
    }

    /// Writes what waits into `folder`. What cannot be written goes on waiting.
    pub(super) fn save(&mut self, folder: &Path, formats: &[Format]) {
        while let Some(finished) = self.waiting.front() {
            let Finished { timeline, name } = finished;
            match hamiltone_exports::write_all(timeline, formats, folder, name) {
                Ok(written) => {
                    self.state.written = written;
                    self.state.problem = None;
                    self.waiting.pop_front();
                }
                Err(error) => {
                    self.state.problem = Some(error.to_string());
                    return;
                }
            }
        }
    }

    /// For the snapshot.
    pub(super) fn state(&self) -> Bounce {
        let running = self.take.as_ref().filter(|_| self.is_wanted());
        Bounce {
            capturing_s: running.map(|take| take.newest_s - take.zero_s),
            waiting: self.waiting.len(),
            ..self.state.clone()
        }
    }
}

impl Take {
    fn begin(zero_s: f64, place: Place, model: &Model, window_s: f32) -> Self {
        let host_s = place
            .host_s
            .map(|host_s| without_errors(host_s - (place.time_s - zero_s)));
        let mut recorder = Recorder::new(model, window_s, EventSettings::of(model.card()));
        if let Some(host_s) = host_s {
            recorder.start_at(host_s);
        }
        Self {
            recorder,
            began: Zoned::now(),
            zero_s,
            host_s,
            newest_s: place.time_s,
        }
    }

    /// What the host called its position was none.
    fn forget_position(&mut self) {
        self.host_s = None;
        self.recorder.start_at(0.0);
    }
}

/// To the nanosecond: what is less comes from the arithmetic. Never -0.
fn without_errors(seconds: f64) -> f64 {
    (seconds * 1e9).round() / 1e9 + 0.0
}

/// `hamiltone_2026-11-24_15-04-05_at_00-01-30.500`: when it was made, and where in the project.
fn name(began: &Zoned, host_s: Option<f64>) -> String {
    let date = began.strftime("%Y-%m-%d_%H-%M-%S");
    let Some(host_s) = host_s else {
        return format!("hamiltone_{date}");
    };
    let milliseconds = (host_s * 1e3).round() as i64;
    let sign = if milliseconds < 0 { "minus-" } else { "" };
    let milliseconds = milliseconds.unsigned_abs();
    let (seconds, milliseconds) = (milliseconds / 1000, milliseconds % 1000);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("hamiltone_{date}_at_{sign}{hours:02}-{minutes:02}-{seconds:02}.{milliseconds:03}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use hamiltone_engine::model::OnLevels;

    /// Columns of nothing, a second apart.
    fn record(bounces: &mut Bounces, seconds: std::ops::Range<u32>) {
        let model = hamiltone_engine::model::Library::default().default_model();
        let nothing = vec![0.0; model.card().labels.len()];
        for second in seconds {
            let time_s = f64::from(second + 1);
            let tags = Tags {
                time_s,
                probabilities: &nothing,
                among: &[],
                unclear: None,
                on_levels: OnLevels::COMMON,
            };
            let place = Place {
                time_s,
                frame: 0,
                zero_s: 0.0,
                host_s: None,
                refresh_s: 1.0,
            };
            bounces.record(&tags, place, &model, 2.0);
        }
    }

    fn durations(bounces: &Bounces) -> Vec<f64> {
        let waiting = bounces.waiting.iter();
        waiting.map(|take| take.timeline.duration_s).collect()
    }

    #[test]
    fn a_render_that_is_hardly_faster_than_the_clock_is_whole() {
        let mut bounces = Bounces::default();
        record(&mut bounces, 0..40);
        bounces.want(true, false, 40.0); // known late, by its pace
        record(&mut bounces, 40..60);
        bounces.want(false, false, 60.0);
        assert_eq!(durations(&bounces), [60.0]);
    }

    #[test]
    fn a_capture_reaches_back_a_little() {
        for (played, expected) in [(8, 18.0), (40, 10.0), (300, 10.0)] {
            let mut bounces = Bounces::default();
            record(&mut bounces, 0..played);
            bounces.want(false, true, f64::from(played));
            record(&mut bounces, played..played + 10);
            bounces.end(f64::from(played + 10));
            let expected = [expected];
            assert_eq!(durations(&bounces), expected, "after {played} s");
        }
    }

    #[test]
    fn a_name_says_when_and_where() {
        let began: Zoned = "2026-11-24T15:04:05[UTC]".parse().unwrap();
        assert_eq!(name(&began, None), "hamiltone_2026-11-24_15-04-05");
        assert_eq!(
            name(&began, Some(3690.5)),
            "hamiltone_2026-11-24_15-04-05_at_01-01-30.500"
        );
        assert_eq!(
            name(&began, Some(-0.25)),
            "hamiltone_2026-11-24_15-04-05_at_minus-00-00-00.250"
        );
        for nothing in [-4.5e-6, -0.0, 4.9e-4, -4.9e-4] {
            assert_eq!(
                name(&began, Some(nothing)),
                "hamiltone_2026-11-24_15-04-05_at_00-00-00.000"
            );
        }
    }
}
