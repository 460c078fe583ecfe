//! Debian packages: which, and how their audio is taken out.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use serde::Deserialize;

use super::convert::is_audio;
use super::program::run;
use crate::files;

/// A package of the table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) licence: String,
    pub(super) kind: String,
    #[serde(default = "yes")]
    pub(super) commercial: bool,
    #[serde(default)]
    pub(super) held_out: bool,
    /// Words in the paths of files to leave out.
    #[serde(default)]
    pub(super) skip: Vec<String>,
    /// Enough of it.
    pub(super) most_minutes: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    package: Vec<Package>,
}

fn yes() -> bool {
    true
}

/// The table in the file, or the program's own.
pub(super) fn table(file: Option<&Path>) -> anyhow::Result<Vec<Package>> {
    let text = match file {
        Some(path) => {
            std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?
        }
        None => include_str!("packages.toml").to_owned(),
    };
    let table: Table = toml::from_str(&text).context("the list of packages")?;
    Ok(table.package)
}

/// The package's file in `folder`, fetched if it is not there.
pub(super) fn fetch(name: &str, folder: &Path) -> anyhow::Result<PathBuf> {
    if let Some(file) = find(name, folder)? {
        return Ok(file);
    }
    let arguments = ["download", name];
    run(
        "apt-get",
        arguments,
        Some(folder),
        "packages need a Debian system",
    )?;
    find(name, folder)?.with_context(|| format!("apt-get brought no file of {name}"))
}

fn find(name: &str, folder: &Path) -> anyhow::Result<Option<PathBuf>> {
    let start = format!("{name}_");
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        if file.starts_with(&start) && file.ends_with(".deb") {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

/// Takes the files that `wants` wants out of a package, into `folder`; archives inside
/// (`is_archive`) are opened too. Returns the paths.
pub(super) fn unpack(
    package: &Path,
    folder: &Path,
    wants: &dyn Fn(&Path) -> bool,
) -> anyhow::Result<Vec<PathBuf>> {
    let mut child = Command::new("dpkg-deb")
        .arg("--fsys-tarfile")
        .arg(package)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("dpkg-deb cannot be run: packages need a Debian system")?;
    let contents = child.stdout.take().context("dpkg-deb has no output")?;
    let mut kept = Vec::new();
    for entry in tar::Archive::new(contents).entries()? {
        let mut entry = entry.with_context(|| package.display().to_string())?;
        let inside = entry.path()?.into_owned();
        let regular = entry.header().entry_type().is_file();
        if !(regular && (is_archive(&inside) || wants(&inside))) {
            continue;
        }
        ensure!(
            entry.unpack_in(folder)?,
            "{} holds the unsafe path {}",
            package.display(),
            inside.display()
        );
        let file = folder.join(&inside);
        if is_archive(&inside) {
            kept.extend(unpack_zip(&file, wants)?);
            files::remove(&file)?;
        } else {
            kept.push(file);
        }
    }
    ensure!(
        child.wait()?.success(),
        "dpkg-deb cannot read {}: remove it and try again",
        package.display()
    );
    kept.sort();
    Ok(kept)
}

fn is_archive(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    ["pk3", "pk4", "zip"].contains(&extension.to_lowercase().as_str())
}

/// The files that are wanted, into a folder beside the archive.
fn unpack_zip(path: &Path, wants: &dyn Fn(&Path) -> bool) -> anyhow::Result<Vec<PathBuf>> {
    let mut archive =
        zip::ZipArchive::new(File::open(path)?).with_context(|| path.display().to_string())?;
    let folder = path.with_extension("unpacked");
    let mut kept = Vec::new();
    for index in 0..archive.len() {
        kept.extend(unpack_zipped(&mut archive, index, &folder, wants)?);
    }
    Ok(kept)
}

fn unpack_zipped<R: Read + Seek>(
    archive: &mut zip::ZipArchive<R>,
    index: usize,
    folder: &Path,
    wants: &dyn Fn(&Path) -> bool,
) -> anyhow::Result<Option<PathBuf>> {
    let mut entry = archive.by_index(index)?;
    let Some(inside) = entry.enclosed_name().filter(|_| entry.is_file()) else {
        return Ok(None);
    };
    if !wants(&inside) {
        return Ok(None);
    }
    let file = folder.join(inside);
    if let Some(parent) = file.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::io::copy(&mut entry, &mut File::create(&file)?)?;
    Ok(Some(file))
}

impl Package {
    /// Whether a file is audio that is asked for.
    pub(super) fn wants(&self, inside: &Path) -> bool {
        let name = inside.to_string_lossy();
        is_audio(inside) && !self.skip.iter().any(|word| name.contains(word.as_str()))
    }
}
