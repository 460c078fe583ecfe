//! Paths that are not files: reading them may never end.

use std::io;
use std::path::Path;

/// Refuses named pipes, sockets and devices, without opening them: opening a pipe waits until somebody writes to it.
/// `/dev/stdin`, and the numbered pipes that a shell makes for `<(…)`, are given on purpose and are read.
///
/// # Errors
/// If it is such a path. A path that does not exist is none.
pub(crate) fn refuse(path: &Path) -> io::Result<()> {
    let is_special = std::fs::metadata(path).is_ok_and(|kind| !kind.is_file() && !kind.is_dir());
    let is_given = ["/dev/stdin", "/dev/fd", "/proc/self/fd"]
        .iter()
        .any(|given| path.starts_with(given));
    if is_special && !is_given {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "a named pipe, a socket or a device, not a file; to read a pipe, connect it to stdin and give /dev/stdin",
        ));
    }
    Ok(())
}
