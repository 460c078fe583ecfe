//! The time bases of a stream: its own, its taggers' and the host's.

use hamiltone_engine::tagging::Tags;

use crate::tap::{BarPosition, Transport};

/// The time of a column of tags.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ColumnTime {
    /// Seconds since the stream began to the newest sample of the column.
    pub(super) time_s: f64,
    /// The same in frames.
    pub(super) frame: u64,
    /// When the tagger was last reset: earlier audio has no influence on the tags.
    pub(super) zero_s: f64,
    /// Position in the host's timeline, in seconds.
    pub(super) host_s: Option<f64>,
    /// Bars since the start of the project, if the host reports them.
    pub(super) bars: Option<f64>,
    /// Seconds between columns.
    pub(super) refresh_s: f64,
}

/// Converts a tagger's time to the stream's and the host's.
#[derive(Clone, Copy)]
pub(super) struct Clock {
    /// Sample rate in Hz.
    pub(super) rate: f64,
    /// Stream time at which the tagger's time is zero.
    pub(super) zero_s: f64,
    pub(super) transport: Transport,
    /// The bars that the host reported last.
    pub(super) bars: Option<BarPosition>,
    /// Frame of the stream to which `transport` belongs.
    pub(super) reported_at: u64,
}

impl Clock {
    pub(super) fn column_time(self, tags: &Tags<'_>, refresh_s: f64) -> ColumnTime {
        let time_s = self.zero_s + tags.time_s;
        let frame = (time_s * self.rate).round() as u64;
        let host_s = self.host_s(time_s * self.rate);
        ColumnTime {
            time_s,
            frame,
            zero_s: self.zero_s,
            host_s,
            bars: host_s.and_then(|host_s| Some(self.bars?.bars_at(host_s * self.rate))),
            refresh_s,
        }
    }

    /// The host's time in seconds at a stream time in frames (may be fractional).
    pub(super) fn host_s(self, frames: f64) -> Option<f64> {
        let told = self.transport.position? as f64;
        let passed = if self.transport.playing {
            frames - self.reported_at as f64
        } else {
            0.0
        };
        Some((told + passed) / self.rate)
    }
}
