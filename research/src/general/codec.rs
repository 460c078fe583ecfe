//! Lossy transmission: a telephone's eight bits, and coarse spectra.

use std::f32::consts::PI;
use std::sync::{Arc, OnceLock};

use rand::Rng;
use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

/// Frames of the spectra; they overlap by half.
const FRAME: usize = 1024;
const HOP: usize = FRAME / 2;
/// The compression of G.711's µ-law.
const MU: f32 = 255.0;
/// Steps of the compressed amplitude to either side: 8 bits.
const STEPS: f32 = 127.0;
/// Bands in which a spectrum is coded, each this much wider than the last (about Bark's).
const WIDENING: f32 = 1.25;

/// Changes samples (at `rate` Hz, full scale 1) as one of two kinds of lossy coding would, each
/// time with other settings:
///
/// - a telephone or an old game: a half, a third or a quarter of the rate, µ-law in 8 bits (ITU-T
///   G.711);
/// - a transform codec at a low bit rate: highs gone, and each band of the spectrum in steps near
///   its own level, so that what is under half a step vanishes and what is left warbles.
pub fn degrade(samples: &mut [f32], rate: u32, random: &mut impl Rng) {
    if random.random_bool(0.4) {
        telephone(samples, random.random_range(2..=4));
    } else {
        let highest = 4_000.0 * 2f32.powf(random.random_range(0.0..=2.0f32));
        let coarseness = 2f32.powf(random.random_range(-1.0..=1.0f32));
        let bins = (highest / rate as f32 * FRAME as f32) as usize;
        transform_code(samples, bins, coarseness);
    }
}

/// Every `factor`-th sample in 8 bits of µ-law, and back to the rate.
fn telephone(samples: &mut [f32], factor: usize) {
    let bins = FRAME / 2 / factor;
    by_spectra(samples, &|spectrum| silence_from(spectrum, bins));
    let scale = factor as f32; // the samples between are zeros until they are filtered
    for (index, sample) in samples.iter_mut().enumerate() {
        *sample = match index % factor {
            0 => scale * mu_law(*sample),
            _ => 0.0,
        };
    }
    by_spectra(samples, &|spectrum| silence_from(spectrum, bins));
}

/// To 8 bits and back: steps are fine near zero and coarse near full scale.
fn mu_law(sample: f32) -> f32 {
    let size = (1.0 + MU * sample.abs().min(1.0)).ln() / (1.0 + MU).ln();
    let size = (STEPS * size).round() / STEPS;
    ((1.0 + MU).powf(size) - 1.0) / MU * sample.signum()
}

/// The spectrum in steps of `coarseness` times each band's level, without what is above `bins`.
fn transform_code(samples: &mut [f32], bins: usize, coarseness: f32) {
    by_spectra(samples, &|spectrum| {
        silence_from(spectrum, bins);
        let (mut from, mut width) = (0, 4.0f32);
        while from < bins.min(spectrum.len()) {
            let to = (from + width as usize).min(spectrum.len());
            let band = &mut spectrum[from..to];
            let power: f32 = band.iter().map(|bin| bin.norm_sqr()).sum();
            let step = coarseness * (power / band.len() as f32).sqrt();
            if step > 0.0 {
                for bin in band {
                    let rounded = |x: f32| (x / step).round() * step;
                    *bin = Complex::new(rounded(bin.re), rounded(bin.im));
                }
            }
            (from, width) = (to, width * WIDENING);
        }
    });
}

fn silence_from(spectrum: &mut [Complex<f32>], bin: usize) {
    let bin = bin.min(spectrum.len());
    spectrum[bin..].fill(Complex::default());
}

/// Forward and back.
type Transforms = (Arc<dyn RealToComplex<f32>>, Arc<dyn ComplexToReal<f32>>);

/// Both directions of the transform, planned once.
fn transforms() -> &'static Transforms {
    static PLANS: OnceLock<Transforms> = OnceLock::new();
    PLANS.get_or_init(|| {
        let mut planner = RealFftPlanner::new();
        (
            planner.plan_fft_forward(FRAME),
            planner.plan_fft_inverse(FRAME),
        )
    })
}

