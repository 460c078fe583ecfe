//! Streaming resampling to the rate of a model, in any block sizes.

use audioadapter_buffers::direct::InterleavedSlice;
use rubato::{
    Async, Fft, FixedAsync, FixedSync, Resampler, SincInterpolationParameters,
    SincInterpolationType, WindowFunction,
};

use super::EngineError;
use super::{MAX_SAMPLE_RATE, MIN_SAMPLE_RATE};

/// The FFT resampler works in periods of both rates; where the common period is longer than this
/// (in input samples), its latency would be too long, and a sinc interpolator is used.
const LONGEST_PERIOD: u32 = 2_048;
/// Samples at a time, about. Rounded up to a period of any usual rate it has small prime factors, for which FFTs are
/// fast (512 became 2 · 27 · 19 at 48 kHz).
const CHUNK: usize = 480;
/// Above this rate chunks and filters get longer in proportion, so that the filter stays as steep in Hz.
const CHUNK_RATE: u32 = 192_000;

/// Resamples a stream of mono audio. The output does not depend on the block sizes, and starts
/// at the first input sample: the resampler's delay is removed.
///
/// Quality and delay: rubato's FFT resampler (BlackmanHarris2) where the rates share a short
/// period, as all usual rates do; else a 128-point sinc.
pub struct StreamResampler {
    stage: Option<Stage>,
}

struct Stage {
    inner: Box<dyn Resampler<f32>>,
    input: Vec<f32>,
    output: Vec<f32>,
    delay_left: usize,
    delay: usize,
    pushed: u64,
    emitted: u64,
    ratio: f64,
}

impl StreamResampler {
    /// From `from` Hz (8 000 to 768 000) to `to` Hz. Equal rates pass through unchanged. Allocates.
    ///
    /// # Errors
    /// A rate out of range, or one that no resampler can be made for.
    pub fn new(from: u32, to: u32) -> Result<Self, EngineError> {
        if !(MIN_SAMPLE_RATE..=MAX_SAMPLE_RATE).contains(&from) {
            return Err(EngineError::SampleRate(from));
        }
        if from == to {
            return Ok(Self { stage: None });
        }
        let inner = make(from, to).map_err(|reason| EngineError::Resampler {
            from,
            to,
            reason: reason.to_string(),
        })?;
        let delay = inner.output_delay();
        Ok(Self {
            stage: Some(Stage {
                input: Vec::with_capacity(inner.input_frames_max()),
                output: vec![0.0; inner.output_frames_max()],
                delay_left: delay,
                delay,
                pushed: 0,
                emitted: 0,
                ratio: f64::from(to) / f64::from(from),
                inner,
            }),
        })
    }

    /// Takes `samples` and passes resampled audio to `sink` as it becomes ready. Allocates nothing.
    pub fn push(&mut self, samples: &[f32], sink: &mut dyn FnMut(&[f32])) {
        match &mut self.stage {
            None if samples.is_empty() => {}
            None => sink(samples),
            Some(stage) => stage.push(samples, u64::MAX, sink),
        }
    }

    /// Samples that must still be pushed before `outputs` more can come out: never too many, and exact where
    /// the FFT resampler works.
    pub fn input_until(&self, outputs: usize) -> usize {
        self.stage
            .as_ref()
            .map_or(outputs, |stage| stage.input_until(outputs))
    }

    /// Ends the stream: passes on the delayed samples, so that the output is as long as the
    /// input (in seconds, to the sample). Call [`reset`](Self::reset) before the next stream.
    pub fn finish(&mut self, sink: &mut dyn FnMut(&[f32])) {
        let Some(stage) = &mut self.stage else { return };
        let length = (stage.pushed as f64 * stage.ratio).ceil() as u64;
        let silence = [0.0; CHUNK];
        while stage.emitted < length {
            stage.push(&silence, length, sink);
        }
    }

    /// Returns to the initial state. Allocates nothing.
    pub fn reset(&mut self) {
        if let Some(stage) = &mut self.stage {
            stage.inner.reset();
            stage.input.clear();
            (stage.delay_left, stage.pushed, stage.emitted) = (stage.delay, 0, 0);
        }
    }

    /// The longest time in seconds that a sample waits inside before it is handed on.
    pub fn latency_s(&self, from: u32) -> f64 {
        self.stage.as_ref().map_or(0.0, |stage| {
            let waiting = stage.inner.input_frames_max() as f64;
            (waiting + stage.delay as f64 / stage.ratio) / f64::from(from)
        })
    }
}

fn make(from: u32, to: u32) -> Result<Box<dyn Resampler<f32>>, rubato::ResamplerConstructionError> {
    let times = from.div_ceil(CHUNK_RATE) as usize;
    let period = from / greatest_common_divisor(from, to);
    if period <= LONGEST_PERIOD {
        let inner = Fft::new(
            from as usize,
            to as usize,
            times * CHUNK,
            1,
            FixedSync::Both,
        )?;
        return Ok(Box::new(inner));
    }
    let parameters = SincInterpolationParameters {
        sinc_len: times * 128,
        f_cutoff: None,
        oversampling_factor: 256,
        interpolation: SincInterpolationType::Quadratic,
        window: WindowFunction::BlackmanHarris2,
    };
    let ratio = f64::from(to) / f64::from(from);
    Ok(Box::new(Async::new_sinc(
        ratio,
        1.0,
        &parameters,
        times * CHUNK,
        1,
        FixedAsync::Input,
    )?))
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 {
        a
    } else {
        greatest_common_divisor(b, a % b)
    }
}

