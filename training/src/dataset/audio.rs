//! The audio of a data set in memory, at the model's rate.

use anyhow::{Context, bail, ensure};
use rayon::prelude::*;
use sysinfo::System;

use super::{Clip, Dataset};
use crate::audio_cache::{AudioCache, Sound};

/// So many clips stand for all where a set does not say how long its clips are.
const SAMPLED: usize = 64;

/// Every clip's samples at the cache's rate, in the order of [`Dataset::clips`], or why it cannot be decoded or
/// resampled; calls `done` after each. Four bytes a sample: an hour at 32 kHz takes 460 MB.
///
/// # Errors
/// Before any is kept, if all together need more memory than is free.
pub fn load_audio(
    dataset: &Dataset,
    cache: &AudioCache,
    done: &(dyn Fn() + Sync),
) -> anyhow::Result<Vec<anyhow::Result<Vec<f32>>>> {
    check_memory(
        dataset,
        seconds(dataset, cache),
        cache.rate(),
        free_memory(),
    )?;
    let load = |clip: &Clip| {
        let samples = sound(clip, cache).map(|sound| sound.to_f32());
        done();
        samples
    };
    Ok(dataset.clips.par_iter().map(load).collect())
}

/// The samples of the clips that could be read; the others are taken out of the data set and named on stderr, all of
/// them.
///
/// # Errors
/// If some could not be read and `strict` asks for all, or a label has no clip left.
pub(crate) fn leave_out_unreadable(
    dataset: &mut Dataset,
    loaded: Vec<anyhow::Result<Vec<f32>>>,
    strict: bool,
) -> anyhow::Result<Vec<Vec<f32>>> {
    let (all, had) = (loaded.len(), clips_of_labels(dataset));
    let (mut audio, mut problems) = (Vec::with_capacity(all), String::new());
    let mut readable = loaded.into_iter().map(|samples| match samples {
        Ok(samples) => {
            audio.push(samples);
            true
        }
        Err(error) => {
            problems += &format!("\n  {error:#}");
            false
        }
    });
    dataset.clips.retain(|_| readable.next().unwrap_or(false));
    drop(readable);
    dataset.left_out = all - dataset.clips.len();
    if dataset.left_out == 0 {
        return Ok(audio);
    }
    let which = format!("{} of {all} clips cannot be read", dataset.left_out);
    ensure!(
        !strict,
        "{which}; repair or remove them, or leave out --strict to go on without them:{problems}"
    );
    let has = clips_of_labels(dataset);
    let gone = had
        .iter()
        .zip(&has)
        .position(|(had, has)| *had > 0 && *has == 0);
    if let Some(label) = gone {
        let label = &dataset.labels[label];
        bail!("{which}, and none of the label {label:?} is left:{problems}");
    }
    eprintln!("warning: {which} and are left out (--strict stops instead):{problems}");
    Ok(audio)
}

fn clips_of_labels(dataset: &Dataset) -> Vec<usize> {
    let mut counts = vec![0; dataset.labels.len()];
    for clip in &dataset.clips {
        clip.labels.iter().for_each(|&label| counts[label] += 1);
    }
    counts
}

fn sound(clip: &Clip, cache: &AudioCache) -> anyhow::Result<Sound> {
    let sound = cache.sound(&clip.path, clip.duration_s);
    sound.with_context(|| clip.path.display().to_string())
}

/// The length of all clips: as the set states it, otherwise about, by the mean of some of them.
fn seconds(dataset: &Dataset, cache: &AudioCache) -> f64 {
    let stated: f64 = dataset
        .clips
        .iter()
        .filter_map(|clip| clip.duration_s)
        .sum();
    let others = dataset
        .clips
        .iter()
        .filter(|clip| clip.duration_s.is_none());
    let others: Vec<&Clip> = others.collect();
    let every = others.len().div_ceil(SAMPLED).max(1);
    let some: Vec<&Clip> = others.iter().step_by(every).copied().collect();
    let length = |clip: &&Clip| sound(clip, cache).ok().map(|sound| sound.samples.len());
    let lengths: Vec<usize> = some.par_iter().filter_map(length).collect();
    let mean = lengths.iter().sum::<usize>() as f64 / lengths.len().max(1) as f64;
    stated + others.len() as f64 * mean / f64::from(cache.rate())
}

/// Refuses what does not fit into `free` bytes, where these are known.
fn check_memory(
    dataset: &Dataset,
    seconds: f64,
    rate: u32,
    free: Option<f64>,
) -> anyhow::Result<()> {
    let needed = seconds * f64::from(rate) * size_of::<f32>() as f64;
    let free = free.unwrap_or(f64::INFINITY);
    ensure!(
        needed <= free,
        "the {} clips last about {:.1} hours, which take {:.1} GB of memory, and {:.1} GB are free: \
         leave clips out of the set or its list, or take a machine with more memory",
        dataset.clips.len(),
        seconds / 3_600.0,
        needed / 1e9,
        free / 1e9
    );
    Ok(())
}

/// Bytes that a program can have yet, where the system says it.
fn free_memory() -> Option<f64> {
    let mut system = System::new();
    system.refresh_memory();
    let free = system.available_memory() + system.free_swap();
    (free > 0).then_some(free as f64)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use hamiltone_engine::model::TaskKind;

    use super::*;
    use crate::audio_cache::tests::write;

    #[test]
    fn a_set_that_does_not_fit_is_refused_with_what_it_needs() {
        let folder = tempfile::tempdir().unwrap();
        let clip = |(index, duration_s): (usize, Option<f64>)| {
            let path: PathBuf = folder.path().join(format!("{index}.wav"));
            write(&path, (1 + index % 3) as f32, 0.1); // 1, 2, 3 s and again
            Clip {
                path,
                labels: vec![0],
                group: index.to_string(),
                fold: 1,
                duration_s,
                licence: String::new(),
            }
        };
        let unknown = (0..6).map(|index| (index, None));
        let known = (6..9).map(|index| (index, Some(0.5)));
        let dataset = Dataset {
            kind: TaskKind::SingleLabel,
            labels: vec!["a".into(), "b".into()],
            clips: unknown.chain(known).map(clip).collect(),
            licences: Vec::new(),
            left_out: 0,
        };
        let cache = AudioCache::none(32_000);
        let seconds = seconds(&dataset, &cache);
        assert!((seconds - 13.5).abs() < 0.01, "{seconds}"); // 2 (1 + 2 + 3) + 3 · 0.5
        let bytes = 13.5 * 32_000.0 * 4.0;
        let check = |free| check_memory(&dataset, seconds, 32_000, free);
        check(Some(1.01 * bytes)).unwrap();
        check(None).unwrap();
        assert!(check(Some(0.99 * bytes)).is_err());
        // AudioSet's balanced and evaluation lists, on this machine's like.
        let error = check_memory(&dataset, 42_000.0 * 10.0, 32_000, Some(23e9));
        let error = error.unwrap_err().to_string();
        for words in [
            "116.7 hours",
            "53.8 GB",
            "23.0 GB are free",
            "leave clips out",
        ] {
            assert!(error.contains(words), "{error}");
        }
        assert!(free_memory().is_none_or(|free| free > 1e6));
    }
}
