//! The worker's end of the tap.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rtrb::{Consumer, Producer};

use super::{BarPosition, Mark, PlacedMark, ScheduledNote, StreamFormat};

/// The worker's end. Created with the [`Tap`](super::Tap), moved to the worker and freed there.
pub struct Outlet {
    pub(super) samples: Consumer<f32>,
    pub(super) bars: triple_buffer::Output<Option<BarPosition>>,
    pub(super) marks: Consumer<PlacedMark>,
    pub(super) notes: Producer<ScheduledNote>,
    pub(super) analysed: Arc<AtomicU64>,
    pub(super) rendering: Arc<AtomicBool>,
    pub(super) passed: Arc<AtomicU64>,
    pub(super) format: StreamFormat,
    pub(super) taken: u64,
}

/// What [`Outlet::next`] returns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Received {
    /// This many samples were written to the start of the buffer.
    Samples(usize),
    /// An event between samples.
    Mark(Mark),
}

impl Outlet {
    /// The format of this stream.
    pub fn format(&self) -> StreamFormat {
        self.format
    }

    /// Whether the host renders this stream now: it reports so, or its audio runs far ahead of the clock. Samples in
    /// the ring may be older; [`Mark::Rendering`] marks where it began.
    pub fn is_rendering(&self) -> bool {
        self.rendering.load(Ordering::Relaxed)
    }

    /// Frames that the host has sent, analysed or not. Grows while the host calls.
    pub fn frames_passed(&self) -> u64 {
        self.passed.load(Ordering::Relaxed)
    }

    /// The bars that the host reported last; `None` if it reports none. The samples in the ring are older by up to the
    /// length of the ring.
    pub fn bars(&mut self) -> Option<BarPosition> {
        *self.bars.read()
    }

    /// The next samples (at most `buffer.len()`) or mark; `None` when the ring is empty. Does not wait.
    pub fn next(&mut self, buffer: &mut [f32]) -> Option<Received> {
        let ready = self.samples.slots(); // before the marks: see the docs of the module
        let mut count = ready.min(buffer.len());
        if let Ok(&PlacedMark { after, mark }) = self.marks.peek() {
            if after <= self.taken {
                let _ = self.marks.pop();
                return Some(Received::Mark(mark));
            }
            count = count.min((after - self.taken) as usize);
        }
        if count == 0 {
            return None;
        }
        let (filled, _) = self.samples.pop_partial_slice(&mut buffer[..count]);
        let count = filled.len();
        self.taken += count as u64;
        Some(Received::Samples(count))
    }

    /// Whether the tap was dropped: nothing is added to the ring any more.
    pub fn is_abandoned(&self) -> bool {
        self.samples.is_abandoned()
    }

    /// Hands a note to the audio thread. Returns false where its queue is full.
    pub fn send(&mut self, note: ScheduledNote) -> bool {
        self.notes.push(note).is_ok()
    }

    /// Reports that everything up to this frame (since activation, gaps included) is analysed and its notes are
    /// sent.
    pub fn analysed_up_to(&self, frame: u64) {
        self.analysed.store(frame, Ordering::Release);
    }
}
