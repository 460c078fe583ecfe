//! What the tests need from the machine: system packages and a Python with hosts in it.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::bundles::target_folder;
use crate::shell::{run, succeeds};

/// Debian and Ubuntu packages: cmake, which builds libopus; a display without a screen, and OpenGL in
/// software for the panel.
const PACKAGES: [&str; 6] = [
    "cmake",
    "xvfb",
    "libgl1",
    "libgl1-mesa-dri",
    "libx11-xcb1",
    "libxcursor1",
];
const PYTHON_PACKAGES: [&str; 2] = ["python3", "python3-venv"];
/// The tests are written against Ardour 7, which Debian 12 has.
const ARDOUR: &str = "ardour";
// What is pinned here are the hosts that the tests were written against.
const PEDALBOARD: &str = "pedalboard==0.9.26";
const DAWDREAMER: &str = "dawdreamer==0.9.0";
// The tests of the wheel were written against these. They support the Python of Debian 12 (3.11) and newer ones.
const WHEEL_TOOLS: [&str; 12] = [
    "maturin==1.16.0",
    "pytest==9.2.0",
    "mypy==2.4.1",
    "numpy==2.4.6",
    "pyarrow==26.0.1",
    "pandas==3.1.1",
    "polars==2.1.0",
    "duckdb==2.0.1",
    "ray[data]==2.60.0",
    "moto[server]==5.2.5",
    "nbclient==0.11.0",
    "ipykernel==7.4.0",
];

/// Installs what is missing, where we may; with `daw`, Ardour too.
pub(crate) fn install_packages(daw: bool) -> Result<()> {
    if !succeeds(Command::new("dpkg-query").arg("--version")) {
        println!(
            "not Debian or Ubuntu: Xvfb, OpenGL and python3 with venv are assumed to be installed"
        );
        return Ok(());
    }
    let wanted: Vec<&str> = PACKAGES.into_iter().chain(daw.then_some(ARDOUR)).collect();
    let mut missing: Vec<&str> = wanted
        .iter()
        .copied()
        .filter(|package| !is_installed(package))
        .collect();
    // Any python3 that can make a virtual environment will do, the system's or another.
    if !succeeds(Command::new("python3").args(["-c", "import venv, ensurepip"])) {
        missing.extend(PYTHON_PACKAGES);
    }
    if missing.is_empty() {
        println!("all installed: {}", wanted.join(" "));
        return Ok(());
    }
    let install = format!(
        "apt-get install --yes --no-install-recommends {}",
        missing.join(" ")
    );
    if !is_root() {
        bail!(
            "these system packages are missing: {}\ninstall them with\n    sudo apt-get update && \
             sudo {install}\nand run `cargo xtask test{}` again",
            missing.join(" "),
            if daw { " --daw" } else { "" }
        );
    }
    println!("installing {}", missing.join(" "));
    apt_get(&["update", "--quiet=2"]).context("cannot update the list of packages")?;
    let words: Vec<&str> = install.split(' ').skip(1).chain(["--quiet=2"]).collect();
    apt_get(&words).with_context(|| format!("cannot install packages; by hand: {install}"))
}

fn apt_get(arguments: &[&str]) -> Result<()> {
    run(Command::new("apt-get")
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive"))
}

fn is_installed(package: &str) -> bool {
    let query = Command::new("dpkg-query")
        .args(["-W", "-f=${Status}", package])
        .output();
    query.is_ok_and(|output| output.stdout.ends_with(b"ok installed"))
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// A virtual environment with pedalboard and, with `daw`, dawdreamer. Returns its interpreter.
pub(crate) fn python(daw: bool) -> Result<PathBuf> {
    let hosts: Vec<&str> = [PEDALBOARD]
        .into_iter()
        .chain(daw.then_some(DAWDREAMER))
        .collect();
    let checks: Vec<String> = hosts
        .iter()
        .filter_map(|host| host.split_once("=="))
        .map(|(name, version)| format!("import {name}; assert {name}.__version__ == '{version}'"))
        .collect();
    virtual_environment("venv", &hosts, &checks.join("; "))
}

/// The same with what the benchmarks compare with.
pub(crate) fn python_for_benchmarks() -> Result<PathBuf> {
    virtual_environment(
        "venv-benchmarks",
        &["torch", "onnx", "onnxruntime", "openvino"],
        "import torch, onnx, onnxruntime, openvino",
    )
}

/// The same with what builds and tests the wheel: maturin, and the libraries that read its tables.
pub(crate) fn python_for_wheels() -> Result<PathBuf> {
    let checks: Vec<String> = WHEEL_TOOLS
        .iter()
        .filter_map(|tool| tool.split_once("=="))
        .map(|(name, version)| {
            let name = name.split('[').next().unwrap_or(name);
            format!("assert version('{name}') == '{version}'")
        })
        .collect();
    let check = format!(
        "from importlib.metadata import version; {}",
        checks.join("; ")
    );
    virtual_environment("venv-wheel-tools", &WHEEL_TOOLS, &check)
}

/// A virtual environment with `packages`, made once; `check` fails where something is missing.
fn virtual_environment(name: &str, packages: &[&str], check: &str) -> Result<PathBuf> {
    let folder = target_folder()?.join(name);
    let python = folder.join("bin/python");
    let packages_named = packages.join(" ");
    let ready = || succeeds(Command::new(&python).args(["-c", check]));
    if ready() {
        println!("{packages_named} in {}", folder.display());
        return Ok(python);
    }
    // One that works and lacks something is kept: what it has need not be downloaded again.
    if !succeeds(Command::new(&python).args(["-m", "pip", "--version"])) {
        run(Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&folder))
        .context("cannot make a virtual environment (Debian package python3-venv)")?;
    }
    run(Command::new(&python)
        .args(["-m", "pip", "install", "--quiet"])
        .args(packages))
    .with_context(|| format!("cannot install {packages_named} with pip: is there a network?"))?;
    ensure!(ready(), "{packages_named} installed but cannot be imported");
    Ok(python)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKFLOW: &str = include_str!("../../.github/workflows/ci.yml");

    #[test]
    fn the_workflow_installs_the_packages_that_tests_need() {
        for package in PACKAGES.iter().chain(&PYTHON_PACKAGES) {
            let mut words = WORKFLOW.split_ascii_whitespace();
            assert!(words.any(|word| word == *package), "ci.yml lacks {package}");
        }
    }

    #[test]
    fn the_workflow_pins_actions_by_commit() {
        let uses: Vec<&str> = WORKFLOW
            .split("uses: ")
            .skip(1)
            .map(|after| after.split_ascii_whitespace().next().unwrap_or_default())
            .collect();
        assert!(!uses.is_empty());
        for action in uses {
            let (_, commit) = action.split_once('@').unwrap();
            let is_hash = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(is_hash, "{action} is not pinned");
        }
    }
}
