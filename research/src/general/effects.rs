//! Changes of the sound of a crop.

use rand::Rng;

/// So many dB an octave more (or less) above 1 kHz than below, by a first-order shelf: within two
/// octaves of there.
pub(super) fn tilt(samples: &mut [f32], rate: u32, db_per_octave: f32) {
    let high = decibels(2.0 * db_per_octave);
    let low = decibels(-2.0 * db_per_octave);
    let mut lows = samples.to_vec();
    low_pass(&mut lows, rate, 1_000.0);
    for (sample, below) in samples.iter_mut().zip(lows) {
        *sample = low * below + high * (*sample - below);
    }
}

/// First order.
pub(super) fn low_pass(samples: &mut [f32], rate: u32, hz: f32) {
    let step = 1.0 - (-std::f32::consts::TAU * hz / rate as f32).exp();
    let mut state = 0.0;
    for sample in samples {
        state += step * (*sample - state);
        *sample = state;
    }
}

/// A room after Schroeder (1962): four combs beside each other, two all-passes after each other.
pub(super) fn reverberate(samples: &mut [f32], rate: u32, random: &mut impl Rng) {
    let seconds = random.random_range(0.2..=1.5f32);
    let wet = random.random_range(0.1..=0.6f32);
    let mut room = vec![0.0; samples.len()];
    for delay in [0.0297, 0.0371, 0.0411, 0.0437f32] {
        let delay_s = delay * random.random_range(0.8..=1.2f32);
        let back = 10f32.powf(-3.0 * delay_s / seconds); // 60 dB in `seconds`
        let delay = (delay_s * rate as f32) as usize;
        let mut comb = samples.to_vec();
        for i in delay..comb.len() {
            comb[i] += back * comb[i - delay];
        }
        room.iter_mut()
            .zip(comb)
            .for_each(|(sum, x)| *sum += 0.25 * x);
    }
    for delay_s in [0.005, 0.0017f32] {
        let delay = (delay_s * rate as f32) as usize;
        let input = room.clone();
        for i in 0..room.len() {
            let (before, out) = match i.checked_sub(delay) {
                Some(at) => (input[at], room[at]),
                None => (0.0, 0.0),
            };
            room[i] = -0.7 * input[i] + before + 0.7 * out;
        }
    }
    for (sample, room) in samples.iter_mut().zip(room) {
        *sample += wet * (room - *sample);
    }
}

pub(super) fn interpolate(samples: &[f32], position: f32) -> f32 {
    let index = position as usize;
    let at = |index: usize| samples.get(index).copied().unwrap_or(0.0);
    at(index) + (at(index + 1) - at(index)) * position.fract()
}

pub(super) fn decibels(db: f32) -> f32 {
    10f32.powf(db / 20.0)
}

/// The root of the mean of the squares; 0 of nothing.
pub(super) fn root_mean_square(samples: &[f32]) -> f32 {
    let sum: f32 = samples.iter().map(|sample| sample * sample).sum();
    (sum / samples.len().max(1) as f32).sqrt()
}

#[cfg(test)]
mod tests {
    use hamiltone_training::random::stream;

    use super::*;

    #[test]
    fn a_tilt_lifts_highs_and_a_room_rings() {
        let tone =
            |step: f32| -> Vec<f32> { (0..32_000).map(|i| (i as f32 * step).sin()).collect() };
        for (step, louder) in [(1.5, true), (0.01, false)] {
            let mut changed = tone(step);
            tilt(&mut changed, 32_000, 3.0);
            assert_eq!(
                root_mean_square(&changed) > root_mean_square(&tone(step)),
                louder
            );
        }
        let mut click = vec![0.0; 32_000];
        click[0] = 1.0;
        reverberate(&mut click, 32_000, &mut stream(3, &[]));
        let energy = |part: &[f32]| root_mean_square(part);
        assert!(energy(&click[3_000..6_000]) > 1e-4);
        assert!(energy(&click[3_000..6_000]) > energy(&click[28_000..]));
    }
}
