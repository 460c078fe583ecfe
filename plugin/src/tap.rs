//! From the audio thread to the worker: a mono copy of what the host plays, through a fixed ring.
//!
//! Samples travel in one ring and what happened *between* samples (frames that were not heard,
//! jumps of the transport) in a second, small one. A mark is pushed before the samples that follow
//! it, so the worker, which counts samples before it looks for marks, never misses one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hamiltone_engine::audio::mix_frame;
use rtrb::{Consumer, Producer, RingBuffer};

/// Length of the ring. The worker may be away this long (loading a model, or starved by other
/// programs) before a frame is lost in real time.
pub const RING_SECONDS: f64 = 4.0;

/// How long one block of an offline render waits for a worker that makes no progress at all.
pub const OFFLINE_PATIENCE: Duration = Duration::from_secs(10);

/// Marks between two looks of the worker. A gap that finds no room stays open and grows.
const MARKS: usize = 64;

/// A host is rendering, whatever it says, when its audio has run ahead of the clock by this much.
/// Real time never gets there: it is ahead by a block or two.
const RENDER_LEAD_S: f64 = 1.0;

/// What the worker's poll costs at most; the pause between two looks of a waiting render.
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

/// The shape of a stream, fixed from one activation to the next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StreamFormat {
    /// Frames a second, as the host runs.
    pub sample_rate: f64,
    /// Channels of the main bus (for the panel; the ring is mono).
    pub channels: u32,
    /// The host says that it renders, so waiting is allowed.
    pub offline: bool,
}

/// Something that happened between two samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// This many frames passed unheard: dropped, or bypassed.
    Gap(u64),
    /// The host jumped: what follows has nothing to do with what came before.
    Jump,
}

#[derive(Clone, Copy, Debug)]
struct PlacedMark {
    /// Samples pushed into the ring before this mark.
    after: u64,
    mark: Mark,
}

/// The audio thread's end.
///
/// [`hear`](Self::hear), [`skip`](Self::skip) and [`jump`](Self::jump) do not allocate, lock, free
/// or log. In real time they do not wait either.
pub struct Tap {
    samples: Producer<f32>,
    marks: Producer<PlacedMark>,
    meters: Arc<TapMeters>,
    offline: bool,
    patience: Duration,
    pace: Pace,
    pushed: u64,
    /// Frames not heard whose mark is still to be pushed.
    open_gap: u64,
    open_jump: bool,
    /// Free slots when a wait ran out: until that changes, waiting again would only stall the host.
    gave_up_at: Option<usize>,
}

/// The worker's end: give it to the worker whole, and let it be freed there.
pub struct Outlet {
    samples: Consumer<f32>,
    marks: Consumer<PlacedMark>,
    format: StreamFormat,
    taken: u64,
}

/// What [`Outlet::next`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// This many samples are at the start of the buffer.
    Samples(usize),
    /// Nothing to hear, but something happened.
    Mark(Mark),
}

/// Makes both ends. Allocates the ring ([`RING_SECONDS`] at the format's rate).
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
    let (samples, heard) = RingBuffer::new(capacity);
    let (marks, seen) = RingBuffer::new(MARKS);
    let tap = Tap {
        samples,
        marks,
        meters,
        offline: format.offline,
        patience,
        pace: Pace::new(format.sample_rate),
        pushed: 0,
        open_gap: 0,
        open_jump: false,
        gave_up_at: None,
    };
    (
        tap,
        Outlet {
            samples: heard,
            marks: seen,
            format,
            taken: 0,
        },
    )
}

impl Tap {
    /// Copies one block, mixed to mono. All channels have the same number of frames; with none,
    /// nothing happens. What finds no room is dropped and counted, except in a render, which waits.
    pub fn hear<C: AsRef<[f32]>>(&mut self, channels: &[C]) {
        let frames = channels.iter().map(|c| c.as_ref().len()).min().unwrap_or(0);
        if frames == 0 {
            return;
        }
        self.pace.heard(frames, Instant::now());
        let mut done = self.push(channels, 0, frames);
        if done < frames && self.may_wait() {
            done = self.push_patiently(channels, done, frames);
        }
        let lost = (frames - done) as u64;
        if lost > 0 {
            self.open_gap += lost;
            self.meters
                .dropped_frames
                .fetch_add(lost, Ordering::Relaxed);
        }
    }

