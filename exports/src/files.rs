//! Files that are complete or absent and never overwrite another file.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use hamiltone_engine::timeline::Timeline;
use tempfile::NamedTempFile;

use crate::Format;

/// The highest number that [`write_all`] adds to a name.
const MAX_NUMBER: u32 = 9_999;
/// Prefix and suffix of unfinished files.
const HIDDEN_PREFIX: &str = ".hamiltone-export-";
const HIDDEN_SUFFIX: &str = ".part";

/// Why an export could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The folder cannot be created, or a file in it cannot be written.
    #[error("cannot write {}: {cause}. Free some space, or choose another folder", path.display())]
    Write {
        /// The folder or file.
        path: PathBuf,
        /// The error of the system.
        cause: io::Error,
    },
    /// All numbers up to 9999 are taken.
    #[error("{} already holds {MAX_NUMBER} exports named {stem:?}. Choose another folder", folder.display())]
    Full {
        /// The folder.
        folder: PathBuf,
        /// The file name without number and ending.
        stem: String,
    },
}

/// Writes `STEM.ENDING` for each format into `folder`, which is created if needed. If any of the names is taken, all get
/// the lowest number that is free for all of them: `STEM-2.ENDING`. Returns the files in the order of the formats. Blocks.
///
/// A file gets its name when it is complete, so a full disk leaves no truncated files. Hidden files that a killed
/// process left in the folder are removed.
///
/// # Errors
/// If the folder or a file cannot be written; the files of this call are then removed again.
pub fn write_all(
    timeline: &Timeline,
    formats: &[Format],
    folder: &Path,
    stem: &str,
) -> Result<Vec<PathBuf>, ExportError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |cause| ExportError::Write { path, cause }
    };
    fs::create_dir_all(folder).map_err(failed(folder))?;
    remove_abandoned(folder);
    let mut ready = Vec::new();
    for format in formats {
        let file = write_hidden(timeline, *format, folder).map_err(failed(folder))?;
        ready.push((*format, file));
    }
    for number in 1..=MAX_NUMBER {
        match name_all(&mut ready, folder, stem, number) {
            Ok(paths) => return Ok(paths),
            Err((_, cause)) if cause.kind() == io::ErrorKind::AlreadyExists => {}
            Err((path, cause)) => return Err(ExportError::Write { path, cause }),
        }
    }
    Err(ExportError::Full {
        folder: folder.to_owned(),
        stem: stem.to_owned(),
    })
}

/// A new hidden file in the folder of `path`, to take its name when it is complete ([`NamedTempFile::persist`]). It is locked while
/// it is open; hidden files that killed processes left in the folder are removed. Blocks.
///
/// # Errors
/// If it cannot be created.
pub fn temporary_beside(path: &Path) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let folder = folder.unwrap_or(Path::new("."));
    remove_abandoned(folder);
    create_hidden(folder)
}

/// Writes a file, over an older one of this name: it is complete, or the older one is unchanged. Blocks.
///
/// # Errors
/// If it cannot be written.
pub fn replace(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut file = temporary_beside(path)?;
    let mut target = BufWriter::new(file.as_file_mut());
    write(&mut target)?;
    target.flush()?;
    drop(target);
    file.as_file().sync_all()?;
    make_readable(file.path())?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// A new hidden file, locked while it is open.
fn create_hidden(folder: &Path) -> io::Result<NamedTempFile> {
    loop {
        let file = tempfile::Builder::new()
            .prefix(HIDDEN_PREFIX)
            .suffix(HIDDEN_SUFFIX)
            .tempfile_in(folder)?;
        // The lock marks the file as in use. On file systems without locks, no hidden file is ever removed.
        let _ = file.as_file().lock();
        // Another process may have removed it before it was locked.
        if file.path().exists() {
            return Ok(file);
        }
    }
}

/// Removes hidden files that no process has locked.
fn remove_abandoned(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let ours = name
            .to_str()
            .and_then(|name| name.strip_prefix(HIDDEN_PREFIX))
            .is_some_and(|rest| rest.ends_with(HIDDEN_SUFFIX));
        if ours {
            let file = fs::File::options().write(true).open(entry.path());
            if file.is_ok_and(|file| file.try_lock().is_ok()) {
                let _ = fs::remove_file(entry.path()); // the next call tries again
            }
        }
    }
}

fn write_hidden(timeline: &Timeline, format: Format, folder: &Path) -> io::Result<NamedTempFile> {
    let mut file = create_hidden(folder)?;
    let mut target = BufWriter::new(file.as_file_mut());
    format.write(timeline, &mut target)?;
    target.flush()?;
    drop(target);
    file.as_file().sync_all()?;
    make_readable(file.path())?;
    Ok(file)
}

/// Gives a temporary file, which only its owner can read, the permissions of an ordinary file.
#[cfg(unix)]
fn make_readable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_readable(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Gives all files their names with one number.
///
/// # Errors
/// `AlreadyExists`, with `ready` unchanged, if a name is taken. Any other error removes the files named so far.
fn name_all(
    ready: &mut Vec<(Format, NamedTempFile)>,
    folder: &Path,
    stem: &str,
    number: u32,
) -> Result<Vec<PathBuf>, (PathBuf, io::Error)> {
    let path_of = |format: Format| {
        let ending = format.ending();
        folder.join(match number {
            1 => format!("{stem}.{ending}"),
            _ => format!("{stem}-{number}.{ending}"),
        })
    };
    let mut paths = ready.iter().map(|(format, _)| path_of(*format));
    if let Some(path) = paths.find(|path| path.symlink_metadata().is_ok()) {
        return Err((path, io::ErrorKind::AlreadyExists.into()));
    }
    let mut named = Vec::new();
    for (format, file) in ready.drain(..) {
        let path = path_of(format);
        if let Err(error) = file.persist_noclobber(&path) {
            // Another process took the name after the check above. The hidden file is lost with the error.
            for path in named {
                let _ = fs::remove_file(path);
            }
            let cause = format!("another program took the name ({})", error.error);
            return Err((path, io::Error::other(cause)));
        }
        named.push(path);
    }
    Ok(named)
}
