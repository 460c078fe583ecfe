//! Tones, noises and signals by formula: what a mixing desk meets (sine, hum, hiss, sweep, dropout)
//! and what is simpler than a recording of it (sirens, telephones, alarms, engines, wind). The
//! teacher says what each of them is.

use std::f32::consts::TAU;

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::{Piece, Recipe, held_out};
use crate::random::{normal, stream};

const RATE: f32 = 32_000.0;
const SECONDS: usize = 6;
const LENGTH: usize = SECONDS * RATE as usize;
/// Takes of a signal.
const TAKES: u64 = 30;

type Make = fn(&mut ChaCha8Rng) -> Vec<f32>;

const SIGNALS: [(&str, Make); 27] = [
    ("sine", sine),
    ("sweep", sweep),
    ("harmonic", harmonic),
    ("white-noise", |random| noise(random, 0.0)),
    ("pink-noise", |random| noise(random, 0.5)),
    ("brown-noise", |random| noise(random, 1.0)),
    ("static", crackle),
    ("hum", hum),
    ("telephone", telephone),
    ("dialling", dialling),
    ("siren", siren),
    ("two-tone-siren", two_tone),
    ("beeps", beeps),
    ("pulses", pulses),
    ("ticks", ticks),
    ("heartbeat", heartbeat),
    ("buzz", buzz),
    ("bell", bell),
    ("wind", wind),
    ("drops", drops),
    ("engine", engine),
    ("rotor", rotor),
    ("horn", horn),
    ("bangs", bangs),
    ("steps", steps),
    ("whoosh", whoosh),
    ("glitch", glitch),
];

pub(super) fn pieces() -> Vec<Piece> {
    let all = SIGNALS.iter().enumerate();
    all.flat_map(|(number, (name, make))| {
        (0..TAKES).map(move |take| {
            let mut random = stream(5, &[number as u64, take]);
            Piece {
                name: format!("{name}-{take}"),
                group: format!("{name}-{take}"),
                // The parameters are random: what is held out is a take, its kind is known.
                held_out: held_out(take as usize),
                recipe: Recipe::Signal(level(make(&mut random), &mut random)),
            }
        })
    })
    .collect()
}

/// Brings a signal to a peak between −20 and 0 dB.
fn level(mut samples: Vec<f32>, random: &mut ChaCha8Rng) -> Vec<f32> {
    let peak = samples.iter().fold(1e-6f32, |most, x| most.max(x.abs()));
    let gain = 10f32.powf(random.random_range(-1.0..-0.05f32)) / peak;
    samples.iter_mut().for_each(|sample| *sample *= gain);
    samples
}

/// Samples by a function of the time in seconds.
fn by_time(of: impl FnMut(f32) -> f32) -> Vec<f32> {
    let times = (0..LENGTH).map(|index| index as f32 / RATE);
    times.map(of).collect()
}

/// A tone of changing frequency; `wave` gives a sample for a phase in turns.
fn tone(hz: impl Fn(f32) -> f32, wave: impl Fn(f32) -> f32) -> Vec<f32> {
    let mut phase = 0.0f32;
    by_time(|time| {
        phase = (phase + hz(time) / RATE).fract();
        wave(phase)
    })
}

fn sine_wave(phase: f32) -> f32 {
    (TAU * phase).sin()
}

fn saw(phase: f32) -> f32 {
    2.0 * phase - 1.0
}

/// A frequency between two, evenly in octaves.
fn pitch(random: &mut ChaCha8Rng, low: f32, high: f32) -> f32 {
    low * (high / low).powf(random.random())
}

fn add(samples: &mut [f32], more: &[f32], gain: f32) {
    samples
        .iter_mut()
        .zip(more)
        .for_each(|(sum, x)| *sum += gain * x);
}

fn multiply(samples: &mut [f32], by: impl Fn(f32) -> f32) {
    for (index, sample) in samples.iter_mut().enumerate() {
        *sample *= by(index as f32 / RATE);
    }
}

