//! `cargo xtask`: builds, checks, packs and measures this repository.

#![forbid(unsafe_code)]

mod bench;
mod bundles;
mod debug_information;
mod demo;
mod dependencies;
mod dist;
mod imports;
mod install;
mod links;
mod minimum_rust;
#[cfg(test)]
mod promises;
mod shell;
mod skipped;
mod system;
mod test;
mod wheel;

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use hamiltone_tests::places;

/// Builds, checks, packs and measures this repository.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build the plugin, load it into a host, play the demo audio and print the tags
    Demo,
    /// Check the format, lint, document and test everything, in real hosts too
    Test(test::Arguments),
    /// Check that no two sibling modules import each other
    Imports(imports::Arguments),
    /// Check that links between documents lead somewhere
    Links,
    /// Build the CLAP and VST3 bundles into target/bundled
    Bundle,
    /// Build the bundles and copy them to where hosts look for plugins, and the other models to your folder of models
    Install,
    /// Build the archives of a release into target/dist: plugin, command line, models, guide, licences, checksums
    Dist(dist::Arguments),
    /// Build the wheel of the Python package into target/wheels, or test it
    Wheel(wheel::Arguments),
    /// Build for maturin as for the tests
    #[command(name = "rustc", hide = true)]
    CargoOfMaturin(wheel::CargoOfMaturin),
    /// Time the networks beside PyTorch, ONNX Runtime and candle
    Bench(bench::Arguments),
}

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Not returned from `main`, which would print a backtrace of this program.
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<()> {
    let root = places::root();
    // The bundler reads bundler.toml, and cargo its configuration, from the current folder.
    std::env::set_current_dir(&root).with_context(|| format!("cannot enter {}", root.display()))?;
    match task {
        Task::Demo => demo::run(),
        Task::Test(arguments) => test::run(&arguments),
        Task::Imports(arguments) => imports::check(&arguments),
        Task::Links => links::check(),
        Task::Bundle => bundles::build(bundles::Profile::Release).map(|bundles| bundles.print()),
        Task::Install => install::run(),
        Task::Dist(arguments) => dist::run(&arguments),
        Task::Wheel(arguments) => wheel::run(&arguments),
        Task::CargoOfMaturin(asked) => wheel::as_cargo(&asked),
        Task::Bench(arguments) => bench::bench(&arguments),
    }
}
