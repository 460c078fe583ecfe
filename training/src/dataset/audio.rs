//! The audio of a data set in memory, at the model's rate.

use anyhow::Context;
use hamiltone_decoding::read_mono;
use hamiltone_engine::audio::StreamResampler;
use rayon::prelude::*;

use super::{Clip, Dataset};

/// Every clip's samples at `sample_rate` Hz, in the order of [`Dataset::clips`]; calls `done` after
/// each. Four bytes a sample: an hour at 32 kHz takes 460 MB.
///
/// # Errors
/// If a clip cannot be decoded or resampled.
pub fn load_audio(
    dataset: &Dataset,
    sample_rate: u32,
    done: &(dyn Fn() + Sync),
) -> anyhow::Result<Vec<Vec<f32>>> {
    let load = |clip: &Clip| {
        let samples = load_clip(clip, sample_rate).context("a clip of the data set");
        done();
        samples
    };
    dataset.clips.par_iter().map(load).collect()
}

fn load_clip(clip: &Clip, sample_rate: u32) -> anyhow::Result<Vec<f32>> {
    let mut audio = read_mono(&clip.path)?;
    if let Some(seconds) = clip.duration_s {
        let exact = (seconds * f64::from(audio.sample_rate)).round() as usize;
        audio.samples.truncate(exact.max(1));
    }
    let mut resampler = StreamResampler::new(audio.sample_rate, sample_rate)
        .with_context(|| clip.path.display().to_string())?;
    let mut samples = Vec::new();
    resampler.push(&audio.samples, &mut |piece| {
        samples.extend_from_slice(piece)
    });
    resampler.finish(&mut |piece| samples.extend_from_slice(piece));
    Ok(samples)
}
