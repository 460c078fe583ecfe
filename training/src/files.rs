//! Files that are whole or not there.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;

/// Replaces a file by another with these contents; a stop or a full disk leaves the old one.
pub(crate) fn replace(path: &Path, contents: &str) -> anyhow::Result<()> {
    replace_bytes(path, contents.as_bytes())
}

/// The same with bytes.
pub(crate) fn replace_bytes(path: &Path, contents: &[u8]) -> anyhow::Result<()> {
    // Threads may write the same file at once: each one beside it in a file of its own.
    static WRITTEN: AtomicU64 = AtomicU64::new(0);
    let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
    let mut beside = part(path).into_os_string();
    beside.push(format!("{}-{number}", std::process::id()));
    std::fs::write(&beside, contents)
        .and_then(|()| std::fs::rename(&beside, path))
        .with_context(|| format!("writing {}", path.display()))
}

/// Where a file grows before it takes its place.
pub(crate) fn part(path: &Path) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

/// Removes a file that may be there.
pub(crate) fn remove(path: &Path) -> anyhow::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("removing {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
