//! What happens between two samples of a stream.

use rtrb::Producer;

/// Something that happened between two samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mark {
    /// This many frames did not fit into the ring.
    Lost(u64),
    /// This many frames passed without being analysed, on purpose.
    Bypassed(u64),
    /// The host jumped or stopped for a while: what follows has nothing to do with what came before.
    Jump,
    /// No block came for a second, and no position shows that the next one continues the last.
    Pause,
    /// The host's transport started, stopped or moved, or its position became known or unknown.
    Transport(Transport),
    /// By its pace, the host renders from about here on, or no longer does. A [`Mark::Jump`] or a start or stop of the
    /// transport also ends it.
    Rendering(bool),
}

/// What the host says of its transport.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Transport {
    /// Where the next frame is in the host's timeline, in frames; `None` where it does not say.
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

/// Marks that are still to be pushed.
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
    /// Whether there is more than a gap, which can wait for the samples after it.
    pub(super) fn are_urgent(&self) -> bool {
        self.cut.is_some() || self.transport || self.rendering.is_some()
    }

    /// Pushes what is open, in the order in which the worker needs it: gaps belong to the past, then comes what
    /// separates it from what follows. Returns whether nothing is left. Does not allocate or wait.
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
