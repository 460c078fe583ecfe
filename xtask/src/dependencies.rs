//! The dependencies: each has a reason, what people run needs no candle, and cargo-deny finds no licence or source that is
//! not allowed.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use hamiltone_test_support::skip;

use crate::shell::{self, cargo};

/// What people run. Candle trains: it would be a quarter of their dependencies.
const WITHOUT_CANDLE: [&str; 3] = ["hamiltone-cli", "hamiltone-plugin", "hamiltone-python"];

/// Checks reasons, candle, licences, versions and sources. Without cargo-deny the last three are reported as skipped.
pub(crate) fn check() -> Result<()> {
    let root = hamiltone_tests::places::root();
    let missing = without_reason(&root)?;
    ensure!(
        missing.is_empty(),
        "these dependencies need a comment that says what they are for:\n  {}",
        missing.join("\n  ")
    );
    for package in WITHOUT_CANDLE {
        let found = candle_in(&tree(&root, package)?);
        ensure!(
            found.is_none(),
            "{package} depends on {}: the engine's feature `training` is for programs that train",
            found.unwrap_or_default()
        );
    }
    deny(&root)
}

/// The crates that a package is built from, one a line.
fn tree(root: &Path, package: &str) -> Result<String> {
    let mut tree = cargo(&["tree", "--edges", "normal", "--prefix", "none", "--package"]);
    let output = tree.arg(package).current_dir(root).output()?;
    ensure!(
        output.status.success() && !output.stdout.is_empty(),
        "cargo tree --package {package}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}

/// The first crate of candle in a tree.
fn candle_in(tree: &str) -> Option<String> {
    let found = tree.lines().find(|line| line.starts_with("candle"));
    found.map(str::to_owned)
}

fn deny(root: &Path) -> Result<()> {
    let found = Command::new("cargo-deny").arg("--version").output();
    if !found.is_ok_and(|output| output.status.success()) {
        skip(
            "cargo-deny (licences and sources of dependencies): cargo install --locked cargo-deny",
        );
        return Ok(());
    }
    let mut deny = Command::new("cargo-deny");
    deny.args([
        "--log-level",
        "error",
        "check",
        "licenses",
        "bans",
        "sources",
    ]);
    shell::run(deny.current_dir(root))
}

/// `Cargo.toml: name` of each dependency on other people's crates without a comment on its line or the line before. One
/// of the workspace may have it in the root's table.
fn without_reason(root: &Path) -> Result<Vec<String>> {
    let of_root = entries(&root.join("Cargo.toml"))?;
    let mut manifests = vec![root.join("Cargo.toml")];
    for folder in std::fs::read_dir(root)? {
        manifests.push(folder?.path().join("Cargo.toml"));
    }
    manifests.retain(|path| path.is_file());
    manifests.sort();
    manifests.dedup();
    ensure!(manifests.len() > 10, "only {} manifests", manifests.len());
    let mut missing = Vec::new();
    for manifest in &manifests {
        for entry in entries(manifest)? {
            let in_root = entry.of_workspace
                && of_root
                    .iter()
                    .any(|other| other.name == entry.name && other.has_reason);
            if !entry.has_reason && !in_root && !entry.name.starts_with("hamiltone") {
                let manifest = manifest.strip_prefix(root).unwrap_or(manifest);
                missing.push(format!("{}: {}", manifest.display(), entry.name));
            }
        }
    }
    Ok(missing)
}

struct Entry {
    name: String,
    of_workspace: bool,
    has_reason: bool,
}

fn entries(manifest: &Path) -> Result<Vec<Entry>> {
    let text = std::fs::read_to_string(manifest)
        .with_context(|| PathBuf::from(manifest).display().to_string())?;
    let entries = entries_in(&text);
    if entries.is_empty() && text.contains("dependencies]\n") && text.contains(" = ") {
        bail!("{}: its dependencies cannot be read", manifest.display());
    }
    Ok(entries)
}

fn entries_in(text: &str) -> Vec<Entry> {
    let (mut in_table, mut comment_before) = (false, false);
    let mut entries = Vec::new();
    for line in text.lines() {
        let line = line.trim_end();
        if line.starts_with('[') {
            in_table = line.ends_with("dependencies]");
        } else if let Some((key, value)) = line.split_once('=')
            && in_table
            && line.starts_with(|first: char| first.is_ascii_alphanumeric())
        {
            let key = key.trim();
            let name = key.trim_end_matches(".workspace");
            entries.push(Entry {
                name: name.to_owned(),
                of_workspace: name != key || value.contains("workspace = true"),
                has_reason: comment_before || has_comment(value),
            });
        }
        comment_before = line.starts_with('#');
    }
    entries
}

/// Whether there is a `#` outside of quotes.
fn has_comment(value: &str) -> bool {
    value
        .split('"')
        .step_by(2)
        .any(|outside| outside.contains('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_dependency_of_this_repository_has_a_reason() {
        let missing = without_reason(&hamiltone_tests::places::root()).unwrap();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn what_trains_has_candle_and_what_people_run_has_not() {
        let root = hamiltone_tests::places::root();
        let found = |package| candle_in(&tree(&root, package).unwrap());
        let trains = found("hamiltone-training");
        assert!(trains.is_some_and(|line| line.starts_with("candle-core v")));
        for package in WITHOUT_CANDLE {
            assert_eq!(found(package), None, "{package}");
        }
    }

    #[test]
    fn reasons_stand_beside_or_above() {
        let text = "[package]\nname = \"a\"\n\n[dependencies]\none = \"1\" # why\n# Why.\ntwo = { version = \"#\" }\n\
                    three = \"#3\"\nfour = { workspace = true, features = [] }\n\n[target.'cfg(unix)'.dependencies]\nfive = \"5\"\n";
        let entries = entries_in(text);
        let seen: Vec<_> = entries
            .iter()
            .map(|e| (&e.name[..], e.of_workspace, e.has_reason))
            .collect();
        assert_eq!(
            seen,
            [
                ("one", false, true),
                ("two", false, true),
                ("three", false, false),
                ("four", true, false),
                ("five", false, false),
            ]
        );
    }
}
