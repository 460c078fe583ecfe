//! From the audio thread to the worker: a mono copy of what the host plays, through a fixed ring.
//!
//! Samples pass through one ring, and events *between* samples (frames that were not analysed, jumps of the
//! transport) through a second, small one. A mark is pushed before the samples that follow it, so the worker,
//! which counts samples before it reads marks, never misses one.

mod bars;
mod mark;
mod notes;
mod outlet;
mod pace;
mod position;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rtrb::{Consumer, Producer, RingBuffer};

use hamiltone_engine::audio::StereoMixdown;

use crate::listen::Listen;
pub use bars::BarPosition;
pub use mark::{Mark, Transport};
use mark::{OpenMarks, PlacedMark};
use notes::NOTES;
pub use notes::{NOTE_DELAY_S, ScheduledNote};
pub use outlet::{Outlet, Received};
pub use pace::RENDER_OVER;
use pace::{Pace, Pause};
use position::Position;

/// Length of the ring in seconds. The worker may be busy this long (loading a model, or starved by other
/// programs) before a frame is dropped in real time.
pub const RING_SECONDS: f64 = 4.0;

/// How long a block of an offline render waits for a worker that makes no progress.
pub const OFFLINE_PATIENCE: Duration = Duration::from_secs(10);

/// Capacity of the ring of marks. A gap that does not fit stays open and grows.
const MARKS: usize = 64;

/// Pause between two polls of a render that waits for the worker.
const WAIT_STEP: Duration = Duration::from_micros(500);

/// Counters that the audio thread writes and anyone reads.
#[derive(Debug, Default)]
pub struct TapMeters {
    dropped_frames: AtomicU64,
}

impl TapMeters {
    /// Frames that did not fit into the ring since the instance was made.
    pub fn dropped_frames(&self) -> u64 {
        self.dropped_frames.load(Ordering::Relaxed)
    }
}

/// The format of a stream, fixed while the plugin is active.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StreamFormat {
    /// The host's sample rate in Hz.
    pub sample_rate: f64,
    /// Channels of the main bus; the ring is mono.
    pub channels: u32,
    /// Whether the host reports an offline render, in which waiting is allowed.
    pub offline: bool,
}

/// The audio thread's end.
///
/// [`write`](Self::write), [`skip`](Self::skip) and [`jump`](Self::jump) do not allocate, lock, free
/// or log. In real time they do not wait either.
pub struct Tap {
    samples: Producer<f32>,
    bars: triple_buffer::Input<Option<BarPosition>>,
    /// Mixes two channels; reset when the host jumps.
    stereo: StereoMixdown,
    marks: Producer<PlacedMark>,
    meters: Arc<TapMeters>,
    /// [`Tap::is_rendering`] for the worker. One for each stream: the previous one may still be processed.
    rendering: Arc<AtomicBool>,
    /// [`Tap::frames`], for the worker.
    passed: Arc<AtomicU64>,
    offline: bool,
    sample_rate: f64,
    patience: Duration,
    pace: Pace,
    position: Position,
    pushed: u64,
    notes: Consumer<ScheduledNote>,
    analysed: Arc<AtomicU64>,
    /// Frames since activation, analysed or not.
    frames: u64,
    /// The transport at the next frame, as the worker knows it.
    transport: Transport,
    open: OpenMarks,
    /// Whether the worker was told of a render detected by the pace.
    told_rendering: bool,
    /// Free slots when a wait timed out: until that changes, waiting again would only stall the host.
    gave_up_at: Option<usize>,
    /// Set when the worker is stuck: notes are late or missing from here on, but the host continues.
    gave_up_on_notes: bool,
}

/// Creates both ends. Allocates the ring ([`RING_SECONDS`] at the format's rate).
pub fn tap(format: StreamFormat, meters: Arc<TapMeters>) -> (Tap, Outlet) {
    let rate = if format.sample_rate.is_finite() {
        format.sample_rate
    } else {
        0.0
    };
    let capacity = (rate * RING_SECONDS).clamp(4_096.0, 4_000_000.0) as usize;
    tap_with(format, meters, capacity, OFFLINE_PATIENCE)
}

