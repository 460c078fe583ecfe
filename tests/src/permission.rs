//! Permissions for the plugin under test, in the file that `.cargo/config.toml` names.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};

/// The environment variable with the path of the file.
const VARIABLE: &str = "HAMILTONE_ALLOWED";

/// Lets sessions write into a folder, and read models from it, as its user would by an entry in the file.
///
/// # Errors
/// The variable is not set (run by `cargo`, which sets it), or the file cannot be written.
pub fn allow(folder: &Path) -> Result<()> {
    let path = std::env::var_os(VARIABLE).map(PathBuf::from);
    let path = path.with_context(|| format!("{VARIABLE} is not set: run this by cargo"))?;
    let parent = path.parent().context("the file has no folder")?;
    fs::create_dir_all(parent)?;
    // The plugin's own lock: it may write at the same time.
    let lock = File::options()
        .create(true)
        .append(true)
        .open(path.with_extension("lock"))?;
    lock.lock()?;
    let mut allowed: Value = match fs::read(&path) {
        Ok(text) => serde_json::from_slice(&text).with_context(|| path.display().to_string())?,
        Err(_) => json!({ "folders": [], "models": [] }),
    };
    for list in ["folders", "models"] {
        let list = allowed[list].as_array_mut().context("not a list")?;
        // Those of earlier tests are gone.
        list.retain(|entry| {
            entry
                .as_str()
                .is_some_and(|entry| Path::new(entry).exists())
        });
        list.push(json!(folder));
    }
    let mut file = tempfile::NamedTempFile::new_in(parent)?;
    serde_json::to_writer(&mut file, &allowed)?;
    file.persist(&path)?;
    Ok(())
}
