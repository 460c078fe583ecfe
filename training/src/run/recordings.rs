//! A data set in memory.

use std::path::Path;

use hamiltone_engine::features::FeatureSettings;

use crate::audio_cache::AudioCache;
use crate::dataset::{Dataset, Task, leave_out_unreadable, load_audio};
use crate::progress_bar::progress_bar;

/// A data set with its audio.
pub struct Recordings {
    /// Clips, labels, folds.
    pub dataset: Dataset,
    /// The samples of each clip.
    pub(super) audio: Vec<Vec<f32>>,
}

/// How audio is loaded.
#[derive(Debug, Clone, Copy)]
pub struct Loading {
    /// Fail if a clip cannot be read, instead of leaving it out.
    pub strict: bool,
    /// Show no progress.
    pub quiet: bool,
}

impl Recordings {
    /// The samples of a clip of the data set, at the rate of the default front end.
    pub(crate) fn samples(&self, clip: usize) -> &[f32] {
        &self.audio[clip]
    }

    /// Reads a task's clips from `data`, through the cache in a folder (or the usual one). All clips that cannot be
    /// read are named on stderr.
    ///
    /// # Errors
    /// If there is no such data set, a label has no clip that can be read, or `strict` asks for all clips.
    pub fn load(
        data: &Path,
        task: Task,
        cache: Option<&Path>,
        Loading { strict, quiet }: Loading,
    ) -> anyhow::Result<Self> {
        let mut dataset = Dataset::open(data, task)?;
        let alone = dataset.labels_of_one_recording();
        if !alone.is_empty() {
            eprintln!(
                "warning: all clips of {} are of one recording: no fold both learns and tests such a label; add \
                 recordings of it",
                alone.join(", ")
            );
        }
        let rate = FeatureSettings::default().sample_rate;
        let folder = cache.map_or_else(AudioCache::default_folder, Path::to_owned);
        let bar = progress_bar(dataset.clips.len() as u64, "reading clips", quiet);
        let loaded = load_audio(&dataset, &AudioCache::new(&folder, rate), &|| bar.inc(1))?;
        bar.finish_and_clear();
        let audio = leave_out_unreadable(&mut dataset, loaded, strict)?;
        Ok(Self { dataset, audio })
    }
}
