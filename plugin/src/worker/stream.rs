//! The audio of one activation: read from the ring, tagged, timed, and passed to a [`StreamSink`].

use std::sync::Arc;
use std::time::{Duration, Instant};

use hamiltone_engine::model::{Among, Model};
use hamiltone_engine::tagging::{Tagger, Tags};
use hamiltone_engine::{EngineError, Interrupt};

use super::clock::{Clock, ColumnTime};
use super::meters::{LoadMeter, SignalMeter};
use crate::tap::{
    BarPosition, Mark, Outlet, RENDER_OVER, Received, ScheduledNote, StreamFormat, Transport,
};

/// Frames processed between two checks of the clock: about 20 ms.
const CHUNK: usize = 1024;

/// A gap up to this long, in seconds, counts as silence; a longer one resets the taggers.
const BRIDGED_GAP_S: f64 = 1.0;

/// Without calls for this long, the host has stopped. A little longer than the pause that the tap detects: when this
/// side sees one, the tap marks the next block as a jump.
const STOPPED: Duration = RENDER_OVER.saturating_add(Duration::from_millis(200));

/// Why frames were not analysed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GapReason {
    /// They did not fit into the ring.
    Lost,
    /// The user bypassed the analysis.
    Bypassed,
}

impl GapReason {
    /// The reason as it is written to timelines.
    pub(super) fn in_words(self) -> &'static str {
        match self {
            Self::Lost => "lost: the analysis did not keep up with the host",
            Self::Bypassed => "bypassed",
        }
    }
}

