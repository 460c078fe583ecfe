//! Simple likenesses of things: engines, bells, wind, water, steps.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::synthesis::*;
use super::tones::{harmonic, siren};

/// An insect, a razor, a transformer.
pub(super) fn buzz(random: &mut ChaCha8Rng) -> Vec<f32> {
    let (hz, wobble) = (pitch(random, 80.0, 600.0), random.random_range(0.0..0.1f32));
    let slow = random.random_range(0.3..6.0f32);
    let mut samples = tone(|time| hz * (1.0 + wobble * sine_wave(slow * time)), saw);
    add(&mut samples, &white(random), 0.1);
    let depth = random.random_range(0.0..0.8f32);
    multiply(&mut samples, |time| {
        1.0 - depth * (0.5 + 0.5 * sine_wave(0.7 * slow * time))
    });
    resonate(&mut samples, 4.0 * hz, 1.0);
    samples
}

pub(super) fn bell(random: &mut ChaCha8Rng) -> Vec<f32> {
    let (hz, decay) = (pitch(random, 150.0, 3_000.0), pitch(random, 0.15, 3.0));
    // Partials of a church bell: hum, prime, tierce, quint, nominal and above.
    let partials = [0.5, 1.0, 1.19, 1.5, 2.0, 2.74, 3.76, 5.1];
    let shares: Vec<f32> = partials.iter().map(|_| random.random()).collect();
    let strike = |since: f32| -> f32 {
        let parts = partials.iter().zip(&shares);
        parts
            .map(|(n, share)| share * (-since * n / decay).exp() * sine_wave(n * hz * since))
            .sum()
    };
    let period = pitch(random, 0.12, 3.0);
    events(&regular(random, period, 0.1), strike, 4.0)
}

pub(super) fn wind(random: &mut ChaCha8Rng) -> Vec<f32> {
    let mut samples = noise(random, 0.5);
    let slow: Vec<f32> = (0..3).map(|_| random.random_range(0.05..0.6f32)).collect();
    let gust = |time: f32| {
        slow.iter()
            .map(|hz| 0.5 + 0.5 * sine_wave(hz * time))
            .product::<f32>()
    };
    multiply(&mut samples, |time| 0.15 + gust(time));
    resonate(
        &mut samples,
        pitch(random, 150.0, 900.0),
        random.random_range(0.5..4.0),
    );
    samples
}

/// Drops, from a tap to a downpour, each a short chirp.
pub(super) fn drops(random: &mut ChaCha8Rng) -> Vec<f32> {
    let rate = pitch(random, 1.0, 200.0);
    let count = (rate * SECONDS as f32) as usize;
    let mut samples = vec![0.0; LENGTH];
    for _ in 0..count.max(2) {
        let (hz, gain) = (pitch(random, 600.0, 5_000.0), random.random::<f32>());
        let start = random.random_range(0..LENGTH);
        for (index, sample) in samples.iter_mut().skip(start).take(1_600).enumerate() {
            let since = index as f32 / RATE;
            *sample += gain * (-since * 90.0).exp() * sine_wave(hz * since * (1.0 + 6.0 * since));
        }
    }
    add(&mut samples, &white(random), 0.002 * rate.sqrt());
    samples
}

pub(super) fn engine(random: &mut ChaCha8Rng) -> Vec<f32> {
    let (idle, top) = (pitch(random, 12.0, 60.0), random.random_range(1.0..4.0f32));
    let period = random.random_range(2.0..8.0f32);
    let hz = |time: f32| idle * (1.0 + (top - 1.0) * (0.5 - 0.5 * sine_wave(time / period + 0.25)));
    let mut samples = tone(hz, |phase| (-12.0 * phase).exp() - 0.3 * phase);
    let mut rumble = noise(random, 1.0);
    resonate(&mut rumble, 90.0, 0.8);
    add(&mut samples, &rumble, random.random_range(0.05..0.4));
    resonate(&mut samples, pitch(random, 100.0, 600.0), 0.7);
    samples
}

