//! MIDI notes from the worker to the host.

/// A note-on or note-off at a frame of the stream.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScheduledNote {
    /// Frames since activation, analysed or not.
    pub at_frame: u64,
    /// 0 to 15.
    pub channel: u8,
    /// 0 to 127.
    pub key: u8,
    /// 0 to 1 for a note-on; `None` for a note-off.
    pub velocity: Option<f32>,
}

/// Capacity for notes between two blocks of the host: every label of a large model, on and off.
pub(super) const NOTES: usize = 2048;

/// Delay from the end of a column to its notes, in seconds. It is constant, so that renders and live runs give the
/// same notes in any block size, and long enough for a worker that polls every 25 ms and blocks of 2000 frames.
pub const NOTE_DELAY_S: f64 = 0.12;
