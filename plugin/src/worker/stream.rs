//! One activation's audio on its way through the taggers, with its own clock.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hamiltone_engine::model::{Among, Model};
use hamiltone_engine::tagging::{Tagger, Tags};
use hamiltone_engine::{EngineError, Interrupt};

use super::clock::{Clock, Place};
use super::meters::{LoadMeter, SignalMeter};
use crate::tap::{Heard, Mark, Outlet, RENDER_OVER, ScheduledNote, StreamFormat, Transport};

/// Frames handled between two looks at the clock: some 20 ms, a few of the model's frames.
const CHUNK: usize = 1024;

/// A gap up to this long is heard as silence; after a longer one the past is forgotten.
const BRIDGED_GAP_S: f64 = 1.0;

/// The host has stopped when it called for this long neither. A little more than what the tap takes for a pause: where
/// this side sees one, the tap marks the next block as a jump.
const STOPPED: Duration = RENDER_OVER.saturating_add(Duration::from_millis(200));

/// Why frames were not heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unheard {
    /// They did not fit into the ring.
    Lost,
    /// The user switched the analysis off.
    Bypassed,
}

impl Unheard {
    /// For timelines.
    pub(super) fn in_words(self) -> &'static str {
        match self {
            Self::Lost => "lost: the analysis did not keep up with the host",
            Self::Bypassed => "bypassed",
        }
    }
}