impl Stage {
    fn input_until(&self, outputs: usize) -> usize {
        // All input chunks have one length; output chunks of the sinc interpolator differ by a sample.
        let chunks = (outputs + self.delay_left).div_ceil(self.output.len());
        (chunks * self.inner.input_frames_next()).saturating_sub(self.input.len())
    }

    fn push(&mut self, mut samples: &[f32], limit: u64, sink: &mut dyn FnMut(&[f32])) {
        self.pushed += samples.len() as u64;
        loop {
            let wanted = self.inner.input_frames_next() - self.input.len();
            let (now, rest) = samples.split_at(wanted.min(samples.len()));
            self.input.extend_from_slice(now);
            samples = rest;
            if now.len() < wanted {
                return;
            }
            let frames = self.resample_input();
            let skipped = frames.min(self.delay_left);
            self.delay_left -= skipped;
            let kept = (frames - skipped).min((limit - self.emitted) as usize);
            self.emitted += kept as u64;
            if kept > 0 {
                sink(&self.output[skipped..skipped + kept]);
            }
        }
    }

    /// Resamples one full chunk; returns the number of frames in `output`. The buffers have the sizes that the
    /// resampler asked for, so it cannot fail; should it, the chunk becomes silence.
    fn resample_input(&mut self) -> usize {
        let room = self.output.len();
        let frames = self.inner.output_frames_next();
        let done = InterleavedSlice::new(&self.input, 1, self.input.len())
            .ok()
            .and_then(|input| {
                let mut output = InterleavedSlice::new_mut(&mut self.output, 1, room).ok()?;
                self.inner
                    .process_into_buffer(&input, &mut output, None)
                    .ok()
            });
        self.input.clear();
        done.map_or_else(
            || {
                self.output[..frames].fill(0.0);
                frames
            },
            |(_, written)| written,
        )
    }
}

#[cfg(test)]
mod tests {
    use std::f32::consts::TAU;

    use proptest::prelude::*;

    use super::*;

    fn sine(rate: u32, hz: f32, seconds: f32) -> Vec<f32> {
        let samples = (rate as f32 * seconds) as usize;
        (0..samples)
            .map(|i| 0.5 * (TAU * hz * i as f32 / rate as f32).sin())
            .collect()
    }

    fn resample(from: u32, to: u32, blocks: &[&[f32]]) -> Vec<f32> {
        let mut resampler = StreamResampler::new(from, to).unwrap();
        let mut out = Vec::new();
        for block in blocks {
            resampler.push(block, &mut |piece| out.extend_from_slice(piece));
        }
        resampler.finish(&mut |piece| out.extend_from_slice(piece));
        out
    }

    #[test]
    fn a_tone_stays_where_it_was_at_every_rate() {
        for from in [
            8_000, 11_025, 16_000, 22_050, 32_000, 44_099, 44_100, 48_000, 96_000, 192_000,
            250_000, 384_000, 499_999, 768_000,
        ] {
            let input = sine(from, 440.0, 0.7);
            let output = resample(from, 32_000, &[&input]);
            let expected = sine(32_000, 440.0, 0.7);
            assert!(
                output.len().abs_diff(expected.len()) <= 1,
                "{from}: {}",
                output.len()
            );
            let middle = 3_000..19_000; // the ends ring: a tone that starts at once has no band
            let error = output[middle.clone()]
                .iter()
                .zip(&expected[middle])
                .fold(0f32, |worst, (a, b)| worst.max((a - b).abs()));
            // The filters' delays are no whole numbers of samples: less than one sample (31 µs)
            // of shift remains.
            let allowed = 0.5 * TAU * 440.0 / 32_000.0;
            assert!(error < allowed, "{from} Hz: off by {error}");
        }
    }

    #[test]
    fn rates_out_of_range_are_refused() {
        for rate in [0, 7_999, 768_001, u32::MAX] {
            assert!(matches!(
                StreamResampler::new(rate, 32_000),
                Err(EngineError::SampleRate(r)) if r == rate
            ));
        }
    }

    #[test]
    fn a_reset_returns_to_the_initial_state() {
        let input = sine(44_100, 1_000.0, 0.3);
        let mut resampler = StreamResampler::new(44_100, 32_000).unwrap();
        let mut first = Vec::new();
        resampler.push(&input, &mut |piece| first.extend_from_slice(piece));
        resampler.reset();
        let mut second = Vec::new();
        resampler.push(&input, &mut |piece| second.extend_from_slice(piece));
        assert_eq!(first, second);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn block_sizes_do_not_change_the_output(
            from in prop::sample::select(vec![8_000u32, 44_100, 47_999, 48_000, 192_000]),
            cuts in prop::collection::vec(1usize..3_000, 1..40),
        ) {
            let input = sine(from, 700.0, 0.25);
            let whole = resample(from, 32_000, &[&input]);
            let (mut blocks, mut rest) = (Vec::new(), &input[..]);
            for cut in cuts.iter().cycle() {
                let (block, after) = rest.split_at((*cut).min(rest.len()));
                blocks.push(block);
                rest = after;
                if rest.is_empty() { break; }
            }
            prop_assert_eq!(whole, resample(from, 32_000, &blocks));
        }
    }
}
