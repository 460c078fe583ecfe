//! Simple likenesses of what is struck, rung, blown and driven.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::synthesis::*;

/// The bell of a telephone, a bicycle, an alarm clock: two gongs, struck fast.
pub(super) fn clapper(random: &mut ChaCha8Rng) -> Vec<f32> {
    let (hz, rate) = (
        pitch(random, 700.0, 3_000.0),
        random.random_range(12.0..32.0f32),
    );
    let (on, off) = (
        random.random_range(0.4..2.5f32),
        random.random_range(0.2..2.0f32),
    );
    let gongs = [1.0, random.random_range(1.1..1.3f32)];
    let decay = random.random_range(4.0..20.0f32);
    let mut samples = vec![0.0; LENGTH];
    for (gong, ratio) in gongs.into_iter().enumerate() {
        let strikes = regular(random, 2.0 / rate, 0.05).into_iter();
        let strikes = strikes.map(|time| time + gong as f32 / rate);
        let strikes: Vec<f32> = strikes.filter(|time| time % (on + off) < on).collect();
        let strike = |since: f32| {
            let of = |n: f32, gain: f32| {
                gain * (-since * decay * n).exp() * sine_wave(n * ratio * hz * since)
            };
            of(1.0, 1.0) + of(2.76, 0.6) + of(5.4, 0.4)
        };
        add(&mut samples, &events(&strikes, strike, 0.8), 1.0);
    }
    samples
}

/// Ding-dong: two bells or bars, a third or more apart.
pub(super) fn doorbell(random: &mut ChaCha8Rng) -> Vec<f32> {
    let (hz, interval) = (
        pitch(random, 400.0, 1_100.0),
        random.random_range(1.15..1.5f32),
    );
    let (gap, decay) = (
        random.random_range(0.3..0.9f32),
        random.random_range(1.0..5.0f32),
    );
    let period = 2.0 * gap + random.random_range(1.0..2.5f32);
    let strike = |hz: f32| {
        move |since: f32| {
            let of = |n: f32, gain: f32| {
                gain * (-since * decay * n.sqrt()).exp() * sine_wave(n * hz * since)
            };
            of(1.0, 1.0) + of(2.0, 0.2) + of(3.01, 0.3) + of(4.2, 0.1)
        }
    };
    let first = regular(random, period, 0.0);
    let second: Vec<f32> = first.iter().map(|time| time + gap).collect();
    let mut samples = events(&first, strike(hz * interval), 2.0);
    add(&mut samples, &events(&second, strike(hz), 2.0), 1.0);
    samples
}

/// Glass, coins, keys, cutlery, chimes in the wind, a cowbell: bars and plates, struck now and then.
pub(super) fn chink(random: &mut ChaCha8Rng) -> Vec<f32> {
    let (low, decay) = (pitch(random, 350.0, 4_000.0), pitch(random, 2.0, 60.0));
    let count = pitch(random, 3.0, 50.0) as usize;
    let kinds = random.random_range(1..6);
    let partials: Vec<Vec<(f32, f32)>> = (0..kinds)
        .map(|_| {
            let own = low * random.random_range(1.0..1.8f32);
            let partial = |_| (own * random.random_range(1.0..5.0f32), random.random());
            (0..6).map(partial).collect()
        })
        .collect();
    let mut samples = vec![0.0; LENGTH];
    for kind in partials {
        let times: Vec<f32> = (0..count.div_ceil(kinds))
            .map(|_| random.random_range(0.0..SECONDS as f32))
            .collect();
        let strike = |since: f32| -> f32 {
            let parts = kind.iter();
            parts
                .map(|(hz, gain)| gain * (-since * decay * hz / low).exp() * sine_wave(hz * since))
                .sum()
        };
        add(
            &mut samples,
            &events(&times, strike, 1.5),
            random.random_range(0.3..1.0),
        );
    }
    samples
}