/// Who hears what a stream says, in the order of the sound.
pub(super) trait Listener {
    /// Mono samples at the host's rate, the first of them at `time_s`.
    fn sound(&mut self, mono: &[f32], time_s: f64);
    /// Tags of the model; only their time is not `place`'s.
    fn tags(&mut self, tags: &Tags<'_>, place: Place);
    /// Tags of the second model, in its own time.
    fn compared(&mut self, tags: &Tags<'_>, refresh_s: f64);
    /// Frames that were not heard, from one time of the stream to another. Where they are few they count as silence;
    /// else the tags that follow have no past (`breaks`).
    fn unheard(&mut self, from_s: f64, to_s: f64, why: Unheard, breaks: bool);
    /// What follows `time_s` has nothing to do with what came before. If the host does not say that it
    /// renders (`told`), its pace has to show it anew. `starts`: the transport stood still before, and runs from here on.
    fn jumped(&mut self, time_s: f64, starts: bool, told: bool);
    /// What the host's transport does from `time_s` on.
    fn moves(&mut self, transport: Transport, time_s: f64);
    /// Whether the host renders from `time_s` on.
    fn renders(&mut self, rendering: bool, time_s: f64);
    /// Whether something is being recorded that somebody wants.
    fn is_capturing(&self) -> bool;
    /// Notes that are due go to `send`, which returns false where it takes no more.
    fn deliver(&mut self, send: &mut dyn FnMut(ScheduledNote) -> bool);
}

/// The ring's end, the taggers on it, and the time since the host began.
pub(super) struct Stream {
    outlet: Outlet,
    tagger: Option<Tagger>,
    compared: Option<Tagger>,
    /// Words for the labels that compete; none for all.
    among: Vec<String>,
    rate: f64,
    /// Frames since the stream began, heard or not.
    position: u64,
    /// Position at which the taggers' own time is zero.
    zero: u64,
    /// What the host said of its transport at `told_at`.
    transport: Transport,
    told_at: u64,
    /// The host renders at `position`: it says so, or its pace shows it.
    rendering: bool,
    /// When the host was last seen to send frames, how many these were by then, and whether it has stopped since.
    active_at: Instant,
    active_frames: u64,
    stopped: bool,
    chunk: Box<[f32]>,
    /// Ends the taggers' columns early when the instance goes.
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
            told_at: 0,
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

    /// Lets only some labels of both models compete. Returns whether that is new.
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

    /// The labels of the first model that compete.
    pub(super) fn chosen(&self) -> Option<&Among> {
        self.tagger.as_ref().map(Tagger::among)
    }

    /// Places of the labels of the first and of the second model that compete; empty for all.
    pub(super) fn among(&self) -> [&[usize]; 2] {
        [&self.tagger, &self.compared]
            .map(|tagger| tagger.as_ref().map_or(&[][..], |t| t.among().indices()))
    }

    /// Seconds of audio since the stream began.
    pub(super) fn duration_s(&self) -> f64 {
        self.seconds(self.position)
    }

    /// Runs `model` from here on. On an error nothing is tagged until the next call.
    pub(super) fn use_model(
        &mut self,
        model: &Arc<Model>,
        window_s: f32,
    ) -> Result<(), EngineError> {
        self.tagger = None;
        // A rate that is no number becomes 0 here and is refused with the others.
        let mut tagger = Tagger::new(model.clone(), self.rate.round() as u32, window_s)?;
        tagger.interrupt_by(self.interrupt.clone());
        restrict(&mut tagger, &self.among);
        self.tagger = Some(tagger);
        self.forget(); // both taggers have one clock
        Ok(())
    }

    /// Runs a second model beside the first, or none.
    pub(super) fn compare(&mut self, model: Option<&Arc<Model>>, window_s: f32) {
        // The rate is the first one's too, whose error is told.
        self.compared = model
            .and_then(|model| Tagger::new(model.clone(), self.rate.round() as u32, window_s).ok());
        if let Some(tagger) = &mut self.compared {
            tagger.interrupt_by(self.interrupt.clone());
            restrict(tagger, &self.among);
        }
        self.compared_load = LoadMeter::default();
    }

    /// Where the host's transport is at the newest frame, in seconds, and whether it runs.
    pub(super) fn transport(&self) -> (Option<f64>, bool) {
        (
            self.clock().host_s(self.position as f64),
            self.transport.playing,
        )
    }

    /// Whether the host renders what is analysed now.
    pub(super) fn is_rendering(&self) -> bool {
        self.rendering
    }

    /// Whether the host may wait for the worker.
    pub(super) fn is_urgent(&self) -> bool {
        self.outlet.is_rendering() && !self.has_stopped()
    }

    /// Whether a host that does not say that it renders has sent nothing for a while: its transport stands, whatever
    /// it said last.
    fn has_stopped(&self) -> bool {
        !self.format().offline
            && self.outlet.frames_passed() == self.active_frames
            && self.active_at.elapsed() > STOPPED
    }

    /// Ends what is recorded once the host has stopped calling. Call it when the ring is empty, as often as you like.
    pub(super) fn follow_stops(&mut self, listener: &mut dyn Listener) {
        if !self.stopped && self.has_stopped() {
            self.stopped = true;
            self.jump(false, listener);
        }
    }

    /// Hears what is in the ring, for about `budget` at most. Returns whether more is there.
    pub(super) fn hear(&mut self, budget: Duration, listener: &mut dyn Listener) -> bool {
        let start = Instant::now();
        let frames = self.outlet.frames_passed();
        if frames != self.active_frames {
            (self.active_frames, self.active_at) = (frames, start);
            self.stopped = false;
        }
        loop {
            match self.outlet.next(&mut self.chunk) {
                None => return false,
                Some(Heard::Samples(count)) => self.hear_chunk(count, listener),
                Some(Heard::Mark(Mark::Lost(frames))) => {
                    self.pass_gap(frames, Unheard::Lost, listener);
                }
                Some(Heard::Mark(Mark::Bypassed(frames))) => {
                    self.pass_gap(frames, Unheard::Bypassed, listener);
                }
                Some(Heard::Mark(Mark::Jump)) => self.jump(false, listener),
                // What is recorded may wait longer for its next block.
                Some(Heard::Mark(Mark::Pause)) if listener.is_capturing() => {}
                Some(Heard::Mark(Mark::Pause)) => self.jump(false, listener),
                Some(Heard::Mark(Mark::Rendering(rendering))) => {
                    self.rendering = rendering || self.format().offline;
                    listener.renders(self.rendering, self.duration_s());
                }
                Some(Heard::Mark(Mark::Transport(transport))) => {
                    self.follow(transport, listener);
                }
            }
            let outlet = &mut self.outlet;
            listener.deliver(&mut |note| outlet.send(note));
            self.outlet.analysed_up_to(self.position);
            self.active_at = Instant::now();
            if start.elapsed() >= budget {
                return true;
            }
        }
    }

    /// Hands a note to the audio thread, also while no sound comes from it. Returns false where there is
    /// no room.
    pub(super) fn send(&mut self, note: ScheduledNote) -> bool {
        self.outlet.send(note)
    }

    /// The sound ends here: lets the tagger say what it still holds.
    pub(super) fn finish(&mut self, listener: &mut dyn Listener) {
        let clock = self.clock();
        if let Some(tagger) = &mut self.tagger {
            let refresh_s = tagger.refresh_s();
            tagger.finish(&mut |tags| listener.tags(tags, clock.place(tags, refresh_s)));
        }
    }

    fn hear_chunk(&mut self, count: usize, listener: &mut dyn Listener) {
        let start = Instant::now();
        let audio_s = count as f64 / self.rate;
        self.signal.hear(&self.chunk[..count], audio_s, start);
        listener.sound(&self.chunk[..count], self.seconds(self.position));
        self.tag(count, listener);
        self.load.add(start.elapsed(), audio_s);
        let start = Instant::now();
        self.tag_compared(count, listener);
        self.compared_load.add(start.elapsed(), audio_s);
    }

    /// Tags the first `count` samples of the chunk.
    fn tag(&mut self, count: usize, listener: &mut dyn Listener) {
        self.position += count as u64;
        let clock = self.clock();
        if let Some(tagger) = &mut self.tagger {
            let refresh_s = tagger.refresh_s();
            tagger.push(&self.chunk[..count], &mut |tags| {
                listener.tags(tags, clock.place(tags, refresh_s));
            });
        }
    }

    fn tag_compared(&mut self, count: usize, listener: &mut dyn Listener) {
        if let Some(tagger) = &mut self.compared {
            let refresh_s = tagger.refresh_s();
            tagger.push(&self.chunk[..count], &mut |tags| {
                listener.compared(tags, refresh_s);
            });
        }
    }

    /// Keeps the clock right over frames that were not heard.
    fn pass_gap(&mut self, frames: u64, why: Unheard, listener: &mut dyn Listener) {
        let from_s = self.duration_s();
        let breaks = frames as f64 > BRIDGED_GAP_S * self.rate;
        listener.unheard(from_s, from_s + frames as f64 / self.rate, why, breaks);
        if breaks {
            self.position += frames;
            self.forget();
            return;
        }
        self.chunk.fill(0.0);
        let mut left = frames as usize;
        while left > 0 {
            let count = left.min(CHUNK);
            self.tag(count, listener);
            self.tag_compared(count, listener);
            left -= count;
        }
    }

    /// The host said something of its transport. A start is a beginning: the same stretch then has
    /// the same tags each time it is played. So is a jump, which has a mark of its own.
    fn follow(&mut self, transport: Transport, listener: &mut dyn Listener) {
        let starts = transport.playing && !self.transport.playing;
        let stops = !transport.playing && self.transport.playing;
        if starts || (stops && listener.is_capturing()) {
            self.jump(starts, listener);
        } else if stops {
            self.rendering = self.format().offline;
            listener.renders(self.rendering, self.duration_s());
        }
        listener.moves(transport, self.duration_s());
        self.transport = transport;
        self.told_at = self.position;
    }

    fn jump(&mut self, starts: bool, listener: &mut dyn Listener) {
        if listener.is_capturing() {
            self.finish(listener);
        }
        let told = self.format().offline;
        self.rendering = told;
        listener.jumped(self.duration_s(), starts, told);
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
            told_at: self.told_at,
        }
    }
}

/// Lets only the labels that words mean compete.
fn restrict(tagger: &mut Tagger, words: &[String]) {
    let among = Among::new(tagger.model().card(), words);
    tagger.choose_among(among);
}
