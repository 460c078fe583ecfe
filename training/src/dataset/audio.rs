//! The audio of a data set in memory, at the model's rate.

use anyhow::Context;
use rayon::prelude::*;

use super::{Clip, Dataset};
use crate::audio_cache::AudioCache;

/// Every clip's samples at the cache's rate, in the order of [`Dataset::clips`]; calls `done`
/// after each. Four bytes a sample: an hour at 32 kHz takes 460 MB.
///
/// # Errors
/// If a clip cannot be decoded or resampled.
pub fn load_audio(
    dataset: &Dataset,
    cache: &AudioCache,
    done: &(dyn Fn() + Sync),
) -> anyhow::Result<Vec<Vec<f32>>> {
    let load = |clip: &Clip| {
        let sound = cache.sound(&clip.path, clip.duration_s);
        done();
        Ok(sound.context("a clip of the data set")?.to_f32())
    };
    dataset.clips.par_iter().map(load).collect()
}
