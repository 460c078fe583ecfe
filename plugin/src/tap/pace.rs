//! Is the host rendering? Its word comes late or never (VST3), its pace tells.

use std::time::{Duration, Instant};

/// A host is rendering, whatever it says, when its audio has run ahead of the clock by this much.
/// Real time is ahead by a block or two, or by what a host renders ahead of what is heard.
const RENDER_LEAD_S: f64 = 1.0;

/// Clocks drift: audio that is this much faster than the clock is still real time, for hours.
const DRIFT: f64 = 0.05;

/// A render is over when the audio kept the clock's pace for so long, or nothing came at all. What is
/// slower than the clock may be a render of a heavy project.
pub const RENDER_OVER: Duration = Duration::from_secs(3);

/// A host that does not say where it is has stopped when no block came for so long, unless it renders.
const SHORT_PAUSE_S: f64 = 1.0;

/// How far the host's audio runs ahead of the clock. Copies and compares only.
#[derive(Debug)]
pub(super) struct Pace {
    seconds_a_frame: f64,
    /// While it is to be found out whether a render runs.
    lead_s: f64,
    last: Option<Instant>,
    /// Length of the newest block.
    block_s: f64,
    render: Option<Stretch>,
    /// The render that runs has begun after the last [`cut`](Pace::cut).
    is_new: bool,
}

/// How long the host sent no block, beyond the time that the last one took to play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pause {
    None,
    /// Over a second, outside of a render.
    Short,
    /// Over [`RENDER_OVER`].
    Long,
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
            block_s: 0.0,
            render: None,
            is_new: false,
        }
    }

    /// A block of `frames` frames came. Returns the pause before it.
    pub(super) fn heard(&mut self, frames: usize, now: Instant) -> Pause {
        let audio_s = frames as f64 * self.seconds_a_frame;
        let passed_s = self
            .last
            .map_or(0.0, |last| now.duration_since(last).as_secs_f64());
        let late_s = passed_s - self.block_s;
        (self.last, self.block_s) = (Some(now), audio_s);
        let pause = if passed_s > RENDER_OVER.as_secs_f64() && late_s > SHORT_PAUSE_S {
            self.render = None;
            Pause::Long
        } else if late_s > SHORT_PAUSE_S && self.render.is_none() {
            Pause::Short
        } else {
            Pause::None
        };
        self.follow_render(audio_s, now);
        if self.render.is_none() || !self.is_new {
            let drained_s = (1.0 + DRIFT) * passed_s;
            self.lead_s = (self.lead_s - drained_s).max(0.0) + audio_s;
            if self.lead_s > RENDER_LEAD_S {
                self.lead_s = 0.0;
                self.is_new = true;
                self.render = Some(Stretch {
                    begun: now,
                    audio_s: 0.0,
                });
            }
        }
        pause
    }

    /// A render that comes to the clock's pace is over.
    fn follow_render(&mut self, audio_s: f64, now: Instant) {
        let Some(stretch) = &mut self.render else {
            return;
        };
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

    /// What follows has nothing to do with what came before: a render has yet to show.
    pub(super) fn cut(&mut self) {
        self.lead_s = 0.0;
        self.is_new = false;
    }

    /// Whether the host may be made to wait. Goes on over a [`cut`](Self::cut): the ring may be full.
    pub(super) fn is_rendering(&self) -> bool {
        self.render.is_some()
    }

    /// Whether a render runs that began after the last [`cut`](Self::cut).
    pub(super) fn is_new_render(&self) -> bool {
        self.render.is_some() && self.is_new
    }
}

#[cfg(test)]
mod tests;
