//! Parts of signals.

use std::f32::consts::TAU;

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::teacher;
use hamiltone_training::random::normal;

pub(super) const RATE: f32 = teacher::RATE as f32;
pub(super) const SECONDS: usize = 6;
pub(super) const LENGTH: usize = SECONDS * teacher::RATE as usize;

/// Brings a signal to a peak between −20 and −1 dB.
pub(super) fn level(mut samples: Vec<f32>, random: &mut ChaCha8Rng) -> Vec<f32> {
    let peak = samples.iter().fold(1e-6f32, |most, x| most.max(x.abs()));
    let gain = 10f32.powf(random.random_range(-1.0..-0.05f32)) / peak;
    samples.iter_mut().for_each(|sample| *sample *= gain);
    samples
}

/// Samples by a function of the time in seconds.
pub(super) fn by_time(of: impl FnMut(f32) -> f32) -> Vec<f32> {
    let times = (0..LENGTH).map(|index| index as f32 / RATE);
    times.map(of).collect()
}

/// A tone of changing frequency; `wave` gives a sample for a phase in turns.
pub(super) fn tone(hz: impl Fn(f32) -> f32, wave: impl Fn(f32) -> f32) -> Vec<f32> {
    let mut phase = 0.0f32;
    by_time(|time| {
        phase = (phase + hz(time) / RATE).fract();
        wave(phase)
    })
}

pub(super) fn sine_wave(phase: f32) -> f32 {
    (TAU * phase).sin()
}

pub(super) fn saw(phase: f32) -> f32 {
    2.0 * phase - 1.0
}

/// A frequency between two, evenly in octaves.
pub(super) fn pitch(random: &mut ChaCha8Rng, low: f32, high: f32) -> f32 {
    low * (high / low).powf(random.random())
}

pub(super) fn add(samples: &mut [f32], more: &[f32], gain: f32) {
    samples
        .iter_mut()
        .zip(more)
        .for_each(|(sum, x)| *sum += gain * x);
}

pub(super) fn multiply(samples: &mut [f32], by: impl Fn(f32) -> f32) {
    for (index, sample) in samples.iter_mut().enumerate() {
        *sample *= by(index as f32 / RATE);
    }
}

/// A resonance at `hz` with a width of `hz / q` (a two-pole band-pass).
pub(super) fn resonate(samples: &mut [f32], hz: f32, q: f32) {
    let (omega, radius) = (TAU * hz / RATE, (-0.5 * TAU * hz / (q * RATE)).exp());
    let (a, b) = (2.0 * radius * omega.cos(), -radius * radius);
    let (mut one, mut two) = (0.0, 0.0);
    for sample in samples {
        let out = (1.0 - radius) * *sample + a * one + b * two;
        (two, one) = (one, out);
        *sample = out;
    }
}

/// Decaying events at times; `event` gives a sample for the seconds since it began.
pub(super) fn events(times: &[f32], event: impl Fn(f32) -> f32, longest_s: f32) -> Vec<f32> {
    let mut samples = vec![0.0; LENGTH];
    for time in times {
        let start = (time * RATE) as usize;
        let end = (start + (longest_s * RATE) as usize).min(LENGTH);
        for (index, sample) in samples.iter_mut().enumerate().take(end).skip(start) {
            *sample += event((index - start) as f32 / RATE);
        }
    }
    samples
}

/// Times a period apart, each moved by up to `jitter` periods.
pub(super) fn regular(random: &mut ChaCha8Rng, period: f32, jitter: f32) -> Vec<f32> {
    let count = (SECONDS as f32 / period) as usize;
    let time = |index: usize| (index as f32 + jitter * random.random::<f32>()) * period;
    (0..count.max(1)).map(time).collect()
}

pub(super) fn white(random: &mut ChaCha8Rng) -> Vec<f32> {
    (0..LENGTH).map(|_| normal(random)).collect()
}

/// Noise with power that falls by `2 · power` · 3 dB an octave: 0 white, ½ pink, 1 brown.
pub(super) fn noise(random: &mut ChaCha8Rng, power: f32) -> Vec<f32> {
    let mut samples = white(random);
    if power > 0.75 {
        let mut sum = 0.0;
        for sample in &mut samples {
            sum = 0.998 * sum + *sample;
            *sample = sum;
        }
    } else if power > 0.25 {
        // Three first-order low-passes beside each other, a decade apart.
        let mut states = [0.0f32; 3];
        for sample in &mut samples {
            let mut sum = 0.1 * *sample;
            for (state, share) in states.iter_mut().zip([0.4, 0.04, 0.004]) {
                *state += share * (*sample - *state);
                sum += 1.2 * *state;
            }
            *sample = sum;
        }
    }
    samples
}

/// Multiplies samples by those of a gate.
pub(super) fn gated(mut samples: Vec<f32>, gate: &[f32]) -> Vec<f32> {
    samples
        .iter_mut()
        .zip(gate)
        .for_each(|(x, gate)| *x *= gate);
    samples
}
