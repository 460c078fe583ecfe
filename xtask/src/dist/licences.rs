//! The licences of everything that is compiled into the programs, as one text.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::minimum_rust;
use anyhow::{Context, Result, bail};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId};

/// The packages of which the archives' programs are built.
pub(super) const PROGRAMS: [&str; 2] = ["hamiltone-plugin", "hamiltone-cli"];

/// Beginnings of the names of licence files, in small letters.
const NAMES: [&str; 8] = [
    "licen",
    "copying",
    "copyright",
    "notice",
    "unlicense",
    "ofl",
    "ufl",
    "patents",
];

/// Texts for packages that state a licence and contain no copy of it.
const STANDARD: [(&str, &str); 4] = [
    ("MIT", include_str!("../../../LICENSE-MIT")),
    ("Apache-2.0", include_str!("../../../LICENSE-APACHE")),
    ("ISC", include_str!("../../licences/ISC.txt")),
    ("Unlicense", include_str!("../../licences/Unlicense.txt")),
];

const HEADER: &str = "\
Hamiltone is licensed under MIT or Apache-2.0, as you choose (LICENSE-MIT, LICENSE-APACHE).
Its programs contain the packages below, and the standard library of Rust (MIT or Apache-2.0,
The Rust Project Contributors). The source of each package is at its address; packages under
MPL-2.0 are used unchanged.
";

/// Lists the packages that are compiled into `programs` with their licences, then each licence text once with the packages that have it.
///
/// # Errors
/// If a package states no licence, or neither has a licence file nor a licence whose text is known.
pub(crate) fn text(root: &Path, programs: &[&str]) -> Result<String> {
    let mut command = MetadataCommand::new();
    command.manifest_path(root.join("Cargo.toml"));
    let host = minimum_rust::host()?;
    command.other_options(
        ["--locked", "--filter-platform", &host]
            .map(str::to_owned)
            .to_vec(),
    );
    let metadata = command.exec().context("cargo metadata")?;
    let packages = dependencies(&metadata, programs)?;
    let mut text = HEADER.to_owned();
    text += "\n== Packages\n\n";
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in &packages {
        let _ = writeln!(text, "{}", describe(package)?);
        for licence in licence_texts(package)? {
            let name = format!("{} {}", package.name, package.version);
            texts.entry(licence).or_default().push(name);
        }
    }
    for (licence, packages) in texts {
        let rule = "=".repeat(80);
        let _ = write!(
            text,
            "\n{rule}\n{}\n{rule}\n\n{}\n",
            packages.join(", "),
            licence.trim_end()
        );
    }
    Ok(text)
}

/// The packages of other people that the programs contain on this system.
fn dependencies<'a>(metadata: &'a Metadata, programs: &[&str]) -> Result<Vec<&'a Package>> {
    let resolve = metadata
        .resolve
        .as_ref()
        .context("cargo metadata resolved nothing")?;
    let nodes: BTreeMap<&PackageId, _> =
        resolve.nodes.iter().map(|node| (&node.id, node)).collect();
    let ours = metadata.workspace_packages();
    let mut open: Vec<&PackageId> = Vec::new();
    for name in programs {
        let program = ours.iter().find(|package| package.name == *name);
        open.push(&program.with_context(|| format!("no package {name}"))?.id);
    }
    let mut reached = BTreeSet::new();
    while let Some(id) = open.pop() {
        if reached.insert(id) {
            let linked = nodes[id].deps.iter().filter(|dependency| {
                let mut kinds = dependency.dep_kinds.iter();
                kinds.any(|kind| kind.kind == DependencyKind::Normal)
            });
            open.extend(linked.map(|dependency| &dependency.pkg));
        }
    }
    let packages = metadata.packages.iter();
    let mut packages: Vec<&Package> = packages
        .filter(|package| {
            reached.contains(&package.id) && !metadata.workspace_members.contains(&package.id)
        })
        .collect();
    packages.sort_by_key(|package| (package.name.to_string(), package.version.clone()));
    Ok(packages)
}

fn describe(package: &Package) -> Result<String> {
    let Some(licence) = package
        .license
        .as_deref()
        .or(package.license_file.as_ref().map(|file| file.as_str()))
    else {
        bail!("{} {} states no licence", package.name, package.version);
    };
    let mut line = format!("{} {}: {licence}", package.name, package.version);
    if let Some(address) = &package.repository {
        let _ = write!(line, ", {address}");
    }
    if !package.authors.is_empty() {
        let _ = write!(line, " ({})", package.authors.join(", "));
    }
    Ok(line)
}

/// The texts of the licence files of a package, or those of the licences that it states.
fn licence_texts(package: &Package) -> Result<Vec<String>> {
    let folder = package
        .manifest_path
        .parent()
        .context("a manifest lies in a folder")?;
    let mut files = Vec::new();
    find(folder.as_std_path(), &mut files)?;
    files.sort();
    if !files.is_empty() {
        let texts = files.iter().map(|file| {
            let bytes = std::fs::read(file).with_context(|| file.display().to_string())?;
            Ok(String::from_utf8_lossy(&bytes).replace("\r\n", "\n"))
        });
        return texts.collect();
    }
    let stated = package.license.as_deref().unwrap_or_default();
    let words: BTreeSet<&str> = stated.split([' ', '/', '(', ')']).collect();
    let known = STANDARD.iter().filter(|(name, _)| words.contains(name));
    let texts: Vec<String> = known
        .map(|(name, text)| {
            format!("{name} (standard text; the package contains no copy)\n\n{text}")
        })
        .collect();
    if texts.is_empty() {
        bail!(
            "{} {} ({stated}) contains no licence file: add the text of its licence to xtask/licences",
            package.name,
            package.version
        );
    }
    Ok(texts)
}

/// Licence files at any depth: packages that contain sources of others have several.
fn find(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        if path.is_dir() {
            if name != "target" && !name.starts_with('.') {
                find(&path, files)?;
            }
        } else if NAMES.iter().any(|start| name.starts_with(start)) && !name.ends_with(".rs") {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dependency_is_listed_with_a_text() {
        let text = text(&hamiltone_tests::places::root(), &PROGRAMS).unwrap();
        // A package with its own text, C sources inside a package, a font, and a package without a text.
        for part in [
            "\nsymphonia 0.",
            "Mozilla Public License",
            "\nopusic-sys ",
            "Xiph.Org Foundation",
            "SIL OPEN FONT LICENSE",
            "\nnice-plug 0.",
            "Permission to use, copy, modify, and/or distribute",
        ] {
            assert!(text.contains(part), "no {part:?}");
        }
        // What only tests and training use is not in the programs.
        assert!(!text.contains("\nproptest ") && !text.contains("\ntract-onnx "));
    }

    #[test]
    fn a_package_without_a_licence_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let package = |licence: Option<&str>| -> Package {
            serde_json::from_value(serde_json::json!({
                "name": "x", "version": "1.0.0", "id": "x", "dependencies": [], "targets": [], "features": {},
                "manifest_path": folder.path().join("Cargo.toml"), "license": licence,
            }))
            .unwrap()
        };
        assert!(describe(&package(None)).is_err());
        assert!(licence_texts(&package(Some("Own-1.0"))).is_err());
        assert_eq!(
            licence_texts(&package(Some("(MIT OR Apache-2.0)")))
                .unwrap()
                .len(),
            2
        );
        std::fs::create_dir(folder.path().join("vendored")).unwrap();
        std::fs::write(folder.path().join("vendored/COPYING"), "terms").unwrap();
        assert_eq!(licence_texts(&package(Some("MIT"))).unwrap(), ["terms"]);
    }
}