/// Receives the results of a stream, in the order of the audio.
pub(super) trait StreamSink {
    /// Mono samples at the host's rate, the first of them at `time_s`.
    fn audio(&mut self, mono: &[f32], time_s: f64);
    /// Tags of the model for the column at `at`; `tags.time_s` is the tagger's own time.
    fn tags(&mut self, tags: &Tags<'_>, at: ColumnTime);
    /// Tags of the second model, in its tagger's own time.
    fn compared(&mut self, tags: &Tags<'_>, refresh_s: f64);
    /// Frames between two stream times were not analysed. A short gap counts as silence; a long one resets the taggers
    /// (`breaks`).
    fn gap(&mut self, from_s: f64, to_s: f64, why: GapReason, breaks: bool);
    /// Audio after `time_s` is unrelated to what came before. `starts`: the transport was stopped and runs from here
    /// on. `offline`: the host reports an offline render; otherwise a render has to be detected by its pace again.
    fn jumped(&mut self, time_s: f64, starts: bool, offline: bool);
    /// The host's transport from `time_s` on.
    fn moves(&mut self, transport: Transport, time_s: f64);
    /// Whether the host renders from `time_s` on.
    fn renders(&mut self, rendering: bool, time_s: f64);
    /// Whether a wanted take is being recorded.
    fn is_capturing(&self) -> bool;
    /// Passes waiting notes to `send` until that returns false.
    fn deliver(&mut self, send: &mut dyn FnMut(ScheduledNote) -> bool);
}

/// The worker's end of the ring, the taggers, and the stream's clock.
pub(super) struct Stream {
    outlet: Outlet,
    tagger: Option<Tagger>,
    compared: Option<Tagger>,
    /// Names of the labels or label sets that compete; empty for all.
    among: Vec<String>,
    rate: f64,
    /// Frames since the stream began, analysed or not.
    position: u64,
    /// Position at which the taggers were last reset.
    zero: u64,
    /// The transport as the host reported it at position `reported_at`.
    transport: Transport,
    reported_at: u64,
    bars: Option<BarPosition>,
    /// Whether the host renders at `position`: reported, or detected by its pace.
    rendering: bool,
    /// When the host last sent frames, how many it had sent by then, and whether it has stopped since.
    active_at: Instant,
    active_frames: u64,
    stopped: bool,
    chunk: Box<[f32]>,
    /// Interrupts the taggers when the instance is dropped.
    interrupt: Interrupt,
    pub(super) load: LoadMeter,
    pub(super) compared_load: LoadMeter,
    pub(super) signal: SignalMeter,
}

impl Stream {
    pub(super) fn new(outlet: Outlet, interrupt: Interrupt) -> Self {
        Self {
            interrupt,
            rate: outlet.format().sample_rate,
            rendering: outlet.format().offline,
            outlet,
            tagger: None,
            compared: None,
            among: Vec::new(),
            position: 0,
            zero: 0,
            transport: Transport::default(),
            reported_at: 0,
            bars: None,
            active_at: Instant::now(),
            active_frames: 0,
            stopped: false,
            chunk: vec![0.0; CHUNK].into(),
            load: LoadMeter::default(),
            compared_load: LoadMeter::default(),
            signal: SignalMeter::default(),
        }
    }

    pub(super) fn format(&self) -> StreamFormat {
        self.outlet.format()
    }

    pub(super) fn tagger(&mut self) -> Option<&mut Tagger> {
        self.tagger.as_mut()
    }

    /// The window of both taggers, in seconds.
    pub(super) fn set_window(&mut self, window_s: f32) {
        for tagger in [&mut self.tagger, &mut self.compared].into_iter().flatten() {
            if tagger.window_s() != window_s {
                tagger.set_window(window_s);
            }
        }
    }

    /// Restricts both models to some labels. Returns whether this is a change.
    pub(super) fn choose_among(&mut self, words: &[String]) -> bool {
        if self.among == words {
            return false;
        }
        self.among = words.to_vec();
        for tagger in [&mut self.tagger, &mut self.compared].into_iter().flatten() {
            restrict(tagger, words);
        }
        true
    }

    /// The competing labels of the first model.
    pub(super) fn chosen(&self) -> Option<&Among> {
        self.tagger.as_ref().map(Tagger::among)
    }

    /// Whether the first and the second model choose one of several labels.
    pub(super) fn choices(&self) -> [bool; 2] {
        [&self.tagger, &self.compared]
            .map(|tagger| tagger.as_ref().is_some_and(|t| t.among().is_choice()))
    }

    /// Indices of the competing labels of the first and of the second model; empty for all.
    pub(super) fn among(&self) -> [&[usize]; 2] {
        [&self.tagger, &self.compared]
            .map(|tagger| tagger.as_ref().map_or(&[][..], |t| t.among().indices()))
    }

    /// Seconds of audio since the stream began.
    pub(super) fn duration_s(&self) -> f64 {
        self.seconds(self.position)
    }

    /// Runs `model` from here on. After an error nothing is tagged until the next call.
    pub(super) fn use_model(
        &mut self,
        model: &Arc<Model>,
        window_s: f32,
    ) -> Result<(), EngineError> {
        self.tagger = None;
        // NaN becomes 0 here and is refused like other invalid rates.
        let mut tagger = Tagger::new(model.clone(), self.rate.round() as u32, window_s)?;
        tagger.interrupt_by(self.interrupt.clone());
        restrict(&mut tagger, &self.among);
        self.tagger = Some(tagger);
        self.forget(); // both taggers share one clock
        Ok(())
    }

    /// Runs a second model beside the first, or stops it.
    pub(super) fn compare(&mut self, model: Option<&Arc<Model>>, window_s: f32) {
        // An invalid rate is reported for the first model.
        self.compared = model
            .and_then(|model| Tagger::new(model.clone(), self.rate.round() as u32, window_s).ok());
        if let Some(tagger) = &mut self.compared {
            tagger.interrupt_by(self.interrupt.clone());
            restrict(tagger, &self.among);
        }
        self.compared_load = LoadMeter::default();
    }

    /// The host's position at the latest frame in seconds, and whether its transport runs.
    pub(super) fn transport(&self) -> (Option<f64>, bool) {
        (
            self.clock().host_s(self.position as f64),
            self.transport.playing,
        )
    }

    /// Whether the audio that is analysed now is a render.
    pub(super) fn is_rendering(&self) -> bool {
        self.rendering
    }

    /// Whether the host may wait for the worker.
    pub(super) fn is_urgent(&self) -> bool {
        self.outlet.is_rendering() && !self.has_stopped()
    }

    /// Whether the host, unless it reports an offline render, has sent nothing for a while: it has stopped, whatever
    /// its transport reported last.
    fn has_stopped(&self) -> bool {
        !self.format().offline
            && self.outlet.frames_passed() == self.active_frames
            && self.active_at.elapsed() > STOPPED
    }

    /// Ends the running take once the host has stopped calling. Call it when the ring is empty; may be repeated.
    pub(super) fn follow_stops(&mut self, sink: &mut dyn StreamSink) {
        if !self.stopped && self.has_stopped() {
            self.stopped = true;
            self.jump(false, sink);
        }
    }

    /// Processes the contents of the ring for about `budget` at most. Returns whether there is more.
    pub(super) fn process(&mut self, budget: Duration, sink: &mut dyn StreamSink) -> bool {
        let start = Instant::now();
        self.bars = self.outlet.bars();
        let frames = self.outlet.frames_passed();
        if frames != self.active_frames {
            (self.active_frames, self.active_at) = (frames, start);
            self.stopped = false;
        }
        loop {
            match self.outlet.next(&mut self.chunk) {
                None => return false,
                Some(Received::Samples(count)) => self.process_chunk(count, sink),
                Some(Received::Mark(Mark::Lost(frames))) => {
                    self.pass_gap(frames, GapReason::Lost, sink);
                }
                Some(Received::Mark(Mark::Bypassed(frames))) => {
                    self.pass_gap(frames, GapReason::Bypassed, sink);
                }
                Some(Received::Mark(Mark::Jump)) => self.jump(false, sink),
                // A running take may wait longer for its next block.
                Some(Received::Mark(Mark::Pause)) if sink.is_capturing() => {}
                Some(Received::Mark(Mark::Pause)) => self.jump(false, sink),
                Some(Received::Mark(Mark::Rendering(rendering))) => {
                    self.rendering = rendering || self.format().offline;
                    sink.renders(self.rendering, self.duration_s());
                }
                Some(Received::Mark(Mark::Transport(transport))) => {
                    self.follow(transport, sink);
                }
            }
            let outlet = &mut self.outlet;
            sink.deliver(&mut |note| outlet.send(note));
            self.outlet.analysed_up_to(self.position);
            self.active_at = Instant::now();
            if start.elapsed() >= budget {
                return true;
            }
        }
    }

    /// Empties the ring without analysing it, and drops the taggers.
    pub(super) fn discard(&mut self) {
        (self.tagger, self.compared) = (None, None);
        while let Some(received) = self.outlet.next(&mut self.chunk) {
            match received {
                Received::Samples(count) => self.position += count as u64,
                Received::Mark(Mark::Lost(frames) | Mark::Bypassed(frames)) => {
                    self.position += frames;
                }
                Received::Mark(Mark::Transport(transport)) => {
                    self.transport = transport;
                    self.reported_at = self.position;
                }
                Received::Mark(Mark::Rendering(rendering)) => {
                    self.rendering = rendering || self.format().offline;
                }
                Received::Mark(Mark::Jump | Mark::Pause) => {}
            }
        }
        self.outlet.analysed_up_to(self.position);
    }

    /// Sends a note to the audio thread, even while it sends no audio. Returns false if the queue is full.
    pub(super) fn send(&mut self, note: ScheduledNote) -> bool {
        self.outlet.send(note)
    }

    /// Ends the audio: flushes the tagger.
    pub(super) fn finish(&mut self, sink: &mut dyn StreamSink) {
        let clock = self.clock();
        if let Some(tagger) = &mut self.tagger {
            let refresh_s = tagger.refresh_s();
            tagger.finish(&mut |tags| sink.tags(tags, clock.column_time(tags, refresh_s)));
        }
    }

    fn process_chunk(&mut self, count: usize, sink: &mut dyn StreamSink) {
        let start = Instant::now();
        let audio_s = count as f64 / self.rate;
        self.signal.add(&self.chunk[..count], audio_s, start);
        sink.audio(&self.chunk[..count], self.seconds(self.position));
        self.tag(count, sink);
        self.load.add(start.elapsed(), audio_s);
        let start = Instant::now();
        self.tag_compared(count, sink);
        self.compared_load.add(start.elapsed(), audio_s);
    }

    /// Tags the first `count` samples of the chunk.
    fn tag(&mut self, count: usize, sink: &mut dyn StreamSink) {
        self.position += count as u64;
        let clock = self.clock();
        if let Some(tagger) = &mut self.tagger {
            let refresh_s = tagger.refresh_s();
            tagger.push(&self.chunk[..count], &mut |tags| {
                sink.tags(tags, clock.column_time(tags, refresh_s));
            });
        }
    }

    fn tag_compared(&mut self, count: usize, sink: &mut dyn StreamSink) {
        if let Some(tagger) = &mut self.compared {
            let refresh_s = tagger.refresh_s();
            tagger.push(&self.chunk[..count], &mut |tags| {
                sink.compared(tags, refresh_s);
            });
        }
    }

    /// Advances the clock over frames that were not analysed.
    fn pass_gap(&mut self, frames: u64, why: GapReason, sink: &mut dyn StreamSink) {
        let from_s = self.duration_s();
        let breaks = frames as f64 > BRIDGED_GAP_S * self.rate;
        sink.gap(from_s, from_s + frames as f64 / self.rate, why, breaks);
        if breaks {
            self.position += frames;
            self.forget();
            return;
        }
        self.chunk.fill(0.0);
        let mut left = frames as usize;
        while left > 0 {
            let count = left.min(CHUNK);
            self.tag(count, sink);
            self.tag_compared(count, sink);
            left -= count;
        }
    }

    /// Takes a changed transport. A start resets the taggers, so that the same passage has the same tags each time it is
    /// played. A jump does too; it has a mark of its own.
    fn follow(&mut self, transport: Transport, sink: &mut dyn StreamSink) {
        let starts = transport.playing && !self.transport.playing;
        let stops = !transport.playing && self.transport.playing;
        if starts || (stops && sink.is_capturing()) {
            self.jump(starts, sink);
        } else if stops {
            self.rendering = self.format().offline;
            sink.renders(self.rendering, self.duration_s());
        }
        sink.moves(transport, self.duration_s());
        self.transport = transport;
        self.reported_at = self.position;
    }

    fn jump(&mut self, starts: bool, sink: &mut dyn StreamSink) {
        if sink.is_capturing() {
            self.finish(sink);
        }
        let offline = self.format().offline;
        self.rendering = offline;
        sink.jumped(self.duration_s(), starts, offline);
        self.forget();
    }

    fn forget(&mut self) {
        for tagger in [&mut self.tagger, &mut self.compared].into_iter().flatten() {
            tagger.reset();
        }
        self.zero = self.position;
    }

    fn seconds(&self, frame: u64) -> f64 {
        frame as f64 / self.rate
    }

    fn clock(&self) -> Clock {
        Clock {
            rate: self.rate,
            zero_s: self.seconds(self.zero),
            transport: self.transport,
            bars: self.bars,
            reported_at: self.reported_at,
        }
    }
}

/// Restricts a tagger to the labels named by `words`.
fn restrict(tagger: &mut Tagger, words: &[String]) {
    let among = Among::new(tagger.model().card(), words);
    tagger.choose_among(among);
}
