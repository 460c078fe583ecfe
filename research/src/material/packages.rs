//! The packages that sounds are taken from.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde::Deserialize;

use super::convert::is_audio;
use super::program::run;

/// A package of the table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Package {
    pub(super) name: String,
    #[serde(default)]
    pub(super) registry: Registry,
    /// Which one, where the registry has all that ever were.
    version: Option<String>,
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

/// Where a package comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Registry {
    /// The packages of the system, by apt-get.
    #[default]
    Debian,
    /// By npm.
    Npm,
    /// Wheels, by pip: nothing in them is run to get them.
    Pypi,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    package: Vec<Package>,
}

fn yes() -> bool {
    true
}

/// Whether it is the name of one thing: no path, address or option.
fn is_plain(name: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || ".+-_".contains(letter);
    name.chars().all(plain) && name.starts_with(|first: char| first.is_ascii_alphanumeric())
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
    for package in &table.package {
        let version = package.version.as_deref();
        ensure!(
            (package.registry == Registry::Debian) == version.is_none(),
            "the list of packages: {} needs a `version` if it has a `registry`, and none without",
            package.name
        );
        ensure!(
            is_plain(&package.name) && version.is_none_or(is_plain),
            "the list of packages: {} {}: names and versions are of letters, digits and . + - _",
            package.name,
            version.unwrap_or_default()
        );
    }
    Ok(table.package)
}

impl Package {
    /// The package's file in `folder`, fetched if it is not there.
    pub(super) fn fetch(&self, folder: &Path) -> anyhow::Result<PathBuf> {
        if let Some(file) = self.find(folder)? {
            return Ok(file);
        }
        let name = &self.name;
        let version = self.version.as_deref().unwrap_or_default();
        let of_npm = format!("{name}@{version}");
        let of_pypi = format!("{name}=={version}");
        let wheels = ["--no-deps", "--only-binary", ":all:", &of_pypi];
        let (program, arguments, without) = match self.registry {
            Registry::Debian => {
                let arguments = vec!["download", name];
                ("apt-get", arguments, "packages need a Debian system")
            }
            Registry::Npm => {
                let arguments = vec!["pack", "--ignore-scripts", "--silent", &of_npm];
                ("npm", arguments, "some packages are npm's")
            }
            Registry::Pypi => {
                let arguments = [&["-m", "pip", "download"], &wheels[..]].concat();
                ("python3", arguments, "some packages are Python's")
            }
        };
        run(program, arguments, Some(folder), without)?;
        self.find(folder)?
            .with_context(|| format!("{program} brought no file of {name}"))
    }

    fn find(&self, folder: &Path) -> anyhow::Result<Option<PathBuf>> {
        let version = self.version.as_deref().unwrap_or_default();
        let (start, end) = match self.registry {
            Registry::Debian => (format!("{}_", self.name), ".deb"),
            Registry::Npm => (format!("{}-{version}.", self.name), ".tgz"),
            Registry::Pypi => {
                let name = self.name.replace(['-', '.'], "_");
                (format!("{name}-{version}-"), ".whl")
            }
        };
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            if file.to_lowercase().starts_with(&start.to_lowercase()) && file.ends_with(end) {
                return Ok(Some(path));
            }
        }
        Ok(None)
    }

    /// Whether a file is audio that is asked for.
    pub(super) fn wants(&self, inside: &Path) -> bool {
        let name = inside.to_string_lossy();
        is_audio(inside) && !self.skip.iter().any(|word| name.contains(word.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sound_and_other_lists_are_checked() {
        let own = table(None).unwrap();
        let names: std::collections::BTreeSet<&str> =
            own.iter().map(|package| package.name.as_str()).collect();
        assert_eq!(names.len(), own.len(), "a package is there twice");
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("list.toml");
        let usual = "[[package]]\nlicence = \"CC0\"\nkind = \"sounds\"\nname = ";
        for (good, rest) in [
            (true, "\"a\""),
            (true, "\"a\"\nregistry = \"npm\"\nversion = \"1.0.0\""),
            (false, "\"a\"\nregistry = \"npm\""),
            (false, "\"a\"\nversion = \"1.0.0\""),
            (false, "\"../a\"\nregistry = \"pypi\"\nversion = \"1\""),
            (false, "\"a\"\nregistry = \"elsewhere\"\nversion = \"1\""),
            (false, "\"a\"\nregistry = \"npm\"\nversion = \"file:a\""),
            (false, "\"-a\""),
        ] {
            std::fs::write(&list, format!("{usual}{rest}\n")).unwrap();
            assert_eq!(table(Some(&list)).is_ok(), good, "{rest}");
        }
    }

    #[test]
    fn a_package_that_is_there_is_not_fetched() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("list.toml");
        for (registry, file) in [
            ("npm", "some-sounds-1.0.0.tgz"),
            ("pypi", "some_sounds-1.0.0-py3-none-any.whl"),
        ] {
            let entry = format!(
                "[[package]]\nname = \"some-sounds\"\nregistry = \"{registry}\"\nversion = \"1.0.0\"\n\
                 licence = \"CC0\"\nkind = \"sounds\"\n"
            );
            std::fs::write(&list, entry).unwrap();
            let package = &table(Some(&list)).unwrap()[0];
            let there = folder.path().join(file);
            std::fs::write(&there, "").unwrap();
            assert_eq!(package.fetch(folder.path()).unwrap(), there);
        }
    }
}