fn tap_with(
    format: StreamFormat,
    meters: Arc<TapMeters>,
    capacity: usize,
    patience: Duration,
) -> (Tap, Outlet) {
    let (samples, worker_samples) = RingBuffer::new(capacity);
    let (marks, worker_marks) = RingBuffer::new(MARKS);
    let (worker_notes, notes) = RingBuffer::new(NOTES);
    let (bars, worker_bars) = triple_buffer::triple_buffer(&None);
    let analysed = Arc::new(AtomicU64::new(0));
    let rendering = Arc::new(AtomicBool::new(format.offline));
    let passed = Arc::new(AtomicU64::new(0));
    let tap = Tap {
        samples,
        bars,
        stereo: StereoMixdown::new(format.sample_rate as f32),
        marks,
        meters,
        rendering: rendering.clone(),
        passed: passed.clone(),
        offline: format.offline,
        sample_rate: format.sample_rate,
        patience,
        gave_up_on_notes: false,
        pace: Pace::new(format.sample_rate),
        position: Position::new(format.sample_rate),
        pushed: 0,
        notes,
        analysed: analysed.clone(),
        frames: 0,
        transport: Transport::default(),
        open: OpenMarks::default(),
        told_rendering: false,
        gave_up_at: None,
    };
    (
        tap,
        Outlet {
            samples: worker_samples,
            bars: worker_bars,
            marks: worker_marks,
            notes: worker_notes,
            analysed,
            rendering,
            passed,
            format,
            taken: 0,
        },
    )
}

impl Tap {
    /// Writes one block into the ring, mixed to mono by `listen`. All channels must have the same number of frames.
    /// Frames that do not fit are dropped and counted; a render waits for space instead.
    pub fn write<C: AsRef<[f32]>>(&mut self, channels: &[C], listen: Listen) {
        let frames = channels.iter().map(|c| c.as_ref().len()).min().unwrap_or(0);
        if frames == 0 {
            return;
        }
        self.count(frames);
        let listen = listen.within(channels.len());
        let mut done = self.push(channels, listen, 0, frames);
        if done < frames && self.may_wait() {
            done = self.push_patiently(channels, listen, done, frames);
        }
        let lost = (frames - done) as u64;
        if lost > 0 {
            self.open.lost += lost;
            self.meters
                .dropped_frames
                .fetch_add(lost, Ordering::Relaxed);
        }
        self.pass(frames);
    }

    /// Passes frames without analysis (bypass): a gap, not counted as dropped.
    pub fn skip(&mut self, frames: usize) {
        self.count(frames);
        // Marks are pushed with the next samples. Without samples, the worker would learn of a stop when the bypass ends.
        if self.open.are_urgent() {
            self.place_open_marks();
        }
        self.open.bypassed += frames as u64;
        self.pass(frames);
    }

    /// The host jumped or restarted.
    pub fn jump(&mut self) {
        self.open.cut = Some(Mark::Jump);
        self.cut();
    }

    /// Takes the transport that the host reports with each block. Only changes go to the worker.
    pub fn follow(&mut self, transport: Transport) {
        let known = self.transport;
        self.transport = transport;
        if transport.playing != known.playing {
            if transport.playing {
                self.position.start(transport.position, self.frames);
                if self.open.transport {
                    // The worker was not told of the stop yet and would miss this start.
                    self.open.cut = Some(Mark::Jump);
                }
            }
            self.open.transport = true;
            self.cut();
        } else if transport.playing {
            if self.position.follow(transport.position, self.frames) {
                self.open.transport = true;
                self.jump();
            }
            self.transport.position = self.position.of(self.frames);
            self.open.transport |= self.transport.position.is_some() != known.position.is_some();
        }
        // The position of a stopped transport says nothing about the audio.
    }

    /// Takes the bars that the host reports with each block. Wait-free.
    pub fn follow_bars(&mut self, bars: Option<BarPosition>) {
        self.bars.write(bars);
    }

    /// Calls `play` for each note of the block that was just written, with its frame in the block. If notes are
    /// `expected`, a render waits (up to its patience) until the worker has analysed far enough. Call it when
    /// none are expected too: note-offs may be pending.
    pub fn play_notes(
        &mut self,
        frames: usize,
        expected: bool,
        mut play: impl FnMut(u32, ScheduledNote),
    ) {
        if expected && self.is_rendering() {
            self.wait_for_notes();
        }
        let begin = self.frames - frames as u64;
        let mut offset = 0; // hosts want the events of a block in order
        while let Ok(note) = self.notes.peek().copied() {
            if note.at_frame >= self.frames {
                break;
            }
            let _ = self.notes.pop();
            offset = offset.max(note.at_frame.saturating_sub(begin) as u32);
            play(offset, note);
        }
    }

