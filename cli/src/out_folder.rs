//! The output folder: its files are complete or absent, and unfinished files of killed runs are removed.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use same_file::Handle;

const PREFIX: &str = ".hamiltone-";
const SUFFIX: &str = ".part";

/// The output folder during a run.
pub(crate) struct OutFolder {
    path: PathBuf,
    identity: Handle,
    /// Random; part of the names of unfinished files. The journal lists it, so that a later run can remove them.
    run: String,
    next: AtomicUsize,
}

impl OutFolder {
    /// Creates the folder if needed and a file in it, so that a folder without write permission is found at once.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        fs::create_dir_all(path)?;
        let folder = Self {
            path: path.to_owned(),
            identity: Handle::from_path(path)?,
            run: format!("{:016x}", RandomState::new().hash_one(std::process::id())),
            next: AtomicUsize::new(0),
        };
        drop(folder.create(&path.join("trial"))?);
        Ok(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The random name of this run.
    pub(crate) fn run(&self) -> &str {
        &self.run
    }

    /// Whether the path still leads to the folder that was opened.
    pub(crate) fn is_there(&self) -> bool {
        Handle::from_path(&self.path).is_ok_and(|now| now == self.identity)
    }

    /// Creates a file below the folder, with a hidden name in the same folder. Missing subfolders are created. The output
    /// folder itself is not: if it was removed, so were the results in it.
    pub(crate) fn create(&self, path: &Path) -> io::Result<PartFile> {
        let below = path
            .parent()
            .and_then(|parent| parent.strip_prefix(&self.path).ok());
        let mut folder = self.path.clone();
        for part in below.into_iter().flatten() {
            folder.push(part);
            match fs::create_dir(&folder) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
        }
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let part = path.with_file_name(format!("{PREFIX}{}-{number}{SUFFIX}", self.run));
            let file = match File::create_new(&part) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                file => file?,
            };
            // The lock marks the file as in use. On file systems without locks, no unfinished file is removed.
            let _ = file.lock();
            // Another run may have removed it before it was locked.
            if part.symlink_metadata().is_err() && self.is_there() {
                continue;
            }
            return Ok(PartFile {
                path: path.to_owned(),
                part: Some(part),
                file: BufWriter::new(file),
            });
        }
    }

    /// Writes a file below the folder, complete or not at all.
    pub(crate) fn write_with(
        &self,
        path: &Path,
        fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut file = self.create(path)?;
        fill(&mut file)?;
        file.finish()
    }

    /// Removes unfinished files of these runs from these folders, unless a run still has them locked. Returns the number
    /// of files removed.
    pub(crate) fn remove_unfinished(
        &self,
        runs: &BTreeSet<String>,
        folders: &BTreeSet<PathBuf>,
    ) -> usize {
        let mut removed = 0;
        for folder in folders {
            let listing = fs::read_dir(folder).into_iter().flatten().flatten();
            for entry in listing {
                let name = entry.file_name();
                let ours = name.to_str().is_some_and(|name| is_part_of(name, runs));
                removed += usize::from(ours && remove_unless_locked(&entry.path()));
            }
        }
        removed
    }
}

/// Whether this is the name of an unfinished file of one of these runs.
fn is_part_of(name: &str, runs: &BTreeSet<String>) -> bool {
    let middle = name
        .strip_prefix(PREFIX)
        .and_then(|name| name.strip_suffix(SUFFIX));
    let parts = middle.and_then(|middle| middle.split_once('-'));
    parts.is_some_and(|(run, number)| runs.contains(run) && number.parse::<usize>().is_ok())
}

/// Removes a file unless it is locked; returns whether it was removed.
fn remove_unless_locked(path: &Path) -> bool {
    let Ok(file) = File::options().write(true).open(path) else {
        return false;
    };
    match file.try_lock() {
        Ok(()) => fs::remove_file(path).is_ok(),
        Err(TryLockError::WouldBlock | TryLockError::Error(_)) => false,
    }
}

/// An unfinished file. [`finish`](Self::finish) gives it its name; dropping it removes it.
pub(crate) struct PartFile {
    path: PathBuf,
    /// Its hidden path; `None` once it has its name.
    part: Option<PathBuf>,
    file: BufWriter<File>,
}

impl PartFile {
    /// Gives it its name, replacing a file of that name. Its contents are on the disk before: a power failure leaves
    /// the old file or the new one, never an empty one.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.file.flush()?;
        self.file.get_ref().sync_data()?;
        if let Some(part) = &self.part {
            fs::rename(part, &self.path)?;
            self.part = None;
        }
        Ok(())
    }
}

impl Write for PartFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for PartFile {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.file.seek(position)
    }
}

impl Drop for PartFile {
    fn drop(&mut self) {
        if let Some(part) = &self.part {
            let _ = fs::remove_file(part); // the error that led here is already reported
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &OutFolder, name: &str, text: &str) -> io::Result<()> {
        folder.write_with(&folder.path().join(name), |file| {
            file.write_all(text.as_bytes())
        })
    }

    #[test]
    fn a_file_that_cannot_be_written_leaves_nothing_behind() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = OutFolder::open(temporary.path()).unwrap();
        write(&folder, "sub/result.json", "one").unwrap();
        write(&folder, "sub/result.json", "two").unwrap();
        let text = fs::read_to_string(folder.path().join("sub/result.json"));
        assert_eq!(text.unwrap(), "two");
        // A file cannot replace a folder.
        fs::create_dir(folder.path().join("blocked.json")).unwrap();
        assert!(write(&folder, "blocked.json", "x").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_removed_folder_is_not_created_again() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = OutFolder::open(&temporary.path().join("a/out")).unwrap();
        assert!(folder.is_there());
        fs::remove_dir(folder.path()).unwrap();
        assert!(!folder.is_there());
        for name in ["result.json", "sub/result.json"] {
            let error = write(&folder, name, "one").unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::NotFound);
        }
        fs::create_dir(folder.path()).unwrap();
        assert!(!folder.is_there(), "another folder of the same name");
    }

    #[test]
    fn only_unfinished_files_of_known_runs_are_removed() {
        let temporary = tempfile::tempdir().unwrap();
        let (path, sub) = (temporary.path(), temporary.path().join("sub"));
        fs::create_dir(&sub).unwrap();
        let folder = OutFolder::open(path).unwrap();
        let mine = folder.run().to_owned();
        let kept = [
            ".hamiltone-0123456789abcdef-0.part".to_owned(), // not a run in the journal
            format!(".hamiltone-{mine}-x.part"),
            format!(".hamiltone-{mine}-1.part.bak"),
            format!("hamiltone-{mine}-1.part"),
            "download.part".to_owned(),
        ];
        let abandoned = format!(".hamiltone-{mine}-77.part");
        for name in kept.iter().chain([&abandoned]) {
            fs::write(path.join(name), "x").unwrap();
            fs::write(sub.join(name), "x").unwrap();
        }
        let in_use = folder.create(&path.join("result.json")).unwrap();
        let runs = BTreeSet::from([mine]);
        let folders = BTreeSet::from([path.to_owned(), sub.clone(), path.join("missing")]);
        assert_eq!(folder.remove_unfinished(&runs, &folders), 2);
        for folder in [path, &sub] {
            assert!(!folder.join(&abandoned).exists());
            assert!(kept.iter().all(|name| folder.join(name).exists()));
        }
        in_use.finish().unwrap();
        assert!(path.join("result.json").exists());
    }
}
