//! Detects renders by their pace: hosts report them late or never (VST3).

use std::time::{Duration, Instant};

/// Audio that runs ahead of the clock by this much is a render, whatever the host reports. In real time it is ahead by
/// a block or two, or by what a host renders in advance.
const RENDER_LEAD_S: f64 = 1.0;

/// Clocks drift: audio that is this much faster than the clock is still real time, for hours.
const DRIFT: f64 = 0.05;

/// A render is over when audio has come at the pace of the clock, or not at all, for this long. Slower audio may be
/// the render of a heavy project.
pub const RENDER_OVER: Duration = Duration::from_secs(3);

/// Without a reported position, a host that sends no block for this long has stopped, unless it renders.
const SHORT_PAUSE_S: f64 = 1.0;

/// How far the host's audio runs ahead of the clock. Copies and compares only.
#[derive(Debug)]
pub(super) struct Pace {
    seconds_a_frame: f64,
    /// How far the audio is ahead of the clock while no render is detected.
    lead_s: f64,
    last: Option<Instant>,
    /// Length of the newest block.
    block_s: f64,
    render: Option<Stretch>,
    /// Whether the running render began after the last [`cut`](Pace::cut).
    is_new: bool,
}

/// How long the host sent no block, not counting the duration of the previous one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pause {
    None,
    /// Over a second, outside of a render.
    Short,
    /// Over [`RENDER_OVER`].
    Long,
}

/// The latest part of a render, over which its pace is measured.
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

    /// Takes a block of `frames` frames. Returns the pause before it.
    pub(super) fn advance(&mut self, frames: usize, now: Instant) -> Pause {
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

    /// Ends a render that has slowed down to the pace of the clock.
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

    /// Separates what follows from what came before: a render has to be detected again.
    pub(super) fn cut(&mut self) {
        self.lead_s = 0.0;
        self.is_new = false;
    }

    /// Whether the host may be made to wait. Continues over a [`cut`](Self::cut), since the ring may be full.
    pub(super) fn is_rendering(&self) -> bool {
        self.render.is_some()
    }

    /// Whether a render is running that began after the last [`cut`](Self::cut).
    pub(super) fn is_new_render(&self) -> bool {
        self.render.is_some() && self.is_new
    }
}

#[cfg(test)]
mod tests;
