//! From files to the cache.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::convert;
use crate::teacher::RATE;
use hamiltone_training::audio_cache::AudioCache;
use hamiltone_training::files;
use hamiltone_training::material::Source;

/// Shorter sounds are left out, in seconds.
const SHORTEST: f64 = 0.1;
/// Sounds that never get louder are left out, over full scale.
const SILENT: f32 = 1e-4;
/// Files that are decoded before the length is looked at again.
const AT_ONCE: usize = 16;

/// An audio file, and what is to be said of it.
pub(super) struct Found {
    pub(super) file: PathBuf,
    pub(super) duration_s: Option<f64>,
    /// Path and length are not known yet.
    pub(super) about: Source,
}

/// How many files were kept.
#[derive(Default, Debug)]
pub(super) struct Kept {
    pub(super) sources: Vec<Source>,
    /// Files that could not be decoded, with the reasons.
    pub(super) failed: Vec<String>,
    /// Files that are silent, too short, or the same as another.
    pub(super) left_out: usize,
}

/// Decodes files into `out/cache` until there are `most_minutes`.
pub(super) fn keep(found: &[Found], out: &Path, most_minutes: Option<f64>) -> Kept {
    let cache = AudioCache::new(&out.join("cache"), RATE);
    let most_seconds = most_minutes.map_or(f64::INFINITY, |minutes| 60.0 * minutes);
    let (mut kept, mut seen, mut seconds) = (Kept::default(), BTreeSet::new(), 0.0);
    for some in found.chunks(AT_ONCE) {
        let results: Vec<_> = some
            .par_iter()
            .map(|one| keep_one(one, &cache, out))
            .collect();
        for result in results {
            match result {
                Ok(Some(_)) if seconds >= most_seconds => kept.left_out += 1,
                Ok(Some(source)) if seen.insert(source.path.clone()) => {
                    seconds += source.seconds;
                    kept.sources.push(source);
                }
                Ok(_) => kept.left_out += 1,
                Err(error) => kept.failed.push(format!("{error:#}")),
            }
        }
        if seconds >= most_seconds {
            break;
        }
    }
    kept
}

/// The most that ffmpeg converts of a file.
const LONGEST_S: u32 = 1_200;

fn keep_one(found: &Found, cache: &AudioCache, out: &Path) -> anyhow::Result<Option<Source>> {
    let kept = cache.keep(&found.file, found.duration_s).or_else(|error| {
        let mut wav = found.file.clone().into_os_string();
        wav.push(".wav");
        let wav = PathBuf::from(wav);
        // What ffmpeg says of a file that neither reads is of less use than our own error.
        convert::to_wav(&found.file, &wav, Some(LONGEST_S)).map_err(|_| error)?;
        let kept = cache.keep(&wav, found.duration_s);
        files::remove(&wav)?;
        kept
    });
    let (entry, sound) = kept?;
    let seconds = sound.samples.len() as f64 / f64::from(RATE);
    let loudest = sound.scale * f32::from(i16::MAX);
    if seconds < SHORTEST || loudest < SILENT {
        files::remove(&entry)?;
        return Ok(None);
    }
    Ok(Some(Source {
        path: entry.strip_prefix(out).unwrap_or(&entry).to_owned(),
        seconds: (seconds * 1000.0).round() / 1000.0,
        ..found.about.clone()
    }))
}
