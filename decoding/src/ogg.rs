//! Missing pages of an Ogg file, found by the timestamps of the packets.
//!
//! Symphonia 0.6 starts a page at the end of the page before it, also if others between them are missing. So the missing
//! frames show at the page after the first one that follows the gap (RFC 3533, section 6: a page states where it ends).

use symphonia::core::packet::Packet;

use crate::placement::longest_silence;

/// The frames that are missing between packets.
#[derive(Debug)]
pub(crate) struct Missing {
    /// Where the next packet begins if nothing is missing.
    next: Option<i64>,
    /// Found and not yet taken.
    found: u64,
    /// Smaller differences are those of encoders.
    tolerated: u64,
    /// More than this is not believed.
    left: u64,
}

impl Missing {
    /// `tolerated` is in frames, `rate` in Hz.
    pub(crate) fn new(tolerated: u64, rate: u32) -> Self {
        Self {
            next: None,
            found: 0,
            tolerated,
            left: longest_silence(rate),
        }
    }

    /// Compares the timestamp of a packet with the end of the last one; returns the number of missing frames.
    pub(crate) fn follow(&mut self, packet: &Packet) -> u64 {
        let at = packet.pts.get();
        let gap = self.next.map_or(0, |next| at.saturating_sub(next));
        let gap = u64::try_from(gap).unwrap_or(0);
        let whole = packet
            .dur
            .saturating_add(packet.trim_start)
            .saturating_add(packet.trim_end);
        self.next = Some(packet.pts.saturating_add(whole).get());
        if gap <= self.tolerated || gap > self.left {
            return 0;
        }
        self.found += gap;
        self.left -= gap;
        gap
    }

    /// The missing frames before the packets that were read since the last call.
    pub(crate) fn take(&mut self) -> u64 {
        std::mem::take(&mut self.found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(at: i64, frames: u64) -> Packet {
        Packet::new(1, at.into(), frames.into(), vec![0])
    }

    #[test]
    fn frames_between_packets_are_missing_unless_they_are_few_or_days() {
        let mut missing = Missing::new(64, 1000);
        let gaps = [
            (5_000, 0),     // streams may begin anywhere
            (5_100, 0),     // directly behind
            (5_264, 0),     // 64 frames
            (5_864, 500),   // missing
            (5_000, 0),     // backwards
            (i64::MAX, 0),  // not believed
            (i64::MIN, 0),  // backwards
            (-50, 0),       // not believed
            (1_050, 1_000), // missing
        ];
        for (at, gap) in gaps {
            assert_eq!(missing.follow(&packet(at, 100)), gap, "{at}");
        }
        assert_eq!((missing.take(), missing.take()), (1_500, 0));
    }
}