/// Hooves, wood on wood, a ball that bounces: hollow knocks in a gait.
pub(super) fn knocks(random: &mut ChaCha8Rng) -> Vec<f32> {
    let (hz, decay) = (pitch(random, 90.0, 1_600.0), pitch(random, 20.0, 120.0));
    let (period, beats) = (
        random.random_range(0.25..1.0f32),
        random.random_range(1..4u8),
    );
    let swing = random.random_range(0.15..0.35f32);
    let times = regular(random, period, 0.05);
    let all: Vec<f32> = times
        .iter()
        .flat_map(|time| (0..beats).map(move |beat| time + f32::from(beat) * swing * period))
        .collect();
    let strike = |since: f32| {
        (-since * decay).exp() * (sine_wave(hz * since) + 0.4 * sine_wave(2.3 * hz * since))
    };
    let mut samples = events(&all, strike, 0.3);
    let gate = events(&all, |since| (-since * 3.0 * decay).exp(), 0.1);
    let scrape = gated(white(random), &gate);
    add(&mut samples, &scrape, random.random_range(0.05..0.6));
    samples
}

/// Someone whistles a tune, or a referee: a tone with breath, or with a pea.
pub(super) fn whistle(random: &mut ChaCha8Rng) -> Vec<f32> {
    let (hz, step) = (
        pitch(random, 700.0, 3_500.0),
        random.random_range(0.15..0.7f32),
    );
    let notes: Vec<f32> = (0..40)
        .map(|_| f32::from(random.random_range(-5..6i8)))
        .collect();
    let steady = random.random_bool(0.4);
    let pea = if random.random_bool(0.4) {
        random.random_range(20.0..40.0f32)
    } else {
        0.0
    };
    let note = |time: f32| {
        let index = (time / step) as usize;
        let (now, next) = (notes[index % 40], notes[(index + 1) % 40]);
        let slide = (((time / step).fract() - 0.8) * 5.0).max(0.0);
        if steady {
            0.0
        } else {
            now + (next - now) * slide
        }
    };
    let wobble = |time: f32| 1.0 + 0.01 * sine_wave(5.5 * time) + 0.04 * sine_wave(pea * time);
    let mut samples = tone(
        |time| hz * 2f32.powf(note(time) / 12.0) * wobble(time),
        sine_wave,
    );
    multiply(&mut samples, |time| 1.0 + 0.5 * sine_wave(pea * time));
    let mut breath = white(random);
    resonate(&mut breath, hz, 3.0);
    add(&mut samples, &breath, random.random_range(0.05..0.6));
    let (on, off) = (
        random.random_range(0.4..3.0f32),
        random.random_range(0.1..1.0f32),
    );
    multiply(&mut samples, |time| f32::from(time % (on + off) < on));
    samples
}

/// A locomotive's or a factory's whistle: a chord of tones in a blast of steam.
pub(super) fn steam_whistle(random: &mut ChaCha8Rng) -> Vec<f32> {
    let root = pitch(random, 250.0, 900.0);
    let (on, off) = (
        random.random_range(0.5..3.0f32),
        random.random_range(0.2..1.5f32),
    );
    let bend = |time: f32| 1.0 - 0.08 * (-8.0 * (time % (on + off))).exp();
    let mut samples = vec![0.0; LENGTH];
    for ratio in [1.0, 1.26, 1.5, 2.0].iter().take(random.random_range(1..5)) {
        let pipe = tone(
            |time| root * ratio * bend(time),
            |phase| (1.5 * sine_wave(phase)).tanh(),
        );
        add(&mut samples, &pipe, random.random_range(0.4..1.0));
    }
    let mut steam = white(random);
    resonate(&mut steam, 3.0 * root, 0.4);
    add(&mut samples, &steam, random.random_range(0.3..3.0));
    multiply(&mut samples, |time| f32::from(time % (on + off) < on));
    echo(&mut samples, random.random_range(0.1..0.4), 0.4);
    samples
}

