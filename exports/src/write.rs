//! Files: all or none, and never over another.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use hamiltone_engine::timeline::Timeline;
use tempfile::NamedTempFile;

use crate::{Format, audacity, jams, lines, midi, picture, reaper};

/// Exports of one name in a folder before it is time to tidy up.
const MAX_NUMBER: u32 = 9_999;
/// Names of files that are not complete.
const HIDDEN_PREFIX: &str = ".hamiltone-export-";
const HIDDEN_SUFFIX: &str = ".part";

/// Why an export could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The folder cannot be made, or a file in it cannot be written.
    #[error("{} cannot be written: {cause}. Make room, or choose another folder", path.display())]
    Write {
        /// The folder or file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// Every number is taken.
    #[error("{} holds {MAX_NUMBER} exports named {stem:?} already. Choose another folder", folder.display())]
    Full {
        /// The folder.
        folder: PathBuf,
        /// The name.
        stem: String,
    },
}

/// Writes a timeline in one format. Streams: needs little memory beside the timeline, but for the
/// picture (some megabytes).
///
/// # Errors
/// If `target` cannot be written to.
pub fn export(timeline: &Timeline, format: Format, target: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Json => {
            timeline.write_json(&mut *target)?;
            target.write_all(b"\n")
        }
        Format::Csv => target.write_all(timeline.to_csv().as_bytes()),
        Format::Jsonl => lines::write(timeline, target),
        Format::Audacity => audacity::write(timeline, target),
        Format::Reaper => reaper::write(timeline, target),
        Format::Jams => jams::write(timeline, target),
        Format::Midi => midi::write(timeline, target),
        Format::Png => picture::write(timeline, target),
    }
}

/// Writes `STEM.ENDING` for each format into `folder`, which is made where it is missing. Where one
/// of the names is taken, all get the first number that is free for all: `STEM-2.ENDING`. Returns the
/// files in the order of the formats. Blocks.
///
/// Each file is complete before it has its name, so a full disk leaves none behind that is cut short. Hidden files
/// that an earlier call left there, since its program was killed, are removed.
///
/// # Errors
/// If the folder or a file cannot be written; what this call wrote before is removed again.
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

/// A new hidden file, locked while it is open.
fn create_hidden(folder: &Path) -> io::Result<NamedTempFile> {
    loop {
        let file = tempfile::Builder::new()
            .prefix(HIDDEN_PREFIX)
            .suffix(HIDDEN_SUFFIX)
            .tempfile_in(folder)?;
        // Says that it is in use. Where the file system has no locks, nothing is ever removed.
        let _ = file.as_file().lock();
        // Otherwise another program removed it before it was locked.
        if file.path().exists() {
            return Ok(file);
        }
    }
}

/// Removes hidden files that no program has open.
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
    export(timeline, format, &mut target)?;
    target.flush()?;
    drop(target);
    file.as_file().sync_all()?;
    readable(file.path())?;
    Ok(file)
}

/// Temporary files are private; exports are like any file a program writes.
#[cfg(unix)]
fn readable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Gives all files their names under one number. On a clash or an error all are hidden again.
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
    let taken = ready.iter().map(|(format, _)| path_of(*format));
    if let Some(path) = taken
        .into_iter()
        .find(|path| path.symlink_metadata().is_ok())
    {
        return Err((path, io::ErrorKind::AlreadyExists.into()));
    }
    let mut named = Vec::new();
    let mut problem = None;
    for (format, file) in ready.drain(..) {
        let path = path_of(format);
        match file.persist_noclobber(&path) {
            Ok(_) => named.push(path),
            // Somebody was faster. The content of this file is lost with it, so all begin anew.
            Err(error) => {
                problem = Some((path, error.error));
                break;
            }
        }
    }
    match problem {
        None => Ok(named),
        Some((path, error)) => {
            for path in named {
                let _ = fs::remove_file(path);
            }
            let cause =
                io::Error::other(format!("another program wrote there meanwhile ({error})"));
            Err((path, cause))
        }
    }
}
