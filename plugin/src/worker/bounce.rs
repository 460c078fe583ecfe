//! Timelines of renders and captures: recorded from the first sample, written when they end, kept in
//! memory while they cannot be written.

use std::collections::VecDeque;
use std::path::Path;

use hamiltone_engine::model::Model;
use hamiltone_engine::tagging::Tags;
use hamiltone_engine::timeline::{EventSettings, Recorder, Timeline};
use hamiltone_exports::Format;
use jiff::Zoned;

use super::clock::ColumnTime;
use super::stream::GapReason;
use crate::snapshot::Bounce;
use crate::tap::Transport;

/// A provisional recording is kept this long, in seconds of audio: renders are detected late, by their pace within
/// a second or two, or within about twenty if they are hardly faster than the clock.
const PROVISIONAL_S: f64 = 120.0;

/// A capture that starts during playback includes at most this much of the past, in seconds.
const REACH_BACK_S: f64 = 10.0;

/// A host position that disappears within this time after the start of a take, in seconds, was invalid.
const POSITION_SHOWS_S: f64 = 1.0;

/// Shorter takes, in seconds, are not written.
const SHORTEST_S: f64 = 0.5;

/// The maximum number of takes that wait in memory; the oldest is dropped first.
const MOST_WAITING: usize = 16;

/// The source in the timeline.
const SOURCE: &str = "host";

/// The take that is being recorded, and those that wait to be written.
#[derive(Default)]
pub(super) struct Bounces {
    take: Option<Take>,
    capture: bool,
    /// Whether the host's transport is stopped; without a reported transport it counts as playing.
    stopped: bool,
    /// Whether it has run in this stream.
    has_played: bool,
    /// No take begins before this time of the stream.
    decided_s: f64,
    /// Of the stream, in Hz.
    rate: f64,
    waiting: VecDeque<Finished>,
    state: Bounce,
}

struct Take {
    recorder: Recorder,
    began: Zoned,
    /// Stream time at which the take's own time is zero.
    zero_s: f64,
    host_s: Option<f64>,
    newest_s: f64,
}

struct Finished {
    timeline: Timeline,
    name: String,
}

impl Bounces {
    /// Takes are wanted while the host renders or the user captures. When neither holds, the running take ends at
    /// `time_s`.
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

    /// Takes whether the host renders from `time_s` of the stream on.
    pub(super) fn render(&mut self, rendering: bool, time_s: f64) {
        self.want(rendering, self.capture, time_s);
    }

    /// Takes the host's transport from `time_s` of the stream on.
    pub(super) fn follow(&mut self, transport: Transport, time_s: f64) {
        self.stopped = transport.position.is_some() && !transport.playing;
        self.has_played |= transport.playing;
        if let Some(take) = &mut self.take
            && transport.playing
            && transport.position.is_none()
            && time_s - take.zero_s <= POSITION_SHOWS_S
        {
            take.forget_position();
        }
    }

    /// A render without a transport is recorded as a whole. Once the transport has run, audio while it is stopped
    /// belongs to neither render nor capture.
    fn is_wanted(&self) -> bool {
        let rendered = self.state.rendering && !(self.stopped && self.has_played);
        rendered || (self.capture && !self.stopped)
    }

    /// Whether a wanted take is being recorded.
    pub(super) fn is_capturing(&self) -> bool {
        self.is_wanted() && self.take.is_some()
    }

    /// Adds the tags of the column at `at`; begins a take if there is none.
    pub(super) fn record(&mut self, tags: &Tags<'_>, at: ColumnTime, model: &Model, window_s: f32) {
        let from_s = match &self.take {
            Some(take) => take.zero_s,
            None => self.decided_s.max(at.zero_s),
        };
        let late = at.time_s - from_s > PROVISIONAL_S;
        if late && !self.is_wanted() {
            self.take = None;
            return;
        }
        let take = self.take.get_or_insert_with(|| {
            // From the start of the tags if that is recent, else from this column.
            let zero_s = if late {
                at.time_s - at.refresh_s
            } else {
                from_s
            };
            Take::begin(zero_s, at, model, window_s)
        });
        take.newest_s = at.time_s;
        take.recorder.push(&Tags {
            // The tagger's own time if the take began with it: the same audio then has bit-identical times.
            time_s: (at.zero_s - take.zero_s) + tags.time_s,
            ..*tags
        });
    }

    /// Adds a gap, in stream time.
    pub(super) fn gap(&mut self, from_s: f64, to_s: f64, why: GapReason, breaks: bool) {
        if let Some(take) = &mut self.take {
            let (from_s, to_s) = ((from_s - take.zero_s).max(0.0), to_s - take.zero_s);
            take.recorder.gap(from_s, to_s, why.in_words(), breaks);
        }
    }

    /// Ends the running take at `time_s` of the stream. [`save`](Self::save) writes it.
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
                "More than {MOST_WAITING} timelines are waiting for a folder; the oldest was dropped"
            ));
        }
    }

    /// Whether the host renders.
    pub(super) fn is_rendering(&self) -> bool {
        self.state.rendering
    }

    /// Discards what was recorded up to `time_s`.
    pub(super) fn forget(&mut self, time_s: f64) {
        self.take = None;
        self.decided_s = time_s;
    }

    /// Resets for a new stream at `rate` Hz, whose time begins at zero.
    pub(super) fn begin_stream(&mut self, rate: f64) {
        self.take = None;
        self.rate = rate;
        self.decided_s = 0.0;
        (self.stopped, self.has_played) = (false, false);
    }

    pub(super) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Writing may succeed now: another folder was chosen, or the user asked for it.
    pub(super) fn try_again(&mut self) {
        self.state.problem = None;
    }

    /// Whether writing failed.
    pub(super) fn has_failed(&self) -> bool {
        self.state.problem.is_some()
    }

    /// Writes the waiting takes to `folder`. Those that cannot be written keep waiting.
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
    fn begin(zero_s: f64, at: ColumnTime, model: &Model, window_s: f32) -> Self {
        let host_s = at
            .host_s
            .map(|host_s| without_errors(host_s - (at.time_s - zero_s)));
        let mut recorder = Recorder::new(model, window_s, EventSettings::of(model.card()));
        if let Some(host_s) = host_s {
            recorder.start_at(host_s);
        }
        Self {
            recorder,
            began: Zoned::now(),
            zero_s,
            host_s,
            newest_s: at.time_s,
        }
    }

    /// Discards the host's position, which was invalid.
    fn forget_position(&mut self) {
        self.host_s = None;
        self.recorder.start_at(0.0);
    }
}

/// Rounded to the nanosecond, which removes arithmetic errors. Never -0.
fn without_errors(seconds: f64) -> f64 {
    (seconds * 1e9).round() / 1e9 + 0.0
}

/// File name with the date and the position in the project: `hamiltone_2026-11-24_15-04-05_at_00-01-30.500`.
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

    /// Columns without any label, one second apart.
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
            let at = ColumnTime {
                time_s,
                frame: 0,
                zero_s: 0.0,
                host_s: None,
                bars: None,
                refresh_s: 1.0,
            };
            bounces.record(&tags, at, &model, 2.0);
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
