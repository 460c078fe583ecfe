//! Mixdown of stereo whose channels cancel or of which one is silent.

use super::mixdown::{LOUDEST, mix_frame};

/// Frames after which powers are compared. Their sums are what the loop over frames has to do where nothing is switched.
const STEP: u32 = 16;
/// Averaging time of powers, in seconds.
const AVERAGE_S: f32 = 0.1;
/// Time for which the channels have to cancel each other, or one has to be silent, before the output is no longer
/// the mean.
const HOLD_S: f32 = 0.05;
/// Length of the crossfade.
const RAMP_S: f32 = 0.01;
/// Below this power (−90 dB of full scale) the output does not switch.
const SILENCE: f32 = 1e-9;
/// The power of the mean, in parts of the louder channel's, below which they cancel each other, and
/// below which they still do: -30 and -20 dB. A wide stereo recording stays above -15 dB.
const CANCELS: (f32, f32) = (1e-3, 1e-2);
/// The same for a channel that is silent: -60 and -50 dB.
const ONE_SIDED: (f32, f32) = (1e-6, 1e-5);
/// Channels that cancel each other are about as loud: within 10 dB.
const ALIKE: f32 = 0.1;

/// The signal that the output follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Reading {
    #[default]
    Mean,
    /// The left channel, since the right one is its inverse.
    Opposite,
    Left,
    Right,
}

/// Frames for which the output was not the mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// The first such frame, counted from the beginning.
    pub first: u64,
    /// Their number.
    pub frames: u64,
}

/// A mixdown of two channels that keeps what their mean would lose: where left and right cancel each
/// other, it reads the left channel; where one is silent, the other at its full level. Everywhere else
/// it is [`mix_frame`] to the bit. It looks at the past only, so a track that plays live and the same
/// audio from a file give the same samples. Allocates nothing.
#[derive(Debug, Clone)]
pub struct StereoMixdown {
    /// The weight of a step in an average.
    average: f32,
    hold: u32,
    ramp: f32,
    left: f32,
    right: f32,
    mean: f32,
    /// Sums of squares of left, right and mean in this step, and its frames.
    sums: [f32; 3],
    summed: u32,
    reading: Reading,
    held: u32,
    weights: [f32; 2],
    frames: u64,
    opposite: Span,
    one_sided: Span,
}

impl StereoMixdown {
    /// For a sample rate in Hz.
    pub fn new(rate: f32) -> Self {
        Self {
            average: 1.0 / (AVERAGE_S * rate / STEP as f32).max(1.0),
            hold: (HOLD_S * rate) as u32,
            ramp: 1.0 / (RAMP_S * rate).max(1.0),
            left: 0.0,
            right: 0.0,
            mean: 0.0,
            sums: [0.0; 3],
            summed: 0,
            reading: Reading::Mean,
            held: 0,
            weights: [0.5; 2],
            frames: 0,
            opposite: Span::default(),
            one_sided: Span::default(),
        }
    }

    /// Returns to the initial state, for another recording.
    pub fn reset(&mut self) {
        (self.left, self.right, self.mean) = (0.0, 0.0, 0.0);
        (self.sums, self.summed) = ([0.0; 3], 0);
        (self.reading, self.held, self.weights) = (Reading::Mean, 0, [0.5; 2]);
        (self.frames, self.opposite, self.one_sided) = (0, Span::default(), Span::default());
    }

    /// One sample of one frame, within ±10 000 and finite.
    #[inline]
    pub fn frame(&mut self, left: f32, right: f32) -> f32 {
        let sound = |sample: f32| match sample.is_finite() {
            true => sample.clamp(-LOUDEST, LOUDEST),
            false => 0.0,
        };
        let mixed = mix_frame([left, right]);
        let (left, right) = (sound(left), sound(right));
        for (sum, sample) in self.sums.iter_mut().zip([left, right, mixed]) {
            *sum += sample * sample;
        }
        self.summed += 1;
        if self.summed == STEP {
            self.decide();
        }
        self.count();
        let wanted = match self.reading {
            Reading::Mean => [0.5, 0.5],
            Reading::Opposite | Reading::Left => [1.0, 0.0],
            Reading::Right => [0.0, 1.0],
        };
        if self.weights == wanted && self.reading == Reading::Mean {
            return mixed;
        }
        for (weight, wanted) in self.weights.iter_mut().zip(wanted) {
            *weight += (wanted - *weight).clamp(-self.ramp, self.ramp);
        }
        self.weights[0] * left + self.weights[1] * right
    }

