//! Events between two samples of a stream.

use rtrb::Producer;

/// An event between two samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mark {
    /// This many frames did not fit into the ring.
    Lost(u64),
    /// This many frames were bypassed.
    Bypassed(u64),
    /// The host jumped or stopped for a while: what follows is unrelated to what came before.
    Jump,
    /// No block came for a second, and no position shows that the next one continues the previous one.
    Pause,
    /// The host's transport started, stopped or moved, or its position became known or unknown.
    Transport(Transport),
    /// A render was detected by its pace around here, or has ended. A [`Mark::Jump`] and a start or stop of the
    /// transport end it too.
    Rendering(bool),
}

/// The host's transport.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Transport {
    /// Position of the next frame in the host's timeline, in frames; `None` if not reported.
    pub position: Option<i64>,
    /// Whether it runs.
    pub playing: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct PlacedMark {
    /// Samples pushed into the ring before this mark.
    pub(super) after: u64,
    pub(super) mark: Mark,
}

/// Marks that wait to be pushed.
#[derive(Debug, Default)]
pub(super) struct OpenMarks {
    /// Frames; 0 for none.
    pub(super) lost: u64,
    /// Frames; 0 for none.
    pub(super) bypassed: u64,
    /// [`Mark::Jump`] or [`Mark::Pause`].
    pub(super) cut: Option<Mark>,
    pub(super) transport: bool,
    pub(super) rendering: Option<bool>,
}

impl OpenMarks {
    /// Whether there is more than a gap. Gaps can wait for the next samples.
    pub(super) fn are_urgent(&self) -> bool {
        self.cut.is_some() || self.transport || self.rendering.is_some()
    }

    /// Pushes all marks: gaps first, which belong to the past, then what separates past and future. Returns whether
    /// none is left. Does not allocate or wait.
    pub(super) fn place(
        &mut self,
        marks: &mut Producer<PlacedMark>,
        after: u64,
        transport: Transport,
    ) -> bool {
        let mut push = |mark| marks.push(PlacedMark { after, mark }).is_ok();
        if self.lost > 0 && !push(Mark::Lost(self.lost)) {
            return false;
        }
        self.lost = 0;
        if self.bypassed > 0 && !push(Mark::Bypassed(self.bypassed)) {
            return false;
        }
        self.bypassed = 0;
        if self.cut.is_some_and(|cut| !push(cut)) {
            return false;
        }
        self.cut = None;
        if self.transport && !push(Mark::Transport(transport)) {
            return false;
        }
        self.transport = false;
        let rendering = self.rendering.map(Mark::Rendering);
        if rendering.is_some_and(|mark| !push(mark)) {
            return false;
        }
        self.rendering = None;
        true
    }
}
