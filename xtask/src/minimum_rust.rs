//! The oldest Rust that builds this repository, as Cargo.toml and the README state it.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use cargo_metadata::semver::Version;
use cargo_metadata::{MetadataCommand, Package};

const README: &str = "README.md";

/// Compares what is stated with what all packages say that they need, those for tests too.
///
/// # Errors
/// If a package needs a newer Rust than is stated, or the statements differ.
pub(crate) fn check() -> Result<()> {
    let mut command = MetadataCommand::new();
    // Packages for other systems would all be downloaded.
    command.other_options(vec!["--filter-platform".to_owned(), host()?]);
    let metadata = command.exec().context("cargo metadata")?;
    let stated = stated(&metadata.workspace_packages())?;
    let newer = newer(&stated, &metadata.packages);
    ensure!(
        newer.is_empty(),
        "Cargo.toml states Rust {stated}, and these packages need a newer one: {}. Raise `rust-version` in Cargo.toml \
         and the version in {README}, or take older packages",
        newer.join(", ")
    );
    let readme = std::fs::read_to_string(README).context(README)?;
    ensure!(
        is_in(&readme, &stated),
        "Cargo.toml states Rust {stated}, and {README} does not: it should say `Rust ({}.{} or newer)`",
        stated.major,
        stated.minor
    );
    println!(
        "Rust {stated}: enough for all {} packages",
        metadata.packages.len()
    );
    Ok(())
}

/// The triple of the system that we run on.
pub(crate) fn host() -> Result<String> {
    let output = Command::new("rustc").arg("-vV").output().context("rustc")?;
    let text = String::from_utf8(output.stdout)?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc -vV names no host")?.to_owned())
}

/// The version that the packages of the workspace state.
fn stated(ours: &[&Package]) -> Result<Version> {
    let mut versions: Vec<Option<&Version>> = ours
        .iter()
        .map(|package| package.rust_version.as_ref())
        .collect();
    versions.dedup();
    match versions[..] {
        [Some(version)] => Ok(version.clone()),
        _ => anyhow::bail!("the packages of the workspace do not all state the same rust-version"),
    }
}

/// The packages that need more than is stated, with what they need.
fn newer(stated: &Version, packages: &[Package]) -> Vec<String> {
    let needs = |package: &Package| {
        let version = package.rust_version.as_ref()?;
        (version > stated).then(|| format!("{} {} ({version})", package.name, package.version))
    };
    packages.iter().filter_map(needs).collect()
}

/// Whether a text states this version and no other.
fn is_in(text: &str, stated: &Version) -> bool {
    let expected = format!("{}.{}", stated.major, stated.minor);
    let statements = text.split("Rust ").skip(1).filter_map(|after| {
        let after = after.trim_start_matches('(');
        let end = after.find(|letter: char| !letter.is_ascii_digit() && letter != '.');
        let version = after[..end.unwrap_or(after.len())].trim_end_matches('.');
        version.contains('.').then_some(version)
    });
    let statements: Vec<&str> = statements.collect();
    !statements.is_empty() && statements.iter().all(|version| *version == expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, rust_version: Option<&str>) -> Package {
        let json = serde_json::json!({
            "name": name, "version": "1.0.0", "id": name, "manifest_path": "/Cargo.toml",
            "dependencies": [], "targets": [], "features": {}, "rust_version": rust_version,
        });
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn a_package_that_needs_a_newer_rust_is_named() {
        let stated = Version::new(1, 95, 0);
        let packages = [
            package("old", Some("1.60")),
            package("same", Some("1.95")),
            package("silent", None),
        ];
        assert!(newer(&stated, &packages).is_empty());
        let newest = [package("panels", Some("1.95.1"))];
        assert_eq!(newer(&stated, &newest), ["panels 1.0.0 (1.95.1)"]);
    }

    #[test]
    fn packages_must_state_one_version() {
        let [a, b, c] = [Some("1.95"), Some("1.94"), None].map(|version| package("a", version));
        assert_eq!(stated(&[&a, &a]).unwrap(), Version::new(1, 95, 0));
        assert!(stated(&[&a, &b]).is_err() && stated(&[&a, &c]).is_err() && stated(&[]).is_err());
    }

    #[test]
    fn a_readme_that_states_another_version_is_noticed() {
        let stated = Version::new(1, 95, 0);
        for right in [
            "with Rust (1.95 or newer); it",
            "Rust 1.95. In Rust one",
            "needs Rust 1.95",
        ] {
            assert!(is_in(right, &stated), "{right}");
        }
        for wrong in [
            "Rust (1.89 or newer)",
            "Rust 1.9",
            "Rust",
            "Rust 1.95, later Rust 1.96",
        ] {
            assert!(!is_in(wrong, &stated), "{wrong}");
        }
    }
}