    /// Where the channels cancelled each other; `None` where they never did.
    pub fn opposite(&self) -> Option<Span> {
        Some(self.opposite).filter(|span| span.frames > 0)
    }

    /// Where one channel was silent; `None` where none was.
    pub fn one_sided(&self) -> Option<Span> {
        Some(self.one_sided).filter(|span| span.frames > 0)
    }

    /// Ends a step.
    fn decide(&mut self) {
        let powers = self.sums.map(|sum| sum / STEP as f32);
        (self.sums, self.summed) = ([0.0; 3], 0);
        let averages = [&mut self.left, &mut self.right, &mut self.mean];
        for (average, power) in averages.into_iter().zip(powers) {
            *average += (power - *average) * self.average;
        }
        let louder = self.left.max(self.right);
        if louder >= SILENCE {
            let wanted = self.wanted(louder);
            // Back to the mean at once, so that nothing in the other channel is lost.
            self.held = if wanted == self.reading {
                0
            } else {
                self.held + STEP
            };
            if wanted == Reading::Mean || self.held + STEP > self.hold {
                (self.reading, self.held) = (wanted, 0);
            }
        }
    }

    /// Counts a frame.
    #[inline]
    fn count(&mut self) {
        self.frames += 1;
        let span = match self.reading {
            Reading::Mean => return,
            Reading::Opposite => &mut self.opposite,
            Reading::Left | Reading::Right => &mut self.one_sided,
        };
        if span.frames == 0 {
            span.first = self.frames - 1;
        }
        span.frames += 1;
    }

    fn wanted(&self, louder: f32) -> Reading {
        let below = |power: f32, (enter, leave): (f32, f32), reading: Reading| {
            power
                < louder
                    * if self.reading == reading {
                        leave
                    } else {
                        enter
                    }
        };
        if below(self.right, ONE_SIDED, Reading::Left) {
            Reading::Left
        } else if below(self.left, ONE_SIDED, Reading::Right) {
            Reading::Right
        } else if below(self.mean, CANCELS, Reading::Opposite)
            && self.left.min(self.right) > ALIKE * louder
        {
            Reading::Opposite
        } else {
            Reading::Mean
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: f32 = 16_000.0;

    fn tone(frame: usize) -> f32 {
        (frame as f32 * 0.17).sin() * 0.5
    }

    fn mixed(mixdown: &mut StereoMixdown, right: impl Fn(usize) -> f32) -> Vec<f32> {
        let frames = 0..RATE as usize;
        frames.map(|n| mixdown.frame(tone(n), right(n))).collect()
    }

    #[test]
    fn ordinary_stereo_is_the_mean_to_the_bit() {
        let wide = |n: usize| -0.7 * tone(n) + 0.2 * (n as f32 * 0.31).sin();
        let mut mixdown = StereoMixdown::new(RATE);
        for (n, sample) in mixed(&mut mixdown, wide).into_iter().enumerate() {
            assert_eq!(sample, mix_frame([tone(n), wide(n)]), "frame {n}");
        }
        assert_eq!((mixdown.opposite(), mixdown.one_sided()), (None, None));
    }

    #[test]
    fn opposite_channels_give_the_left_one() {
        let mut mixdown = StereoMixdown::new(RATE);
        let out = mixed(&mut mixdown, |n| -tone(n));
        assert!((1_000..16_000).all(|n| out[n] == tone(n)));
        let span = mixdown.opposite().unwrap();
        assert!(span.first <= 801 && span.first + span.frames == 16_000);
        // In phase again: the mean within a moment.
        let out = mixed(&mut mixdown, tone);
        assert!((500..16_000).all(|n| out[n] == tone(n)));
    }

    #[test]
    fn a_silent_channel_costs_no_level() {
        let mut mixdown = StereoMixdown::new(RATE);
        let out = mixed(&mut mixdown, |_| 0.0);
        assert!((1_000..16_000).all(|n| out[n] == tone(n)));
        assert!(mixdown.one_sided().is_some());
        // Both play: the mean.
        let out = mixed(&mut mixdown, |n| 0.5 * tone(n));
        assert!((500..16_000).all(|n| out[n] == mix_frame([tone(n), 0.5 * tone(n)])));
    }

    #[test]
    fn silence_and_samples_that_are_not_finite_switch_nothing() {
        let mut mixdown = StereoMixdown::new(RATE);
        for _ in 0..16_000 {
            assert_eq!(mixdown.frame(f32::NAN, f32::INFINITY), 0.0);
        }
        assert_eq!(mixdown.frame(f32::MAX, -f32::MAX), 0.0);
        assert_eq!((mixdown.opposite(), mixdown.one_sided()), (None, None));
    }
}