/// A resonance at `hz` with a width of `hz / q` (a two-pole band-pass).
fn resonate(samples: &mut [f32], hz: f32, q: f32) {
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
fn events(times: &[f32], event: impl Fn(f32) -> f32, longest_s: f32) -> Vec<f32> {
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
fn regular(random: &mut ChaCha8Rng, period: f32, jitter: f32) -> Vec<f32> {
    let count = (SECONDS as f32 / period) as usize;
    let time = |index: usize| (index as f32 + jitter * random.random::<f32>()) * period;
    (0..count.max(1)).map(time).collect()
}

fn white(random: &mut ChaCha8Rng) -> Vec<f32> {
    (0..LENGTH).map(|_| normal(random)).collect()
}

/// Noise whose power falls by `2 · power` · 3 dB an octave: 0 white, ½ pink, 1 brown.
fn noise(random: &mut ChaCha8Rng, power: f32) -> Vec<f32> {
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

fn sine(random: &mut ChaCha8Rng) -> Vec<f32> {
    let hz = pitch(random, 60.0, 10_000.0);
    tone(|_| hz, sine_wave)
}

fn sweep(random: &mut ChaCha8Rng) -> Vec<f32> {
    let (from, to) = (pitch(random, 30.0, 8_000.0), pitch(random, 30.0, 14_000.0));
    let period = random.random_range(0.3..6.0f32);
    tone(
        |time| from * (to / from).powf((time / period).fract()),
        sine_wave,
    )
}

fn harmonic(random: &mut ChaCha8Rng) -> Vec<f32> {
    let hz = pitch(random, 50.0, 1_500.0);
    match random.random_range(0..3) {
        0 => tone(|_| hz, saw),
        1 => tone(|_| hz, |phase| if phase < 0.5 { 1.0 } else { -1.0 }),
        _ => tone(
            |_| hz,
            |phase| (1..9).map(|n| sine_wave(n as f32 * phase) / n as f32).sum(),
        ),
    }
}

fn crackle(random: &mut ChaCha8Rng) -> Vec<f32> {
    let density = pitch(random, 0.0005, 0.02);
    let hiss = random.random_range(0.0..0.2f32);
    (0..LENGTH)
        .map(|_| {
            let click = if random.random::<f32>() < density {
                normal(random)
            } else {
                0.0
            };
            click + hiss * normal(random)
        })
        .collect()
}

fn hum(random: &mut ChaCha8Rng) -> Vec<f32> {
    let hz = if random.random_bool(0.5) { 50.0 } else { 60.0 };
    let shares: Vec<f32> = (1..12u8)
        .map(|n| random.random::<f32>() / f32::from(n))
        .collect();
    let wave = |phase: f32| -> f32 {
        let parts = shares.iter().zip(1u8..);
        parts
            .map(|(share, n)| share * sine_wave(f32::from(n) * phase))
            .sum()
    };
    let mut samples = tone(|_| hz, wave);
    add(&mut samples, &white(random), random.random_range(0.0..0.03));
    samples
}

/// Dial tone, busy tone or ringing tone, American or European.
fn telephone(random: &mut ChaCha8Rng) -> Vec<f32> {
    let (tones, on, off): ([f32; 2], f32, f32) = match random.random_range(0..5) {
        0 => ([350.0, 440.0], 1.0, 0.0),
        1 => ([480.0, 620.0], 0.5, 0.5),
        2 => ([440.0, 480.0], 2.0, 4.0),
        3 => ([425.0, 425.0], 0.48, 0.48),
        _ => ([425.0, 425.0], 1.0, 4.0),
    };
    let mut samples = tone(|_| tones[0], sine_wave);
    add(&mut samples, &tone(|_| tones[1], sine_wave), 1.0);
    multiply(&mut samples, |time| f32::from(time % (on + off) < on));
    resonate(&mut samples, 900.0, 0.5);
    samples
}

fn dialling(random: &mut ChaCha8Rng) -> Vec<f32> {
    let (low, high) = ([697.0, 770.0, 852.0, 941.0], [1_209.0, 1_336.0, 1_477.0f32]);
    let digits: Vec<(f32, f32)> = (0..60)
        .map(|_| {
            (
                low[random.random_range(0..4)],
                high[random.random_range(0..3)],
            )
        })
        .collect();
    let period = random.random_range(0.12..0.4f32);
    by_time(|time| {
        let (low, high) = digits[(time / period) as usize % digits.len()];
        let on = f32::from((time / period).fract() < 0.55);
        on * (sine_wave(low * time) + sine_wave(high * time))
    })
}

fn siren(random: &mut ChaCha8Rng) -> Vec<f32> {
    let (low, high) = (pitch(random, 300.0, 700.0), pitch(random, 900.0, 1_800.0));
    let period = pitch(random, 0.2, 5.0);
    let hz = |time: f32| {
        let turn = (time / period).fract();
        low + (high - low) * (1.0 - (2.0 * turn - 1.0).abs())
    };
    let mut samples = tone(hz, |phase| (3.0 * sine_wave(phase)).tanh());
    resonate(&mut samples, 1_200.0, 0.7);
    samples
}

fn two_tone(random: &mut ChaCha8Rng) -> Vec<f32> {
    let low = pitch(random, 350.0, 700.0);
    let high = low * random.random_range(1.15..1.5f32);
    let period = random.random_range(0.4..1.6f32);
    let hz = |time: f32| {
        if (time / period).fract() < 0.5 {
            low
        } else {
            high
        }
    };
    let mut samples = tone(hz, |phase| (2.0 * sine_wave(phase)).tanh());
    resonate(&mut samples, 1_000.0, 0.6);
    samples
}

/// An alarm clock, a smoke detector, a lorry in reverse: groups of beeps.
fn beeps(random: &mut ChaCha8Rng) -> Vec<f32> {
    let (hz, on) = (
        pitch(random, 500.0, 4_000.0),
        random.random_range(0.04..0.5f32),
    );
    let (group, pause) = (
        random.random_range(1..5u8),
        random.random_range(0.2..1.5f32),
    );
    let cycle = 2.0 * on * f32::from(group) + pause;
    let hard = random.random_bool(0.5);
    let mut samples = tone(
        |_| hz,
        |phase| {
            let x = sine_wave(phase);
            if hard { x.signum() } else { x }
        },
    );
    multiply(&mut samples, |time| {
        let at = time % cycle;
        f32::from(at < 2.0 * on * f32::from(group) && at % (2.0 * on) < on)
    });
    samples
}

fn pulses(random: &mut ChaCha8Rng) -> Vec<f32> {
    let period = 1.0 / pitch(random, 2.0, 60.0);
    let decay = pitch(random, 0.0005, 0.01);
    let times = regular(random, period, 0.0);
    events(&times, |since| (-since / decay).exp(), 0.05)
}

fn ticks(random: &mut ChaCha8Rng) -> Vec<f32> {
    let period = random.random_range(0.2..1.05f32);
    let (hz, decay) = (pitch(random, 800.0, 5_000.0), pitch(random, 0.002, 0.02));
    let mut samples = white(random);
    let times = regular(random, period, 0.02);
    let gate = events(&times, |since| (-since / decay).exp(), 0.2);
    samples
        .iter_mut()
        .zip(gate)
        .for_each(|(x, gate)| *x *= gate);
    resonate(&mut samples, hz, random.random_range(2.0..12.0));
    samples
}

fn heartbeat(random: &mut ChaCha8Rng) -> Vec<f32> {
    let period = random.random_range(0.45..1.1f32);
    let first = regular(random, period, 0.03);
    let both: Vec<f32> = first
        .iter()
        .flat_map(|time| [*time, time + 0.3 * period])
        .collect();
    let hz = pitch(random, 35.0, 90.0);
    events(
        &both,
        |since| (-since * 18.0).exp() * sine_wave(hz * since),
        0.4,
    )
}

/// An insect, a razor, a transformer.
fn buzz(random: &mut ChaCha8Rng) -> Vec<f32> {
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

fn bell(random: &mut ChaCha8Rng) -> Vec<f32> {
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

fn wind(random: &mut ChaCha8Rng) -> Vec<f32> {
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
fn drops(random: &mut ChaCha8Rng) -> Vec<f32> {
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

fn engine(random: &mut ChaCha8Rng) -> Vec<f32> {
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
fn rotor(random: &mut ChaCha8Rng) -> Vec<f32> {
    let (hz, sharp) = (pitch(random, 5.0, 40.0), random.random_range(1.0..8.0f32));
    let mut samples = noise(random, 0.5);
    multiply(&mut samples, |time| {
        0.1 + (-sharp * (hz * time).fract()).exp()
    });
    resonate(&mut samples, pitch(random, 80.0, 500.0), 0.6);
    samples
}

/// A lorry, a ship, a train: a chord of reeds.
fn horn(random: &mut ChaCha8Rng) -> Vec<f32> {
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
fn bangs(random: &mut ChaCha8Rng) -> Vec<f32> {
    let (decay, period) = (pitch(random, 0.01, 0.8), pitch(random, 0.15, 3.0));
    let times = regular(random, period, 0.8);
    let gate = events(&times, |since| (-since / decay).exp(), 5.0 * decay);
    let mut samples = noise(random, if decay > 0.2 { 1.0 } else { 0.5 });
    samples
        .iter_mut()
        .zip(gate)
        .for_each(|(x, gate)| *x *= gate);
    samples
}

fn steps(random: &mut ChaCha8Rng) -> Vec<f32> {
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
fn whoosh(random: &mut ChaCha8Rng) -> Vec<f32> {
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
fn glitch(random: &mut ChaCha8Rng) -> Vec<f32> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_take_is_audible_finite_and_another() {
        let pieces = pieces();
        assert_eq!(pieces.len() as u64, SIGNALS.len() as u64 * TAKES);
        let mut before: Option<&[f32]> = None;
        for piece in &pieces {
            let Recipe::Signal(samples) = &piece.recipe else {
                panic!("{} is no signal", piece.name)
            };
            assert_eq!(samples.len(), LENGTH, "{}", piece.name);
            let peak = samples.iter().fold(0f32, |most, x| most.max(x.abs()));
            assert!(samples.iter().all(|x| x.is_finite()), "{}", piece.name);
            assert!((0.05..=1.0).contains(&peak), "{}: {peak}", piece.name);
            assert_ne!(before, Some(&samples[..]));
            before = Some(samples);
        }
    }
}
