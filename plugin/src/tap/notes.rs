//! Notes on their way from the worker to the host.

/// A note that begins or ends at a frame of the stream.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScheduledNote {
    /// Frames since activation, heard or not.
    pub at_frame: u64,
    /// 0 to 15.
    pub channel: u8,
    /// 0 to 127.
    pub key: u8,
    /// 0 to 1; `None` ends the note.
    pub velocity: Option<f32>,
}

/// Notes between two blocks of the host: all classes of a large model, on and off.
pub(super) const NOTES: usize = 2048;

/// From the end of a column of audio to the note that tells of it, in seconds: always the same, so
/// that a render and a live run give the same notes in any block size. Long enough for a worker
/// that looks every 25 ms and blocks of two thousand frames.
pub const NOTE_DELAY_S: f64 = 0.12;
