//! Paths of the bundles, the demo audio and the hosts.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// Environment variable with the folder of the bundles.
pub const BUNDLES: &str = "HAMILTONE_BUNDLES";
/// Environment variable with the Python that has pedalboard.
pub const PYTHON: &str = "HAMILTONE_PYTHON";
/// Environment variable that is set where Ardour and dawdreamer must be there.
pub const DAW: &str = "HAMILTONE_DAW";

/// The root of the workspace.
pub fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests
        .parent()
        .expect("this package lies in the workspace")
        .to_owned()
}

/// The demo audio and the table of what sounds when.
pub fn demo_files() -> (PathBuf, PathBuf) {
    let assets = root().join("assets");
    (assets.join("demo.ogg"), assets.join("demo.csv"))
}

/// The folder for pictures of the panel; created if missing.
///
/// # Errors
/// The folder cannot be created.
pub fn screenshots() -> Result<PathBuf> {
    let folder = root().join("target/screenshots");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// The built CLAP bundle.
///
/// # Errors
/// It has not been built.
pub fn clap_bundle() -> Result<PathBuf> {
    existing(BUNDLES, "target/bundled", "Hamiltone.clap")
}

/// The built VST3 bundle.
///
/// # Errors
/// It has not been built.
pub fn vst3_bundle() -> Result<PathBuf> {
    existing(BUNDLES, "target/bundled", "Hamiltone.vst3")
}

/// A plugin that uses nice-plug without our workarounds, as a library (`examples/bare_framework.rs`).
///
/// # Errors
/// It has not been built.
pub fn bare_framework() -> Result<PathBuf> {
    // Tests lie in `deps` below the folder of the profile, examples beside that.
    let program = std::env::current_exe()?;
    let profile = program.ancestors().nth(2).unwrap_or(&program);
    let path = profile.join("examples/libbare_framework.so");
    if !path.exists() {
        bail!("{} is missing: `cargo test` makes it", path.display());
    }
    Ok(path)
}

/// A Python interpreter with pedalboard installed.
///
/// # Errors
/// The virtual environment has not been made.
pub fn python() -> Result<PathBuf> {
    if let Some(python) = std::env::var_os(PYTHON) {
        return Ok(python.into());
    }
    existing("", "target/venv/bin", "python")
}

fn existing(variable: &str, default: &str, name: &str) -> Result<PathBuf> {
    let folder = match std::env::var_os(variable) {
        Some(folder) => folder.into(),
        None => root().join(default),
    };
    let path = folder.join(name);
    if !path.exists() {
        bail!(
            "{} is missing: run `cargo xtask test`, which makes it",
            path.display()
        );
    }
    Ok(path)
}
