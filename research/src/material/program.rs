//! Programs of the system that are asked for something.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

/// Runs a program in `folder`, or where we are. Returns what it printed.
///
/// # Errors
/// If it is not there or fails; `without` says what that means.
pub(super) fn run<A: AsRef<OsStr>>(
    program: &str,
    arguments: impl IntoIterator<Item = A>,
    folder: Option<&Path>,
    without: &str,
) -> anyhow::Result<String> {
    let answer = Command::new(program)
        .args(arguments)
        .current_dir(folder.unwrap_or(Path::new(".")))
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("{program} cannot be run: {without}"))?;
    let printed = String::from_utf8_lossy(&answer.stdout).into_owned();
    if !answer.status.success() {
        let told = String::from_utf8_lossy(&answer.stderr).into_owned();
        bail!("{program} failed: {} {}", told.trim(), printed.trim());
    }
    Ok(printed)
}
