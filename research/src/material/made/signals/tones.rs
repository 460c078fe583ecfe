//! Tones, noises and what is made of tones: telephones, sirens, alarms, clocks.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::synthesis::*;
use hamiltone_training::random::normal;

pub(super) fn sine(random: &mut ChaCha8Rng) -> Vec<f32> {
    let hz = pitch(random, 60.0, 10_000.0);
    tone(|_| hz, sine_wave)
}

pub(super) fn sweep(random: &mut ChaCha8Rng) -> Vec<f32> {
    let (from, to) = (pitch(random, 30.0, 8_000.0), pitch(random, 30.0, 14_000.0));
    let period = random.random_range(0.3..6.0f32);
    tone(
        |time| from * (to / from).powf((time / period).fract()),
        sine_wave,
    )
}

pub(super) fn harmonic(random: &mut ChaCha8Rng) -> Vec<f32> {
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

pub(super) fn crackle(random: &mut ChaCha8Rng) -> Vec<f32> {
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

pub(super) fn hum(random: &mut ChaCha8Rng) -> Vec<f32> {
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
pub(super) fn telephone(random: &mut ChaCha8Rng) -> Vec<f32> {
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

pub(super) fn dialling(random: &mut ChaCha8Rng) -> Vec<f32> {
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

pub(super) fn siren(random: &mut ChaCha8Rng) -> Vec<f32> {
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

pub(super) fn two_tone(random: &mut ChaCha8Rng) -> Vec<f32> {
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
pub(super) fn beeps(random: &mut ChaCha8Rng) -> Vec<f32> {
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

pub(super) fn pulses(random: &mut ChaCha8Rng) -> Vec<f32> {
    let period = 1.0 / pitch(random, 2.0, 60.0);
    let decay = pitch(random, 0.0005, 0.01);
    let times = regular(random, period, 0.0);
    events(&times, |since| (-since / decay).exp(), 0.05)
}

pub(super) fn ticks(random: &mut ChaCha8Rng) -> Vec<f32> {
    let period = random.random_range(0.2..1.05f32);
    let (hz, decay) = (pitch(random, 800.0, 5_000.0), pitch(random, 0.002, 0.02));
    let samples = white(random);
    let times = regular(random, period, 0.02);
    let gate = events(&times, |since| (-since / decay).exp(), 0.2);
    let mut samples = gated(samples, &gate);
    resonate(&mut samples, hz, random.random_range(2.0..12.0));
    samples
}

pub(super) fn heartbeat(random: &mut ChaCha8Rng) -> Vec<f32> {
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
