//! Copies the bundles to where hosts look for plugins, and the models to where the plugin looks for them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use hamiltone_tests::places;

use crate::bundles::{self, Profile};
use crate::shell::run as run_command;

pub(crate) fn run() -> Result<()> {
    let bundles = bundles::build(Profile::Release)?;
    let folders = plugin_folders()?;
    for (bundle, folder) in [(bundles.clap, folders.clap), (bundles.vst3, folders.vst3)] {
        let name = bundle.file_name().context("a bundle has a name")?;
        let installed = folder.join(name);
        let replaced = installed.exists();
        install(&bundle, &installed)
            .with_context(|| format!("cannot install to {}", installed.display()))?;
        let what = if replaced { "replaced" } else { "installed" };
        println!("{what} {}", installed.display());
    }
    add_models()?;
    println!("Let your host scan for new plugins; Hamiltone is an effect.");
    Ok(())
}

/// Adds the models that are not inside the plugin; a file of the same name with other contents stays.
/// Some of the models forbid commercial use; each says so in its card, which the menu shows.
fn add_models() -> Result<()> {
    let entries = fs::read_dir(places::root().join("models"))?;
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.retain(|path| {
        path.extension()
            .is_some_and(|ending| ending == "safetensors")
    });
    files.sort();
    let mut command = Command::new(bundles::command()?);
    if run_command(command.args(["models", "--add"]).args(files)).is_err() {
        println!(
            "Some models were left out; the reasons are above. The plugin works without them."
        );
    }
    Ok(())
}

struct Folders {
    clap: PathBuf,
    vst3: PathBuf,
}

/// The present user's folders, as the CLAP and VST3 documents name them.
fn plugin_folders() -> Result<Folders> {
    let variable = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .with_context(|| format!("${name} is not set"))
    };
    if cfg!(windows) {
        let common = variable("LOCALAPPDATA")?.join("Programs/Common");
        return Ok(Folders {
            clap: common.join("CLAP"),
            vst3: common.join("VST3"),
        });
    }
    let home = variable("HOME")?;
    if cfg!(target_os = "macos") {
        let plugins = home.join("Library/Audio/Plug-Ins");
        return Ok(Folders {
            clap: plugins.join("CLAP"),
            vst3: plugins.join("VST3"),
        });
    }
    Ok(Folders {
        clap: home.join(".clap"),
        vst3: home.join(".vst3"),
    })
}

/// Copies beside the old one first and swaps then: a host that has the old file open keeps it,
/// and a copy that fails half way leaves the old one whole.
fn install(bundle: &Path, installed: &Path) -> Result<()> {
    let folder = installed.parent().context("a plugin lies in a folder")?;
    fs::create_dir_all(folder)?;
    let fresh = installed.with_extension("installing");
    remove(&fresh)?;
    copy(bundle, &fresh)?;
    remove(installed)?;
    fs::rename(&fresh, installed)?;
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if !from.is_dir() {
        fs::copy(from, to)?;
        return Ok(());
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

fn remove(path: &Path) -> Result<()> {
    if path.is_dir() && !path.is_symlink() {
        fs::remove_dir_all(path)?;
    } else if path.is_symlink() || path.exists() {
        fs::remove_file(path)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_of_files_replaces_one_folder_and_all() {
        let folder = std::env::temp_dir().join(format!("hamiltone-install-{}", std::process::id()));
        let (bundle, installed) = (folder.join("new.vst3"), folder.join("home/.vst3/H.vst3"));
        fs::create_dir_all(bundle.join("Contents/arch")).unwrap();
        fs::write(bundle.join("Contents/arch/library.so"), "new").unwrap();
        fs::create_dir_all(installed.join("Contents")).unwrap();
        fs::write(installed.join("Contents/stale"), "old").unwrap();

        install(&bundle, &installed).unwrap();

        let library = fs::read_to_string(installed.join("Contents/arch/library.so")).unwrap();
        assert_eq!(library, "new");
        assert!(!installed.join("Contents/stale").exists());
        assert_eq!(
            fs::read_dir(installed.parent().unwrap()).unwrap().count(),
            1
        );
        fs::remove_dir_all(&folder).unwrap();
    }
}
