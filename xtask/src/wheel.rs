//! The wheel of the Python package, and its tests.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::Args;
use hamiltone_tests::places;

use crate::bundles::{Profile, target_folder};
use crate::dist::licences;
use crate::shell::{self, cargo};
use crate::system;

/// Where maturin finds the licences of dependencies (`license-files` in pyproject.toml). Not in the repository.
const LICENCES: &str = "python/LICENSE-dependencies";
/// The cargo that a build for tests runs.
const REAL_CARGO: &str = "HAMILTONE_XTASK_CARGO";

/// The arguments of `cargo rustc`, as maturin gives them.
#[derive(Args)]
pub(crate) struct CargoOfMaturin {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    _arguments: Vec<String>,
}

#[derive(Args)]
pub(crate) struct Arguments {
    /// Build it as `cargo xtask test` does, and run its tests
    #[arg(long)]
    test: bool,
}

/// Builds the wheel for users into target/wheels. It contains the licences of all packages that are compiled into it.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    if arguments.test {
        return test();
    }
    let licences = licences::text(&places::root(), &["hamiltone-python"])?;
    std::fs::write(LICENCES, licences).with_context(|| format!("cannot write {LICENCES}"))?;
    let python = system::python_for_wheels()?;
    let wheel = build(Profile::Release, &python)?;
    println!("  wheel  {}", wheel.display());
    Ok(())
}

/// Builds the wheel as the tests of the workspace are built, installs it into a fresh environment, and tests it there.
pub(crate) fn test() -> Result<()> {
    let tools = system::python_for_wheels()?;
    let wheel = build(Profile::Tested, &tools)?;
    let python = fresh_environment(&tools, &wheel)?;
    let tests = Path::new("python/tests").canonicalize()?;
    let command = target_folder()?.join("debug/hamiltone");
    shell::run(
        Command::new(&python)
            .args(["-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider"])
            .arg(tests)
            // Not the root of the repository, where Python would find the sources instead of the wheel.
            .current_dir(target_folder()?)
            .env("HAMILTONE_COMMAND", command),
    )
}

/// Builds the wheel with maturin and returns its path.
fn build(profile: Profile, tools: &Path) -> Result<PathBuf> {
    let folder = target_folder()?.join(match profile {
        Profile::Release => "wheels",
        Profile::Tested => "wheels-for-tests",
    });
    if folder.exists() {
        std::fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    let mut maturin = Command::new(tools);
    maturin.args(["-m", "maturin", "build", "--quiet"]);
    maturin.args(["--manifest-path", "python/Cargo.toml", "--out"]);
    maturin.arg(&folder);
    match profile {
        Profile::Release => maturin.arg("--release"),
        // maturin would build the package alone, which compiles most of its dependencies again with other features. Here
        // it runs this program instead of cargo, which builds the workspace as for all tests.
        Profile::Tested => maturin
            .args(["--profile", "dev", "--compression-level", "1"])
            .env(REAL_CARGO, cargo(&[]).get_program())
            .env("CARGO", this_program()?),
    };
    shell::run(&mut maturin)?;
    let mut wheels = std::fs::read_dir(&folder)?.collect::<std::io::Result<Vec<_>>>()?;
    ensure!(wheels.len() == 1, "maturin made {} wheels", wheels.len());
    Ok(wheels.remove(0).path())
}

/// The path of this program as cargo builds it. The path of the running process is not enough: building the workspace
/// replaces its file, and Linux then calls it `... (deleted)`.
fn this_program() -> Result<PathBuf> {
    let name = format!("hamiltone-xtask{}", std::env::consts::EXE_SUFFIX);
    let path = target_folder()?.join("debug").join(name);
    ensure!(path.is_file(), "{} is missing", path.display());
    Ok(path)
}

/// Builds the workspace as for all tests, in place of what maturin asks of `cargo rustc`. It finds the library in the messages.
pub(crate) fn as_cargo(_asked: &CargoOfMaturin) -> Result<()> {
    let mut cargo = Command::new(std::env::var_os(REAL_CARGO).unwrap_or_else(|| "cargo".into()));
    // Variables of PyO3 would make it compile again; the feature `extension-module` does what they do.
    let of_maturin = ["CARGO", REAL_CARGO, "PYO3_CONFIG_FILE", "PYO3_PYTHON"];
    let build = ["PYO3_BUILD_EXTENSION_MODULE", "PYO3_ENVIRONMENT_SIGNATURE"];
    for variable in of_maturin.into_iter().chain(build) {
        cargo.env_remove(variable);
    }
    cargo.args(["build", "--message-format", "json-render-diagnostics"]);
    shell::run(cargo.args(Profile::Tested.cargo_arguments()))
}

/// A new environment with the wheel and what it depends on. Libraries that only the tests need are added behind it, from
/// the environment of the tools.
fn fresh_environment(tools: &Path, wheel: &Path) -> Result<PathBuf> {
    let folder = target_folder()?.join("venv-wheel");
    let arguments = ["-m", "venv", "--clear", "--without-pip"];
    shell::run(Command::new(tools).args(arguments).arg(&folder))?;
    let python = folder.join("bin/python");
    let pip = ["-m", "pip", "--python"];
    let install = ["install", "--quiet", "--disable-pip-version-check"];
    let mut command = Command::new(tools);
    command.args(pip).arg(&python).args(install);
    shell::run(command.arg(wheel))?;
    // Before anything else is there: what the wheel declares has to be enough.
    let first = "import hamiltone; print(hamiltone.load(), hamiltone.__version__)";
    shell::run(
        Command::new(&python)
            .args(["-c", first])
            .current_dir(&folder),
    )?;
    let packages = |python: &Path| -> Result<String> {
        let program = "import sysconfig; print(sysconfig.get_path('purelib'))";
        let output = Command::new(python).args(["-c", program]).output()?;
        ensure!(output.status.success(), "{} does not run", python.display());
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let link = Path::new(&packages(&python)?).join("tools.pth");
    std::fs::write(link, packages(tools)? + "\n")?;
    Ok(python)
}
