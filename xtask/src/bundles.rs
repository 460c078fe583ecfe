//! Builds the plugin and packs it as hosts expect it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::debug_information;
use crate::shell;

const PACKAGE: &str = "hamiltone-plugin";
/// The command line is built along: alone, it would compile most of its dependencies again.
const COMMAND_PACKAGE: &str = "hamiltone-cli";
/// The built command line, in the target folder.
pub(crate) const COMMAND: &str = if cfg!(windows) {
    "release/hamiltone.exe"
} else {
    "release/hamiltone"
};
/// Aborts the process when the audio thread allocates.
const GUARD: &str = "hamiltone-plugin/assert_process_allocs";

/// The two ways of building, each of which compiles its dependencies once.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// For users.
    Release,
    /// For tests: with checks, and with the guard against allocation on the audio thread.
    Tested,
}

impl Profile {
    /// Arguments for cargo. Tests always build the whole workspace: cargo unites the features of
    /// what it builds together, so building a part would compile shared dependencies again.
    pub(crate) fn cargo_arguments(self) -> &'static [&'static str] {
        match self {
            Self::Release => &["--release"],
            Self::Tested => &["--workspace", "--features", GUARD],
        }
    }
}

/// Where the bundles are.
pub(crate) struct Bundles {
    pub(crate) clap: PathBuf,
    pub(crate) vst3: PathBuf,
}

impl Bundles {
    pub(crate) fn print(&self) {
        println!("  CLAP  {}", self.clap.display());
        println!("  VST3  {}", self.vst3.display());
    }
}

/// Where cargo builds to.
pub(crate) fn target_folder() -> Result<PathBuf> {
    let folder = std::env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from);
    std::path::absolute(&folder).with_context(|| folder.display().to_string())
}

/// The command line that [`build`] or [`build_universal`] built.
pub(crate) fn command() -> Result<PathBuf> {
    Ok(target_folder()?.join(COMMAND))
}

/// Like [`build`] for users, but for both processors of macOS at once. Needs both of Rust's targets.
///
/// # Errors
/// If something does not compile, or Apple's `lipo` fails.
pub(crate) fn build_universal() -> Result<Bundles> {
    let target = target_folder()?;
    let packages = [PACKAGE.to_owned(), COMMAND_PACKAGE.to_owned()];
    let mut commands = Vec::new();
    for triple in ["x86_64-apple-darwin", "aarch64-apple-darwin"] {
        let arguments = ["--release".to_owned(), format!("--target={triple}")];
        nice_plug_xtask::build(&packages, &arguments)?;
        commands.push(target.join(triple).join(COMMAND));
    }
    nice_plug_xtask::bundle(&target, PACKAGE, &["--release".to_owned()], true)?;
    std::fs::create_dir_all(target.join("release"))?;
    shell::run(
        Command::new("lipo")
            .args(["-create", "-output"])
            .arg(target.join(COMMAND))
            .args(&commands),
    )?;
    let bundles = made(&target)?;
    refuse_debug_information(&bundles)?;
    Ok(bundles)
}

/// Builds the plugin and the command, and packs the plugin. The current folder is the root of the workspace.
///
/// # Errors
/// If something does not compile, or the release has debug information.
pub(crate) fn build(profile: Profile) -> Result<Bundles> {
    let arguments: Vec<String> = profile
        .cargo_arguments()
        .iter()
        .map(ToString::to_string)
        .collect();
    nice_plug_xtask::build(
        &[PACKAGE.to_owned(), COMMAND_PACKAGE.to_owned()],
        &arguments,
    )?;
    let target = target_folder()?;
    nice_plug_xtask::bundle(&target, PACKAGE, &arguments, false)?;
    let bundles = made(&target)?;
    if profile == Profile::Release {
        refuse_debug_information(&bundles)?;
    }
    Ok(bundles)
}

fn refuse_debug_information(bundles: &Bundles) -> Result<()> {
    for shipped in [&bundles.clap, &bundles.vst3, &command()?] {
        debug_information::refuse(shipped)?;
    }
    Ok(())
}

/// The bundles that nice-plug's bundler made.
fn made(target: &Path) -> Result<Bundles> {
    let bundled = target.join("bundled");
    Ok(Bundles {
        clap: existing(&bundled, "Hamiltone.clap")?,
        vst3: existing(&bundled, "Hamiltone.vst3")?,
    })
}

fn existing(folder: &Path, name: &str) -> Result<PathBuf> {
    let path = folder.join(name);
    path.exists()
        .then_some(path)
        .with_context(|| format!("the bundler made no {name}"))
}
