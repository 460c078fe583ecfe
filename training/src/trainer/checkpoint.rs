//! A training on disk, so that it can stop at any time.

use std::collections::{BTreeMap, HashMap};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use candle_core::{Device, Tensor};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::files;

const PROGRESS: &str = "progress.json";
const CHECKPOINT: &str = "checkpoint";
/// Locked by the process that trains here. The file stays; the lock ends with the process.
const LOCK: &str = "lock";

/// The folder of one training: `progress.json`, and `checkpoint-N.safetensors` with the tensors after the N steps that
/// the progress tells of.
pub struct TrainingFolder {
    path: PathBuf,
    /// Advice for messages where a file is damaged.
    advice: &'static str,
    _lock: Option<File>,
}

impl TrainingFolder {
    /// Opens a folder to train in; makes it if need be. No other process can until this value is dropped or its
    /// process ends, however it ends.
    ///
    /// # Errors
    /// If another process trains there, or the folder cannot be written.
    pub fn lock(path: &Path, advice: &'static str) -> anyhow::Result<Self> {
        std::fs::create_dir_all(path).with_context(|| format!("making {}", path.display()))?;
        let name = path.join(LOCK);
        let file = File::options()
            .create(true)
            .append(true)
            .open(&name)
            .with_context(|| format!("opening {}", name.display()))?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => bail!(
                "another process is training in {}: wait until it ends, or choose another --out",
                path.display()
            ),
            // Where the file system has no locks, two processes are not told apart.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        Ok(Self {
            _lock: Some(file),
            ..Self::to_read(path, advice)
        })
    }

    /// A folder to read the progress of.
    pub fn to_read(path: &Path, advice: &'static str) -> Self {
        Self {
            path: path.to_owned(),
            advice,
            _lock: None,
        }
    }

    /// A file of the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The progress that was saved, if any.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn progress<P: DeserializeOwned>(&self) -> anyhow::Result<Option<P>> {
        let path = self.path(PROGRESS);
        match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
            Ok(text) => serde_json::from_str(&text)
                .map(Some)
                .with_context(|| format!("{} is damaged: {}", path.display(), self.advice)),
        }
    }

    /// Saves the progress alone, where no step was done since the last checkpoint.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn save_progress(&self, progress: &impl Serialize) -> anyhow::Result<()> {
        files::replace(
            &self.path(PROGRESS),
            &serde_json::to_string_pretty(progress)?,
        )
    }

    /// Saves the tensors after `steps` steps, then the progress that tells of these steps, and removes older tensors: a
    /// stop at any point leaves progress and tensors of the same step.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn save(
        &self,
        steps: usize,
        tensors: BTreeMap<String, Tensor>,
        progress: &impl Serialize,
    ) -> anyhow::Result<()> {
        self.save_tensors(steps, tensors)?;
        self.save_progress(progress)?;
        self.remove_checkpoints(&[checkpoint(steps), hash_of(steps)]);
        Ok(())
    }

    fn save_tensors(&self, steps: usize, tensors: BTreeMap<String, Tensor>) -> anyhow::Result<()> {
        let file = self.path(&checkpoint(steps));
        let part = files::part(&file);
        let tensors: HashMap<String, Tensor> = tensors.into_iter().collect();
        candle_core::safetensors::save(&tensors, &part)
            .map_err(anyhow::Error::from)
            .and_then(|()| {
                let hash = files::hash_on_disk(&part)?;
                files::replace(&self.path(&hash_of(steps)), &hash)?;
                Ok(std::fs::rename(&part, &file)?)
            })
            .with_context(|| format!("saving {}", file.display()))
    }

    /// The tensors after `steps` steps.
    ///
    /// # Errors
    /// If they are missing or damaged: their hash is not the one that was saved beside them. Checkpoints of older
    /// programs have none.
    pub fn tensors(
        &self,
        steps: usize,
        device: &Device,
    ) -> anyhow::Result<BTreeMap<String, Tensor>> {
        let path = self.path(&checkpoint(steps));
        let problem = |what: &str| format!("{} {what}: {}", path.display(), self.advice);
        let bytes = std::fs::read(&path).with_context(|| problem("cannot be read"))?;
        if let Ok(hash) = std::fs::read_to_string(self.path(&hash_of(steps)))
            && hash.trim() != files::hash(&bytes)
        {
            bail!(problem("is damaged"));
        }
        let tensors = candle_core::safetensors::load_buffer(&bytes, device);
        let tensors = tensors.with_context(|| problem("is damaged"))?;
        Ok(tensors.into_iter().collect())
    }

    /// Removes progress, checkpoints and the files of these names, and nothing else.
    ///
    /// # Errors
    /// If a file cannot be removed.
    pub fn forget(&self, names: &[&str]) -> anyhow::Result<()> {
        // The progress first: without it the others are never read.
        files::remove(&self.path(PROGRESS))?;
        for name in names {
            files::remove(&self.path(name))?;
        }
        self.remove_checkpoints(&[]);
        Ok(())
    }

    fn remove_checkpoints(&self, but: &[String]) {
        for entry in std::fs::read_dir(&self.path)
            .into_iter()
            .flatten()
            .flatten()
        {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with(CHECKPOINT) && !but.contains(&name) {
                let _ = std::fs::remove_file(entry.path()); // never read again
            }
        }
    }
}

