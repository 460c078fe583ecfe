//! Mixdown of any number of channels to one.

/// The limit of the mixdown: 80 dB over full scale. A broken plugin can send finite samples so large that a filter
/// behind the mixdown overflows.
pub(crate) const LOUDEST: f32 = 1e4;

/// Samples nearer to 0 than this (−300 dB) count as silence. Subnormal numbers, which a processor adds and
/// divides many times slower than others, then never reach the arithmetic here or behind it, where filters
/// make samples smaller still.
const QUIETEST: f32 = 1e-15;

/// The mean of one frame's channels, within ±10 000; a sample that is not finite or is below −300 dB counts as 0,
/// and so does a frame of no channels. Allocates nothing: the audio thread calls this for every frame.
#[inline]
pub fn mix_frame(frame: impl IntoIterator<Item = f32>) -> f32 {
    let (mut sum, mut channels) = (0.0f32, 0u32);
    for sample in frame {
        // A single NaN would stay in the state of a resampler or filter forever.
        let counts = (QUIETEST..=f32::MAX).contains(&sample.abs());
        sum += if counts { sample } else { 0.0 };
        channels += 1;
    }
    let mean = sum / channels.max(1) as f32;
    // Several huge samples can overflow the sum; that too is held to the loudest.
    if mean.is_nan() {
        0.0
    } else {
        mean.clamp(-LOUDEST, LOUDEST)
    }
}

/// Appends the mixdown of planar audio to `mono`: one sample a frame, as many frames as the
/// shortest channel has. Allocates only where `mono` has to grow.
pub fn mix_down(channels: &[&[f32]], mono: &mut Vec<f32>) {
    let frames = channels
        .iter()
        .map(|channel| channel.len())
        .min()
        .unwrap_or(0);
    mono.extend((0..frames).map(|frame| mix_frame(channels.iter().map(|channel| channel[frame]))));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_of_the_channels() {
        let mut mono = vec![9.0];
        mix_down(&[&[1.0, 2.0, 3.0], &[3.0, 4.0]], &mut mono);
        assert_eq!(mono, [9.0, 2.0, 3.0]);
    }

    #[test]
    fn what_is_not_finite_is_silence() {
        assert_eq!(mix_frame([f32::NAN, 1.0]), 0.5);
        assert_eq!(mix_frame([f32::INFINITY, f32::NEG_INFINITY]), 0.0);
        assert_eq!(mix_frame([f32::MAX, f32::MAX]), LOUDEST);
        assert_eq!(mix_frame([-f32::MAX]), -LOUDEST);
        assert_eq!(mix_frame([]), 0.0);
    }

    #[test]
    fn subnormal_numbers_neither_go_in_nor_come_out() {
        let smallest = f32::from_bits(1);
        assert_eq!(mix_frame([smallest, -smallest, f32::MIN_POSITIVE]), 0.0);
        assert_eq!(mix_frame([smallest, 1.0]), 0.5);
        // Of all sizes and signs, also where two channels nearly cancel.
        for exponent in 0..255u32 {
            for (mantissa, other) in [(0, 1), (0x7f_ffff, 0x7f_fffe), (0x40_0000, 0x3f_ffff)] {
                let [a, b] = [mantissa, other].map(|m| f32::from_bits(exponent << 23 | m));
                for mean in [mix_frame([a]), mix_frame([a, b]), mix_frame([a, -b])] {
                    assert!(!mean.is_subnormal(), "{a:e}, {b:e}: {mean:e}");
                }
            }
        }
    }
}