/// Steam, spray, air brakes: blasts of bright noise.
pub(super) fn steam(random: &mut ChaCha8Rng) -> Vec<f32> {
    let (on, off) = (pitch(random, 0.15, 5.0), random.random_range(0.1..2.0f32));
    let fade = random.random_range(0.0..4.0f32);
    let mut samples = white(random);
    resonate(
        &mut samples,
        pitch(random, 2_000.0, 9_000.0),
        random.random_range(0.2..0.7),
    );
    multiply(&mut samples, |time| {
        let at = time % (on + off);
        if at < on { (-fade * at).exp() } else { 0.0 }
    });
    samples
}

/// A ship in fog: one low reed, long.
pub(super) fn foghorn(random: &mut ChaCha8Rng) -> Vec<f32> {
    let hz = pitch(random, 55.0, 220.0);
    let (on, off) = (
        random.random_range(1.0..4.0f32),
        random.random_range(0.5..2.0f32),
    );
    let falls = random.random_bool(0.3);
    let bend = |time: f32| {
        let at = time % (on + off) / on;
        if falls && at > 0.8 { 0.7 } else { 1.0 }
    };
    let mut samples = tone(
        |time| hz * bend(time),
        |phase| (3.0 * sine_wave(phase) + saw(phase)).tanh(),
    );
    resonate(&mut samples, random.random_range(2.0..5.0) * hz, 0.5);
    multiply(&mut samples, |time| {
        let at = time % (on + off);
        if at < on {
            (at * 8.0).min(1.0) * ((on - at) * 8.0).min(1.0)
        } else {
            0.0
        }
    });
    echo(&mut samples, random.random_range(0.2..0.6), 0.5);
    samples
}

/// A jet, a propeller aeroplane, that comes or goes.
pub(super) fn aircraft(random: &mut ChaCha8Rng) -> Vec<f32> {
    let (hz, jet) = (pitch(random, 40.0, 200.0), random.random_bool(0.5));
    let drift = random.random_range(0.8..1.25f32);
    let hz_at = |time: f32| hz * drift.powf(time / SECONDS as f32);
    let mut samples = noise(random, if jet { 0.5 } else { 1.0 });
    resonate(&mut samples, pitch(random, 200.0, 1_200.0), 0.4);
    if jet {
        let whine = tone(|time| 20.0 * hz_at(time), sine_wave);
        add(&mut samples, &whine, random.random_range(0.0..0.1));
    } else {
        let (blades, beat) = (
            random.random_range(0.3..2.0f32),
            random.random_range(0.3..3.0f32),
        );
        let mut drone = tone(hz_at, |phase| (-6.0 * phase).exp());
        add(&mut drone, &tone(|time| hz_at(time) + beat, saw), 0.4);
        resonate(&mut drone, 4.0 * hz, 0.5);
        add(&mut samples, &drone, blades);
    }
    let (from, to) = (
        random.random_range(0.05..1.0f32),
        random.random_range(0.05..1.0f32),
    );
    multiply(&mut samples, |time| {
        from + (to - from) * time / SECONDS as f32
    });
    samples
}

/// A spring, a jaw harp: a twang that slides.
pub(super) fn boing(random: &mut ChaCha8Rng) -> Vec<f32> {
    let (hz, reach) = (
        pitch(random, 80.0, 700.0),
        random.random_range(-1.0..2.0f32),
    );
    let (decay, wobble) = (
        random.random_range(2.0..8.0f32),
        random.random_range(4.0..18.0f32),
    );
    let period = random.random_range(0.6..2.5f32);
    let times = regular(random, period, 0.2);
    let strike = |since: f32| {
        let bend = 1.0 + reach * (1.0 - (-4.0 * since).exp()) + 0.15 * sine_wave(wobble * since);
        let phase = hz * since * bend;
        (-since * decay).exp()
            * (sine_wave(phase) + 0.5 * sine_wave(2.0 * phase) + 0.3 * sine_wave(3.0 * phase))
    };
    events(&times, strike, 1.5)
}
