//! Gathered sound in memory, to draw from.

use anyhow::ensure;
use rand::Rng;
use rayon::prelude::*;

use crate::audio_cache::Sound;
use crate::material::Source;

/// Sounds in memory, two bytes a sample, and how often each is drawn.
pub struct Material {
    sounds: Vec<Sound>,
    /// Sums of the weights up to and with each sound.
    weights: Vec<f64>,
}

/// A long sound is drawn more often than a short one, but not in proportion: an hour of music is
/// one kind of sound, sixty effects of a second are sixty.
pub(super) const SECONDS_POWER: f64 = 0.5;

impl Material {
    /// Reads sounds; one that cannot be read is left out, with a word. Calls
    /// `done` after each.
    ///
    /// # Errors
    /// If none is left.
    pub fn load(sources: &[Source], done: &(dyn Fn() + Sync)) -> anyhow::Result<Self> {
        let sounds: Vec<Option<Sound>> = sources
            .par_iter()
            .map(|source| {
                let sound = Sound::read(&source.path);
                done();
                sound
                    .inspect_err(|error| eprintln!("left out: {error:#}"))
                    .ok()
                    .filter(|sound| !sound.samples.is_empty())
            })
            .collect();
        Self::new(sounds.into_iter().flatten().collect())
    }

    /// Of sounds at one rate.
    ///
    /// # Errors
    /// If there is none.
    pub fn new(sounds: Vec<Sound>) -> anyhow::Result<Self> {
        ensure!(!sounds.is_empty(), "there is no sound to learn from");
        let mut sum = 0.0;
        let mut weigh = |sound: &Sound| {
            sum += (sound.samples.len() as f64).powf(SECONDS_POWER);
            sum
        };
        let weights = sounds.iter().map(&mut weigh).collect();
        Ok(Self { sounds, weights })
    }

    /// One of the sounds, at random.
    pub fn draw(&self, random: &mut impl Rng) -> &Sound {
        let total = self.weights.last().copied().unwrap_or(0.0);
        let place = random.random::<f64>() * total;
        let index = self.weights.partition_point(|sum| *sum <= place);
        &self.sounds[index.min(self.sounds.len() - 1)]
    }

    /// All of them.
    pub fn sounds(&self) -> &[Sound] {
        &self.sounds
    }
}
