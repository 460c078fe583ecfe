//! Simple likenesses of animals, weather and water.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::synthesis::*;
use crate::random::normal;

/// A cricket, a cicada: a high tone in chirps of a few pulses.
pub(super) fn cricket(random: &mut ChaCha8Rng) -> Vec<f32> {
    let (hz, pulses) = (pitch(random, 2_500.0, 7_000.0), pitch(random, 15.0, 70.0));
    let (on, period) = (
        random.random_range(0.1..0.6f32),
        random.random_range(0.4..1.2f32),
    );
    let mut samples = tone(|_| hz, sine_wave);
    multiply(&mut samples, |time| {
        let chirps = f32::from(time % period < on * period);
        chirps * (0.5 - 0.5 * sine_wave(pulses * time + 0.25)).powi(2)
    });
    add(
        &mut samples,
        &noise(random, 0.5),
        random.random_range(0.0..0.1),
    );
    samples
}

/// A frog: pulses in the throat's resonance, in calls.
pub(super) fn frog(random: &mut ChaCha8Rng) -> Vec<f32> {
    let (rate, throat) = (pitch(random, 12.0, 90.0), pitch(random, 350.0, 2_500.0));
    let (on, period) = (
        random.random_range(0.1..0.6f32),
        random.random_range(0.4..1.6f32),
    );
    let rising = random.random_range(0.7..1.6f32);
    let hz = |time: f32| rate * (1.0 + (rising - 1.0) * (time / period).fract());
    let mut samples = tone(hz, |phase| (-10.0 * phase).exp());
    multiply(&mut samples, |time| {
        let at = (time / period).fract() / on;
        if at < 1.0 { (1.0 - at) * at * 4.0 } else { 0.0 }
    });
    resonate(&mut samples, throat, random.random_range(3.0..9.0));
    add(&mut samples, &noise(random, 0.5), 0.002);
    samples
}

/// An owl, a pigeon: soft low tones, short and long.
pub(super) fn hoot(random: &mut ChaCha8Rng) -> Vec<f32> {
    let (hz, fall) = (
        pitch(random, 220.0, 650.0),
        random.random_range(0.85..1.02f32),
    );
    let trill = if random.random_bool(0.3) {
        random.random_range(8.0..20.0f32)
    } else {
        0.0
    };
    let mut times = Vec::new();
    let mut time = random.random_range(0.0..0.5f32);
    while time < SECONDS as f32 {
        for _ in 0..random.random_range(1..5u8) {
            times.push(time);
            time += random.random_range(0.25..0.6f32);
        }
        time += random.random_range(0.5..2.0f32);
    }
    let length = random.random_range(0.15..0.5f32);
    let call = |since: f32| {
        let at = since / length;
        let shape = (4.0 * at * (1.0 - at)).max(0.0) * (1.0 - 0.5 * sine_wave(trill * since).abs());
        shape * sine_wave(hz * since * (1.0 + (fall - 1.0) * at))
    };
    let mut samples = events(&times, call, length);
    add(&mut samples, &white(random), 0.003);
    samples
}

/// A whale, far away under water: slow slides of a low voice.
pub(super) fn whale(random: &mut ChaCha8Rng) -> Vec<f32> {
    let (hz, reach) = (pitch(random, 90.0, 700.0), random.random_range(0.2..1.2f32));
    let (slow, faster) = (
        random.random_range(0.1..0.4f32),
        random.random_range(3.0..7.0f32),
    );
    let slide = |time: f32| {
        hz * 2f32.powf(reach * sine_wave(slow * time) + 0.03 * sine_wave(faster * time))
    };
    let mut samples = tone(slide, |phase| {
        sine_wave(phase) + 0.4 * sine_wave(2.0 * phase) + 0.15 * sine_wave(3.0 * phase)
    });
    let period = random.random_range(1.5..4.0f32);
    multiply(&mut samples, |time| {
        (sine_wave(0.5 * time / period).abs()).powi(2)
    });
    let mut sea = noise(random, 1.0);
    resonate(&mut sea, 120.0, 0.5);
    add(&mut samples, &sea, random.random_range(0.01..0.1));
    echo(&mut samples, random.random_range(0.15..0.5), 0.5);
    samples
}

/// Waves on a beach: noise that swells, brightest as it breaks.
pub(super) fn surf(random: &mut ChaCha8Rng) -> Vec<f32> {
    let (period, offset) = (random.random_range(3.0..8.0f32), random.random::<f32>());
    let sharp = random.random_range(1.5..5.0f32);
    let swell = |time: f32| (0.5 - 0.5 * sine_wave(time / period + offset)).powf(sharp);
    let mut low = noise(random, 1.0);
    resonate(&mut low, pitch(random, 150.0, 500.0), 0.4);
    let mut high = white(random);
    resonate(&mut high, pitch(random, 800.0, 4_000.0), 0.4);
    multiply(&mut low, |time| 0.3 + swell(time));
    multiply(&mut high, |time| 0.05 + swell(time - 0.1 * period).powi(2));
    add(&mut low, &high, random.random_range(0.1..1.0));
    low
}

/// A waterfall, a downpour, a shower: steady noise of many small splashes.
pub(super) fn cascade(random: &mut ChaCha8Rng) -> Vec<f32> {
    let (power, centre) = (
        random.random_range(0.0..0.6f32),
        pitch(random, 400.0, 5_000.0),
    );
    let mut samples = noise(random, power);
    resonate(&mut samples, centre, random.random_range(0.2..0.6));
    let mut near = spatter(random, 0.01);
    resonate(&mut near, 1.6 * centre, 0.8);
    add(&mut samples, &near, random.random_range(0.2..2.0));
    samples
}

/// Bubbles, gurgling, pouring: low drops that rise.
pub(super) fn bubbles(random: &mut ChaCha8Rng) -> Vec<f32> {
    let rate = pitch(random, 3.0, 60.0);
    let (low, high) = (pitch(random, 150.0, 500.0), pitch(random, 600.0, 2_000.0));
    let mut samples = vec![0.0; LENGTH];
    for _ in 0..(rate * SECONDS as f32) as usize {
        let (hz, gain) = (pitch(random, low, high), random.random::<f32>());
        let (decay, rise) = (
            random.random_range(15.0..60.0f32),
            random.random_range(2.0..14.0f32),
        );
        let start = random.random_range(0..LENGTH);
        for (index, sample) in samples.iter_mut().skip(start).take(6_400).enumerate() {
            let since = index as f32 / RATE;
            *sample += gain * (-since * decay).exp() * sine_wave(hz * since * (1.0 + rise * since));
        }
    }
    add(
        &mut samples,
        &noise(random, 0.5),
        random.random_range(0.0..0.03),
    );
    samples
}

/// A fire, fat in a pan, dry leaves: crackles over a hiss.
pub(super) fn crackling(random: &mut ChaCha8Rng) -> Vec<f32> {
    let density = pitch(random, 0.0002, 0.01);
    let mut samples = spatter(random, density);
    resonate(&mut samples, pitch(random, 1_500.0, 6_000.0), 0.5);
    let power = random.random_range(0.0..1.0);
    let mut under = noise(random, power);
    resonate(&mut under, pitch(random, 100.0, 5_000.0), 0.3);
    add(&mut samples, &under, random.random_range(0.002..0.06));
    samples
}

/// Clicks at random of random loudness, `density` a sample.
fn spatter(random: &mut ChaCha8Rng, density: f32) -> Vec<f32> {
    let click = |_| match random.random::<f32>() < density {
        true => normal(random).powi(3),
        false => 0.0,
    };
    (0..LENGTH).map(click).collect()
}
