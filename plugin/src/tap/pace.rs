//! Is the host rendering? Its word comes late or never (VST3), its pace tells.

use std::time::{Duration, Instant};

/// A host is rendering, whatever it says, when its audio has run ahead of the clock by this much.
/// Real time is ahead by a block or two, or by what a host renders ahead of what is heard.
const RENDER_LEAD_S: f64 = 1.0;

/// Clocks drift: audio that is this much faster than the clock is still real time, for hours.
const DRIFT: f64 = 0.05;

/// A render is over when the audio kept the clock's pace for so long, or nothing came at all. What is
/// slower than the clock may be a render of a heavy project.
const RENDER_OVER: Duration = Duration::from_secs(3);

/// How far the host's audio runs ahead of the clock. Copies and compares only.
#[derive(Debug)]
pub(super) struct Pace {
    seconds_a_frame: f64,
    /// While no render runs.
    lead_s: f64,
    last: Option<Instant>,
    render: Option<Stretch>,
}

/// The newest stretch of a render.
#[derive(Debug)]
struct Stretch {
    begun: Instant,
    audio_s: f64,
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
            render: None,
        }
    }

    pub(super) fn heard(&mut self, frames: usize, now: Instant) {
        let audio_s = frames as f64 * self.seconds_a_frame;
        let passed = self
            .last
            .map_or(Duration::ZERO, |last| now.duration_since(last));
        self.last = Some(now);
        if passed > RENDER_OVER {
            self.render = None;
        }
        match &mut self.render {
            None => {
                let drained_s = (1.0 + DRIFT) * passed.as_secs_f64();
                self.lead_s = (self.lead_s - drained_s).max(0.0) + audio_s;
                if self.lead_s > RENDER_LEAD_S {
                    self.lead_s = 0.0;
                    self.render = Some(Stretch {
                        begun: now,
                        audio_s: 0.0,
                    });
                }
            }
            Some(stretch) => {
                stretch.audio_s += audio_s;
                let clock = now.duration_since(stretch.begun);
                if clock >= RENDER_OVER {
                    let pace = stretch.audio_s / clock.as_secs_f64();
                    let is_live = (pace - 1.0).abs() <= DRIFT;
                    self.render = (!is_live).then_some(Stretch {
                        begun: now,
                        audio_s: 0.0,
                    });
                }
            }
        }
    }

    pub(super) fn is_rendering(&self) -> bool {
        self.render.is_some()
    }
}

#[cfg(test)]
mod tests;
