//! The times of a stream: its own, its taggers' and the host's.

use hamiltone_engine::tagging::Tags;

use crate::tap::Transport;

/// Where a column of tags is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    /// Seconds since the stream began to the newest sample of the column.
    pub(super) time_s: f64,
    /// The same in frames.
    pub(super) frame: u64,
    /// Time at which the tagger began without a past: what came before has no part in the tags.
    pub(super) zero_s: f64,
    /// Position in the host's timeline, in seconds.
    pub(super) host_s: Option<f64>,
    /// Seconds between columns.
    pub(super) refresh_s: f64,
}

/// From a tagger's time to the stream's and the host's.
#[derive(Clone, Copy)]
pub(super) struct Clock {
    /// Frames a second.
    pub(super) rate: f64,
    /// Time of the stream at which the tagger's is zero.
    pub(super) zero_s: f64,
    pub(super) transport: Transport,
    /// Frame of the stream at which the transport was where it says.
    pub(super) told_at: u64,
}

impl Clock {
    pub(super) fn place(self, tags: &Tags<'_>, refresh_s: f64) -> Place {
        let time_s = self.zero_s + tags.time_s;
        let frame = (time_s * self.rate).round() as u64;
        Place {
            time_s,
            frame,
            zero_s: self.zero_s,
            host_s: self.host_s(time_s * self.rate),
            refresh_s,
        }
    }

    /// The host's time at a time of the stream, which is in frames, whole or not.
    pub(super) fn host_s(self, frames: f64) -> Option<f64> {
        let told = self.transport.position? as f64;
        let passed = if self.transport.playing {
            frames - self.told_at as f64
        } else {
            0.0
        };
        Some((told + passed) / self.rate)
    }
}