    fn wait_for_notes(&mut self) {
        // Half the delay covers what the resampler still holds of an analysed frame.
        let delay = (NOTE_DELAY_S * self.sample_rate) as u64;
        let needed = self.frames.saturating_sub(delay / 2);
        let mut progress = (self.analysed.load(Ordering::Acquire), Instant::now());
        while progress.0 < needed && !self.samples.is_abandoned() && !self.gave_up_on_notes {
            std::thread::sleep(WAIT_STEP);
            let now = self.analysed.load(Ordering::Acquire);
            if now > progress.0 {
                progress = (now, Instant::now());
            }
            self.gave_up_on_notes = progress.1.elapsed() > self.patience;
        }
    }

    fn count(&mut self, frames: usize) {
        self.frames += frames as u64;
        self.passed.store(self.frames, Ordering::Relaxed);
        // Reads the clock without a system call on all supported systems.
        match self.pace.advance(frames, Instant::now()) {
            _ if self.offline => {} // a heavy project may take long for a block
            Pause::Long => self.jump(),
            Pause::Short if !self.knows_position() => {
                self.open.cut.get_or_insert(Mark::Pause);
            }
            Pause::Short | Pause::None => {}
        }
        self.rendering.store(self.is_rendering(), Ordering::Relaxed);
        let rendering = self.pace.is_new_render();
        if !self.offline && rendering != self.told_rendering {
            self.told_rendering = rendering;
            self.open.rendering = Some(rendering);
        }
    }

    /// Whether the host's position shows that a block continues the previous one.
    fn knows_position(&self) -> bool {
        self.transport.playing && self.transport.position.is_some()
    }

    /// Separates what follows from what came before; a render has to be detected by its pace again.
    fn cut(&mut self) {
        self.pace.cut();
        self.stereo.reset();
        self.open.rendering = None;
        self.told_rendering = false;
    }

    /// Whether the host renders: it reports so, or its audio runs far ahead of the clock.
    pub fn is_rendering(&self) -> bool {
        self.offline || self.pace.is_rendering()
    }

    /// Advances the transport to the next frame.
    fn pass(&mut self, frames: usize) {
        if self.transport.playing {
            let position = self.transport.position;
            self.transport.position = position.map(|p| p.saturating_add(frames as i64));
        }
    }

    fn may_wait(&self) -> bool {
        !self.samples.is_abandoned()
            && self.is_rendering()
            && self.gave_up_at != Some(self.samples.slots())
    }

    /// Pushes frames `from..to` as far as they fit. Returns the first frame that did not fit.
    fn push<C: AsRef<[f32]>>(
        &mut self,
        channels: &[C],
        listen: Listen,
        from: usize,
        to: usize,
    ) -> usize {
        let count = self.samples.slots().min(to - from);
        if count == 0 || !self.place_open_marks() {
            return from;
        }
        let stereo = &mut self.stereo;
        let mixed = (from..from + count).map(|frame| listen.sample(channels, frame, stereo));
        let Ok(chunk) = self.samples.write_chunk_uninit(count) else {
            return from; // unreachable: only this thread takes slots
        };
        let written = chunk.fill_from_iter(mixed);
        self.pushed += written as u64;
        from + written
    }

    fn push_patiently<C: AsRef<[f32]>>(
        &mut self,
        channels: &[C],
        listen: Listen,
        mut from: usize,
        to: usize,
    ) -> usize {
        let mut progress = Instant::now();
        while from < to && !self.samples.is_abandoned() {
            let reached = self.push(channels, listen, from, to);
            if reached > from {
                from = reached;
                progress = Instant::now();
                self.gave_up_at = None;
            } else if progress.elapsed() > self.patience {
                self.gave_up_at = Some(self.samples.slots());
                break;
            } else {
                std::thread::sleep(WAIT_STEP);
            }
        }
        from
    }

    /// Pushes the open marks. Returns whether none is left.
    fn place_open_marks(&mut self) -> bool {
        self.open
            .place(&mut self.marks, self.pushed, self.transport)
    }
}

impl Drop for Tap {
    /// Events after the last sample belong to the stream too.
    fn drop(&mut self) {
        self.place_open_marks();
    }
}

#[cfg(test)]
mod tests;
