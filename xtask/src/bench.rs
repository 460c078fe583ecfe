//! Runs the benchmarks: `benchmarks/`, with a Python beside them.

use anyhow::Result;

use crate::shell::{cargo, run};
use crate::system;

/// Where a whole run leaves its report.
const REPORT: &str = "docs/BENCHMARKS.md";

/// What `cargo xtask bench` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Time ours alone: no Python packages are installed (they are some gigabytes)
    #[arg(long)]
    without_python: bool,
    /// The rest goes to the benchmarks: `-- --help` lists it. With nothing, everything is timed
    /// and docs/BENCHMARKS.md is written
    #[arg(last = true)]
    rest: Vec<String>,
}

pub(crate) fn bench(arguments: &Arguments) -> Result<()> {
    let python = (!arguments.without_python)
        .then(system::python_for_benchmarks)
        .transpose()?;
    let mut command = cargo(&[
        "run",
        "--release",
        "--package",
        "hamiltone-benchmarks",
        "--",
    ]);
    if let Some(python) = python {
        command.arg("--python").arg(python);
    }
    if arguments.rest.is_empty() {
        command.args(["--out", REPORT]);
    }
    run(command.args(&arguments.rest))
}
