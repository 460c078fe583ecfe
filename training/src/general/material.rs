//! Unlabelled sound, gathered.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use rand::Rng;
use rayon::prelude::*;
use serde::Deserialize;

use crate::audio_cache::{AudioCache, Sound};

/// A line of `material.csv`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Source {
    /// The audio file.
    pub path: PathBuf,
    /// What must not straddle learning and measuring: a package, an actor, a track.
    pub group: String,
    /// Whether its licence allows commercial use.
    pub commercial: bool,
    /// Whether it is for measuring only.
    pub held_out: bool,
    /// Its length.
    pub seconds: f64,
}

/// Sounds in memory, two bytes a sample, and how often each is drawn.
pub struct Material {
    sounds: Vec<Sound>,
    /// Sums of the weights up to and with each sound.
    weights: Vec<f64>,
}

/// A long sound is drawn more often than a short one, but not in proportion: an hour of music is
/// one kind of sound, sixty effects of a second are sixty.
const SECONDS_POWER: f64 = 0.5;

impl Source {
    /// The lines of a `material.csv`.
    ///
    /// # Errors
    /// If it cannot be read or understood.
    pub fn list(path: &Path) -> anyhow::Result<Vec<Self>> {
        let mut lines =
            csv::Reader::from_path(path).with_context(|| format!("opening {}", path.display()))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let lines = lines.deserialize().map(|line| {
            let line: Self = line.with_context(|| path.display().to_string())?;
            Ok(Self {
                path: folder.join(&line.path),
                ..line
            })
        });
        lines.collect()
    }
}

impl Material {
    /// Reads sounds through the cache; one that cannot be read is left out, with a word. Calls
    /// `done` after each.
    ///
    /// # Errors
    /// If none is left.
    pub fn load(
        sources: &[Source],
        cache: &AudioCache,
        done: &(dyn Fn() + Sync),
    ) -> anyhow::Result<Self> {
        let sounds: Vec<Option<Sound>> = sources
            .par_iter()
            .map(|source| {
                let sound = cache.sound(&source.path, None);
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