/// A helicopter, a fan, a motor: noise beaten by a rotor.
pub(super) fn rotor(random: &mut ChaCha8Rng) -> Vec<f32> {
    let (hz, sharp) = (pitch(random, 5.0, 40.0), random.random_range(1.0..8.0f32));
    let mut samples = noise(random, 0.5);
    multiply(&mut samples, |time| {
        0.1 + (-sharp * (hz * time).fract()).exp()
    });
    resonate(&mut samples, pitch(random, 80.0, 500.0), 0.6);
    samples
}

/// A lorry, a ship, a train: a chord of reeds.
pub(super) fn horn(random: &mut ChaCha8Rng) -> Vec<f32> {
    let root = pitch(random, 70.0, 450.0);
    let mut samples = vec![0.0; LENGTH];
    for ratio in [1.0, 1.26, 1.5, 1.68]
        .iter()
        .take(random.random_range(1..5))
    {
        add(&mut samples, &tone(|_| root * ratio, saw), 1.0);
    }
    let (on, off) = (
        random.random_range(0.3..3.0f32),
        random.random_range(0.1..1.5f32),
    );
    multiply(&mut samples, |time| f32::from(time % (on + off) < on));
    resonate(&mut samples, 3.0 * root, 0.6);
    samples
}

/// Shots, slams and thunder: bursts of noise.
pub(super) fn bangs(random: &mut ChaCha8Rng) -> Vec<f32> {
    let (decay, period) = (pitch(random, 0.01, 0.8), pitch(random, 0.15, 3.0));
    let times = regular(random, period, 0.8);
    let gate = events(&times, |since| (-since / decay).exp(), 5.0 * decay);
    let samples = noise(random, if decay > 0.2 { 1.0 } else { 0.5 });
    gated(samples, &gate)
}

pub(super) fn steps(random: &mut ChaCha8Rng) -> Vec<f32> {
    let period = random.random_range(0.28..0.8f32);
    let times = regular(random, period, 0.08);
    let heel = events(&times, |since| (-since * 60.0).exp(), 0.1);
    let sole: Vec<f32> = times.iter().map(|time| time + 0.09).collect();
    let sole = events(&sole, |since| since * 20.0 * (-since * 35.0).exp(), 0.2);
    let mut samples = white(random);
    samples
        .iter_mut()
        .zip(heel.iter().zip(&sole))
        .for_each(|(x, (heel, sole))| *x *= heel + sole);
    resonate(
        &mut samples,
        pitch(random, 150.0, 2_500.0),
        random.random_range(0.5..2.0),
    );
    samples
}

/// Something passes by.
pub(super) fn whoosh(random: &mut ChaCha8Rng) -> Vec<f32> {
    let (width, period) = (pitch(random, 0.05, 0.8), random.random_range(0.5..3.0f32));
    let mut samples = noise(random, 0.5);
    multiply(&mut samples, |time| {
        (-((time % period - 0.5 * period) / width).powi(2)).exp()
    });
    resonate(
        &mut samples,
        pitch(random, 300.0, 4_000.0),
        random.random_range(0.4..3.0),
    );
    samples
}

/// A digital fault: a signal that is held, repeated and cut off.
pub(super) fn glitch(random: &mut ChaCha8Rng) -> Vec<f32> {
    let mut samples = if random.random_bool(0.5) {
        harmonic(random)
    } else {
        siren(random)
    };
    for _ in 0..random.random_range(4..20) {
        let length = random.random_range(200..6_000);
        let (from, to) = (
            random.random_range(0..LENGTH - length),
            random.random_range(0..LENGTH - length),
        );
        if random.random_bool(0.5) {
            samples.copy_within(from..from + length, to);
        } else {
            samples[to..to + length].fill(0.0);
        }
    }
    samples
}
