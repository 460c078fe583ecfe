//! Files that are written whole or not at all.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;
use sha2::{Digest, Sha256};

/// Replaces a file by another with these contents; a stop or a full disk leaves the old one.
///
/// # Errors
/// If the file cannot be written.
pub fn replace(path: &Path, contents: &str) -> anyhow::Result<()> {
    replace_bytes(path, contents.as_bytes())
}

/// The same with bytes. Also removes what a killed program left beside this file.
///
/// # Errors
/// If the file cannot be written.
pub fn replace_bytes(path: &Path, contents: &[u8]) -> anyhow::Result<()> {
    write(path, contents, true)
}

/// The same for an entry of a cache, which holds its own hash: does not wait for the disk.
///
/// # Errors
/// If the file cannot be written.
pub fn cache_bytes(path: &Path, contents: &[u8]) -> anyhow::Result<()> {
    write(path, contents, false)
}

fn write(path: &Path, contents: &[u8], synced: bool) -> anyhow::Result<()> {
    // Threads may write the same file at once: each one beside it in a file of its own.
    let (part, mut file) =
        create_part(path).with_context(|| format!("writing {}", path.display()))?;
    let written = file
        .write_all(contents)
        // Else a power failure may leave an empty file of this name.
        .and_then(|()| if synced { file.sync_data() } else { Ok(()) })
        .and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        let _ = fs::remove_file(&part); // the error below says more
    }
    remove_abandoned_parts(path);
    written.with_context(|| format!("writing {}", path.display()))
}

/// A new file beside another, locked while it is open.
fn create_part(path: &Path) -> io::Result<(PathBuf, File)> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let mut name = part(path).into_os_string();
        name.push(format!("{}-{number}", std::process::id()));
        let name = PathBuf::from(name);
        let file = match File::create_new(&name) {
            // Left by a killed program that had this process's number.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            file => file?,
        };
        // Says that it is in use. Where the file system has no locks, nothing is ever tidied up.
        let _ = file.lock();
        // Otherwise somebody tidied up before it was locked.
        if name.exists() {
            return Ok((name, file));
        }
    }
}

/// Removes the parts of a file that no program has open.
fn remove_abandoned_parts(path: &Path) {
    let start = part(path);
    let (Some(folder), Some(start)) = (path.parent(), start.file_name().and_then(OsStr::to_str))
    else {
        return;
    };
    let folder = if folder == Path::new("") {
        Path::new(".")
    } else {
        folder
    };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let numbers = name.to_str().and_then(|name| name.strip_prefix(start));
        let numbers = numbers.and_then(|numbers| numbers.split_once('-'));
        let is_number = |text: &str| text.parse::<u64>().is_ok();
        if numbers.is_some_and(|(process, number)| is_number(process) && is_number(number)) {
            let file = File::options().write(true).open(entry.path());
            if file.is_ok_and(|file| file.try_lock().is_ok()) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// Where a file is written before it replaces another.
pub fn part(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

/// Removes a file that may be there.
///
/// # Errors
/// If it is there and cannot be removed.
pub fn remove(path: &Path) -> anyhow::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("removing {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// SHA-256 of bytes, in hexadecimal digits.
pub fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Waits until a file is on the disk; its SHA-256, in hexadecimal digits.
///
/// # Errors
/// If it cannot be read or written to the disk.
pub fn hash_on_disk(path: &Path) -> io::Result<String> {
    let mut file = File::options().read(true).write(true).open(path)?;
    file.sync_data()?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&hash.finalize())),
            count => hash.update(&buffer[..count]),
        }
    }
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_program_left_beside_a_file_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in [
            "a.json.part7-0",
            "a.json.part",
            "a.json.part7-x",
            "b.json.part7-0",
        ] {
            fs::write(path(name), "mine").unwrap();
        }
        let (in_use, _file) = create_part(&path("a.json")).unwrap();
        replace(&path("a.json"), "new").unwrap();
        assert_eq!(fs::read_to_string(path("a.json")).unwrap(), "new");
        assert!(!path("a.json.part7-0").exists());
        assert!(in_use.exists());
        for name in ["a.json.part", "a.json.part7-x", "b.json.part7-0"] {
            assert!(path(name).exists(), "{name}");
        }
    }

    #[test]
    fn a_file_that_cannot_be_written_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("a.json")).unwrap(); // no file can be moved over it
        assert!(replace(&folder.path().join("a.json"), "new").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