fn checkpoint(steps: usize) -> String {
    format!("{CHECKPOINT}-{steps}.safetensors")
}

/// The SHA-256 of a checkpoint.
fn hash_of(steps: usize) -> String {
    format!("{CHECKPOINT}-{steps}.sha256")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensors(value: f32) -> BTreeMap<String, Tensor> {
        let tensor = Tensor::from_slice(&[value], 1, &Device::Cpu).unwrap();
        BTreeMap::from([("now.weight".to_owned(), tensor)])
    }

    #[test]
    fn tensors_that_were_saved_before_a_kill_are_not_those_of_the_step_before() {
        let out = tempfile::tempdir().unwrap();
        let folder = TrainingFolder::lock(out.path(), "begin anew").unwrap();
        let value = || {
            let steps = folder.progress::<usize>().unwrap().unwrap();
            let tensors = folder.tensors(steps, &Device::Cpu).unwrap();
            tensors["now.weight"].to_vec1::<f32>().unwrap()[0]
        };
        assert_eq!(folder.progress::<usize>().unwrap(), None);
        folder.save(1, tensors(1.0), &1).unwrap();
        folder.save_tensors(2, tensors(2.0)).unwrap(); // killed here
        assert_eq!(value(), 1.0);
        folder.save(2, tensors(2.0), &2).unwrap();
        assert_eq!(value(), 2.0);
        let checkpoints = std::fs::read_dir(out.path()).unwrap().flatten();
        let checkpoints = checkpoints.filter(|entry| {
            let name = entry.file_name();
            name.to_string_lossy().starts_with(CHECKPOINT)
        });
        assert_eq!(
            checkpoints.count(),
            2,
            "only the newest checkpoint and its hash stay"
        );
        std::fs::write(folder.path("checkpoint-2.safetensors"), "").unwrap();
        let error = folder.tensors(2, &Device::Cpu).unwrap_err();
        assert!(format!("{error:#}").contains("begin anew"), "{error:#}");
    }

    #[test]
    fn a_flipped_bit_is_refused() {
        let out = tempfile::tempdir().unwrap();
        let folder = TrainingFolder::lock(out.path(), "begin anew").unwrap();
        folder.save(1, tensors(1.0), &1).unwrap();
        let path = folder.path("checkpoint-1.safetensors");
        let whole = std::fs::read(&path).unwrap();
        for (place, bit) in [(0, 0), (whole.len() / 2, 3), (whole.len() - 1, 0)] {
            let mut flipped = whole.clone();
            flipped[place] ^= 1 << bit;
            std::fs::write(&path, flipped).unwrap();
            let error = folder.tensors(1, &Device::Cpu).unwrap_err();
            assert!(
                format!("{error:#}").contains("is damaged: begin anew"),
                "{error:#}"
            );
        }
        std::fs::write(&path, &whole).unwrap();
        folder.tensors(1, &Device::Cpu).unwrap();
        // A program without hashes saved this one.
        std::fs::remove_file(folder.path("checkpoint-1.sha256")).unwrap();
        folder.tensors(1, &Device::Cpu).unwrap();
    }

    #[test]
    fn a_folder_has_one_process_at_a_time() {
        let out = tempfile::tempdir().unwrap();
        let first = TrainingFolder::lock(out.path(), "").unwrap();
        let error = TrainingFolder::lock(out.path(), "").err().unwrap();
        assert!(error.to_string().contains("another process"), "{error:#}");
        drop(first);
        TrainingFolder::lock(out.path(), "").unwrap();
    }
}
