//! Is the host rendering? Its word comes late or never (VST3), its pace tells.

use std::time::Instant;

/// A host is rendering, whatever it says, when its audio has run ahead of the clock by this much.
/// Real time never gets there: it is ahead by a block or two.
const RENDER_LEAD_S: f64 = 1.0;

/// How far the host's audio runs ahead of the clock.
#[derive(Debug)]
pub(super) struct Pace {
    seconds_a_frame: f64,
    lead_s: f64,
    last: Option<Instant>,
}

impl Pace {
    pub(super) fn new(sample_rate: f64) -> Self {
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

    pub(super) fn heard(&mut self, frames: usize, now: Instant) {
        let passed = self
            .last
            .map_or(0.0, |last| now.duration_since(last).as_secs_f64());
        self.last = Some(now);
        self.lead_s = (self.lead_s - passed).max(0.0) + frames as f64 * self.seconds_a_frame;
    }

    pub(super) fn is_rendering(&self) -> bool {
        self.lead_s > RENDER_LEAD_S
    }
}
