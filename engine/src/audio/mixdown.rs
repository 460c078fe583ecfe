//! Many channels to one.

/// The loudest mixdown that is passed on: 80 dB over full scale. A neighbour's broken plugin can
/// send finite samples so large that a filter behind the mixdown overflows.
pub(super) const LOUDEST: f32 = 1e4;

/// The mean of one frame's channels, within ±10 000; a sample that is not finite counts as 0, and
/// so does a frame of no channels. Allocates nothing: the audio thread calls this for every frame.
#[inline]
pub fn mix_frame(frame: impl IntoIterator<Item = f32>) -> f32 {
    let (mut sum, mut channels) = (0.0f32, 0u32);
    for sample in frame {
        // A single NaN in a resampler or a filter would stay there for good.
        sum += if sample.is_finite() { sample } else { 0.0 };
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
}