/// Changes the spectra of overlapping frames and adds up what they make; sine windows before and
/// after, with squares that add up to one.
fn by_spectra(samples: &mut [f32], change: &dyn Fn(&mut [Complex<f32>])) {
    let (forward, inverse) = transforms();
    let window: Vec<f32> = (0..FRAME)
        .map(|i| (PI * (i as f32 + 0.5) / FRAME as f32).sin())
        .collect();
    let mut padded = vec![0.0; HOP];
    padded.extend_from_slice(samples);
    padded.resize(padded.len().next_multiple_of(HOP) + HOP, 0.0);
    let mut summed = vec![0.0; padded.len()];
    let (mut frame, mut spectrum) = (forward.make_input_vec(), forward.make_output_vec());
    for start in (0..=padded.len() - FRAME).step_by(HOP) {
        for (i, value) in frame.iter_mut().enumerate() {
            *value = padded[start + i] * window[i];
        }
        // Lengths are those that were planned, and the ends of a spectrum stay real.
        let done = forward.process(&mut frame, &mut spectrum);
        change(&mut spectrum);
        spectrum[0].im = 0.0;
        spectrum[FRAME / 2].im = 0.0;
        let done = done.and_then(|()| inverse.process(&mut spectrum, &mut frame));
        debug_assert!(done.is_ok(), "{done:?}");
        for (i, value) in frame.iter().enumerate() {
            summed[start + i] += value * window[i] / FRAME as f32;
        }
    }
    samples.copy_from_slice(&summed[HOP..HOP + samples.len()]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use hamiltone_training::random::{normal, stream};

    const RATE: u32 = 32_000;

    fn tone(hz: f32, level: f32) -> Vec<f32> {
        let step = 2.0 * PI * hz / RATE as f32;
        (0..20_001)
            .map(|i| level * (i as f32 * step).sin())
            .collect()
    }

    fn level(samples: &[f32]) -> f32 {
        (samples.iter().map(|s| s * s).sum::<f32>() / samples.len() as f32).sqrt()
    }

    fn off(a: &[f32], b: &[f32]) -> f32 {
        let differences: Vec<f32> = a.iter().zip(b).map(|(a, b)| a - b).collect();
        level(&differences)
    }

    #[test]
    fn spectra_that_stay_give_the_samples_back() {
        for length in [1, 511, 512, 1024, 5_000] {
            let mut random = stream(length, &[]);
            let before: Vec<f32> = (0..length).map(|_| normal(&mut random)).collect();
            let mut after = before.clone();
            by_spectra(&mut after, &|_| {});
            assert!(off(&before, &after) < 1e-5, "{length}");
        }
    }

    #[test]
    fn a_telephone_keeps_lows_roughly_and_highs_not_at_all() {
        let before = tone(700.0, 0.3);
        let mut after = before.clone();
        telephone(&mut after, 4);
        let error = off(&before, &after) / level(&before);
        assert!((0.001..0.05).contains(&error), "{error}"); // G.711: some 38 dB
        let mut high = tone(6_000.0, 0.3);
        telephone(&mut high, 4);
        assert!(level(&high) < 0.003, "{}", level(&high));
    }

    #[test]
    fn mu_law_is_fine_near_zero() {
        let error = |x: f32| (mu_law(x) - x).abs();
        assert!(error(0.003) < 2e-4 && error(0.9) < 0.02);
        assert_eq!((mu_law(0.0), mu_law(1.0)), (0.0, 1.0));
        assert!((mu_law(7.0) - 1.0).abs() < 1e-6 && (mu_law(-7.0) + 1.0).abs() < 1e-6);
    }

    #[test]
    fn coarser_steps_do_more_harm_and_quiet_partials_vanish() {
        let loud = tone(1_000.0, 0.5);
        let mut random = stream(1, &[]);
        let before: Vec<f32> = loud
            .iter()
            .map(|s| s + 0.01 * normal(&mut random))
            .collect();
        let harm = |coarseness: f32| {
            let mut after = before.clone();
            transform_code(&mut after, 400, coarseness);
            off(&before, &after)
        };
        assert!(harm(2.0) > harm(0.5) && harm(0.5) > 0.0);
        let mut high = tone(14_000.0, 0.3);
        transform_code(&mut high, 400, 0.5); // up to 12.5 kHz
        assert!(level(&high) < 0.003);
    }

    #[test]
    fn any_sound_stays_finite_and_about_as_loud() {
        for seed in 0..40 {
            let mut random = stream(seed, &[]);
            let mut samples: Vec<f32> = tone(440.0, 0.4);
            let before = level(&samples);
            degrade(&mut samples, RATE, &mut random);
            let after = level(&samples);
            assert!((0.3..2.0).contains(&(after / before)), "{seed}: {after}");
        }
        let mut silence = vec![0.0; 3_000];
        degrade(&mut silence, RATE, &mut stream(1, &[]));
        assert_eq!(silence, vec![0.0; 3_000]);
    }
}
