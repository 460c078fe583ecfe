//! Tones, noises and signals by formula: what a mixing desk meets (sine, hum, hiss, sweep, dropout)
//! and what is simpler than a recording of it (sirens, telephones, alarms, engines, wind). The
//! teacher says what each of them is.

mod synthesis;
mod things;
mod tones;

use rand_chacha::ChaCha8Rng;

use super::{Piece, Recipe, held_out};
use hamiltone_training::random::stream;
use synthesis::{level, noise};
/// Takes of a signal.
const TAKES: u64 = 30;

type Make = fn(&mut ChaCha8Rng) -> Vec<f32>;

const SIGNALS: [(&str, Make); 27] = [
    ("sine", tones::sine),
    ("sweep", tones::sweep),
    ("harmonic", tones::harmonic),
    ("white-noise", |random| noise(random, 0.0)),
    ("pink-noise", |random| noise(random, 0.5)),
    ("brown-noise", |random| noise(random, 1.0)),
    ("static", tones::crackle),
    ("hum", tones::hum),
    ("telephone", tones::telephone),
    ("dialling", tones::dialling),
    ("siren", tones::siren),
    ("two-tone-siren", tones::two_tone),
    ("beeps", tones::beeps),
    ("pulses", tones::pulses),
    ("ticks", tones::ticks),
    ("heartbeat", tones::heartbeat),
    ("buzz", things::buzz),
    ("bell", things::bell),
    ("wind", things::wind),
    ("drops", things::drops),
    ("engine", things::engine),
    ("rotor", things::rotor),
    ("horn", things::horn),
    ("bangs", things::bangs),
    ("steps", things::steps),
    ("whoosh", things::whoosh),
    ("glitch", things::glitch),
];

pub(super) fn pieces() -> Vec<Piece> {
    let all = SIGNALS.iter().enumerate();
    all.flat_map(|(number, (name, make))| {
        (0..TAKES).map(move |take| Piece {
            name: format!("{name}-{take}"),
            group: format!("{name}-{take}"),
            // The parameters are random: what is held out is a take, its kind is known.
            held_out: held_out(take as usize),
            recipe: Recipe::Signal(Signal {
                make: *make,
                at: [number as u64, take],
            }),
        })
    })
    .collect()
}

/// A signal that is made when it is needed: all of them at once are 600 MB.
pub(super) struct Signal {
    make: Make,
    /// Of the stream of random numbers.
    at: [u64; 2],
}

impl Signal {
    /// Its samples, of a peak between −20 and −1 dB.
    pub(super) fn samples(&self) -> Vec<f32> {
        let mut random = stream(5, &self.at);
        let samples = (self.make)(&mut random);
        level(samples, &mut random)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_take_is_audible_finite_and_another() {
        let pieces = pieces();
        assert_eq!(pieces.len() as u64, SIGNALS.len() as u64 * TAKES);
        let mut before = Vec::new();
        for piece in &pieces {
            let Recipe::Signal(signal) = &piece.recipe else {
                panic!("{} is no signal", piece.name)
            };
            let samples = signal.samples();
            assert_eq!(samples.len(), synthesis::LENGTH, "{}", piece.name);
            let peak = samples.iter().fold(0f32, |most, x| most.max(x.abs()));
            assert!(samples.iter().all(|x| x.is_finite()), "{}", piece.name);
            assert!((0.05..=1.0).contains(&peak), "{}: {peak}", piece.name);
            assert_ne!(before, samples);
            before = samples;
        }
    }
}