    /// Frames that pass without being analysed, on purpose (bypass): a gap, not a loss.
    pub fn skip(&mut self, frames: usize) {
        self.pace.heard(frames, Instant::now());
        self.open_gap += frames as u64;
    }

    /// The host jumped or started anew.
    pub fn jump(&mut self) {
        self.open_jump = true;
    }

    fn may_wait(&self) -> bool {
        !self.samples.is_abandoned()
            && (self.offline || self.pace.is_rendering())
            && self.gave_up_at != Some(self.samples.slots())
    }

    /// Pushes frames `from..to` as far as they fit. Returns the first frame that did not.
    fn push<C: AsRef<[f32]>>(&mut self, channels: &[C], from: usize, to: usize) -> usize {
        let count = self.samples.slots().min(to - from);
        if count == 0 || !self.place_open_marks() {
            return from;
        }
        let mixed =
            (from..from + count).map(|frame| mix_frame(channels.iter().map(|c| c.as_ref()[frame])));
        let Ok(chunk) = self.samples.write_chunk_uninit(count) else {
            return from; // cannot be: only this thread takes slots
        };
        let written = chunk.fill_from_iter(mixed);
        self.pushed += written as u64;
        from + written
    }

    fn push_patiently<C: AsRef<[f32]>>(
        &mut self,
        channels: &[C],
        mut from: usize,
        to: usize,
    ) -> usize {
        let mut progress = Instant::now();
        while from < to && !self.samples.is_abandoned() {
            let reached = self.push(channels, from, to);
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

    /// True when nothing stands between the last sample pushed and the next.
    fn place_open_marks(&mut self) -> bool {
        if self.open_gap > 0 && self.place(Mark::Gap(self.open_gap)) {
            self.open_gap = 0;
        }
        if self.open_gap == 0 && self.open_jump && self.place(Mark::Jump) {
            self.open_jump = false;
        }
        self.open_gap == 0 && !self.open_jump
    }

    fn place(&mut self, mark: Mark) -> bool {
        self.marks
            .push(PlacedMark {
                after: self.pushed,
                mark,
            })
            .is_ok()
    }
}

impl Outlet {
    /// The shape of this stream.
    pub fn format(&self) -> StreamFormat {
        self.format
    }

    /// The next samples (at most `buffer.len()`) or mark; `None` when all is heard. Does not wait.
    pub fn next(&mut self, buffer: &mut [f32]) -> Option<Heard> {
        let ready = self.samples.slots(); // before the marks: see the module's note
        let mut count = ready.min(buffer.len());
        if let Ok(&PlacedMark { after, mark }) = self.marks.peek() {
            if after <= self.taken {
                let _ = self.marks.pop();
                return Some(Heard::Mark(mark));
            }
            count = count.min((after - self.taken) as usize);
        }
        if count == 0 {
            return None;
        }
        let (filled, _) = self.samples.pop_partial_slice(&mut buffer[..count]);
        let count = filled.len();
        self.taken += count as u64;
        Some(Heard::Samples(count))
    }

    /// Whether the tap is gone: what is left in the ring is all there will be.
    pub fn is_abandoned(&self) -> bool {
        self.samples.is_abandoned()
    }
}

/// How far the host's audio runs ahead of the clock.
#[derive(Debug)]
struct Pace {
    seconds_a_frame: f64,
    lead_s: f64,
    last: Option<Instant>,
}

impl Pace {
    fn new(sample_rate: f64) -> Self {
        let seconds_a_frame = if sample_rate > 0.0 {
            sample_rate.recip()
        } else {
            0.0
        };
        Self {
            seconds_a_frame,
            lead_s: 0.0,
            last: None,
        }
    }

    fn heard(&mut self, frames: usize, now: Instant) {
        let passed = self
            .last
            .map_or(0.0, |last| now.duration_since(last).as_secs_f64());
        self.last = Some(now);
        self.lead_s = (self.lead_s - passed).max(0.0) + frames as f64 * self.seconds_a_frame;
    }

    fn is_rendering(&self) -> bool {
        self.lead_s > RENDER_LEAD_S
    }
}

#[cfg(test)]
mod tests;
