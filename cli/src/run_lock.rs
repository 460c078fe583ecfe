//! One run at a time in an output folder: two would write the same tables and results.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use same_file::Handle;

use crate::shard::Shard;

/// The lock of a folder. Hidden; exists only during a run, and after one that was killed.
const LOCK: &str = ".hamiltone-lock";

/// The name of the lock: parts of `--shard` have one each, since they write at the same time.
fn name(shard: Option<Shard>) -> String {
    shard.map_or_else(
        || LOCK.to_owned(),
        |shard| format!("{LOCK}.{}-of-{}", shard.index, shard.count),
    )
}

/// Held during a run; the system releases it if the process is killed.
pub(crate) struct RunLock {
    /// `None` on a file system without locks, where runs are not told apart.
    locked: Option<(PathBuf, File)>,
}

impl RunLock {
    /// Locks the folder. Does not wait.
    ///
    /// # Errors
    /// If another run has it ([`io::ErrorKind::ResourceBusy`]), or the lock cannot be created.
    pub(crate) fn take(folder: &Path, shard: Option<Shard>) -> io::Result<Self> {
        let path = folder.join(name(shard));
        loop {
            let file = File::options().create(true).append(true).open(&path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let message = "another run of hamiltone writes into this folder; wait until it ends, or choose \
                                   another folder with --out";
                    return Err(io::Error::new(io::ErrorKind::ResourceBusy, message));
                }
                Err(TryLockError::Error(_)) => return Ok(Self { locked: None }),
            }
            // A run that has just ended may have removed the file before it was locked here.
            let ours = Handle::from_file(file.try_clone()?)?;
            if Handle::from_path(&path).is_ok_and(|now| now == ours) {
                return Ok(Self {
                    locked: Some((path, file)),
                });
            }
        }
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        if let Some((path, file)) = self.locked.take() {
            // Before it is unlocked, so that no other run locks a file that is about to go. Windows refuses to remove
            // an open file: it stays, unlocked, which does no harm.
            let _ = std::fs::remove_file(path);
            drop(file);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_run_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let first = RunLock::take(folder.path(), None).unwrap();
        let error = RunLock::take(folder.path(), None).err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::ResourceBusy);
        drop(first);
        let second = RunLock::take(folder.path(), None).unwrap();
        assert!(RunLock::take(folder.path(), None).is_err());
        drop(second);
        if cfg!(unix) {
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        }
    }

    #[test]
    fn many_runs_that_begin_at_once_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let inside = std::sync::atomic::AtomicUsize::new(0);
        let holds = &|| {
            for _ in 0..200 {
                if let Ok(lock) = RunLock::take(folder.path(), None) {
                    use std::sync::atomic::Ordering::SeqCst;
                    assert_eq!(inside.fetch_add(1, SeqCst), 0);
                    std::thread::yield_now();
                    inside.fetch_sub(1, SeqCst);
                    drop(lock);
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(holds);
            }
        });
    }
}
