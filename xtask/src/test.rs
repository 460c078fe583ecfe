//! Checks everything, cheapest first.

use anyhow::Result;
use clap::Args;
use hamiltone_tests::places;

use crate::bundles::{self, Profile, target_folder};
use crate::dependencies;
use crate::imports;
use crate::links;
use crate::minimum_rust;
use crate::shell::{self, Steps, cargo};
use crate::skipped;
use crate::system;
use crate::wheel;

#[derive(Args)]
pub(crate) struct Arguments {
    /// Also install Ardour and dawdreamer, and test in them
    #[arg(long)]
    daw: bool,
}

fn run_all(steps: &mut Steps, skipped: &mut Option<skipped::Report>, daw: bool) -> Result<()> {
    let built = Profile::Tested.cargo_arguments();
    let with =
        |before: &[&'static str], after: &[&'static str]| cargo(&[before, built, after].concat());
    steps.run("system packages", || system::install_packages(daw))?;
    steps.run("format", || {
        shell::run(&mut cargo(&["fmt", "--all", "--check"]))
    })?;
    steps.run("minimum Rust", minimum_rust::check)?;
    steps.run("dependencies", dependencies::check)?;
    steps.run("links in documents", links::check)?;
    steps.run("circular imports", || {
        imports::check(&imports::Arguments::default())
    })?;
    steps.run("lints", || {
        shell::run(&mut with(
            &["clippy", "--all-targets"],
            &["--", "-D", "warnings"],
        ))
    })?;
    steps.run("documentation", || {
        shell::run(with(&["doc", "--no-deps"], &[]).env("RUSTDOCFLAGS", "-D warnings"))
    })?;
    steps.run("bundles", || {
        bundles::build(Profile::Tested).map(|bundles| bundles.print())
    })?;
    let mut python = None;
    steps.run("hosts in Python", || {
        python = Some(system::python(daw)?);
        Ok(())
    })?;
    steps.run("tests", || {
        let mut tests = with(&["test", "--no-fail-fast"], &[]);
        tests.env(places::BUNDLES, target_folder()?.join("bundled"));
        tests.envs(python.map(|python| (places::PYTHON, python)));
        let (variable, file) = skipped.insert(skipped::Report::new()?).variable();
        tests.env(variable, file);
        tests.envs(daw.then_some((places::DAW, "1")));
        shell::run(&mut tests)
    })?;
    steps.run("Python package", wheel::test)
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let mut steps = Steps::default();
    let mut skipped = None;
    let result = run_all(&mut steps, &mut skipped, arguments.daw);
    if result.is_ok() {
        steps.print("ok");
    }
    if let Some(skipped) = skipped {
        skipped.print()?;
    }
    result?;
    println!(
        "\nA picture of the panel is in {}",
        places::screenshots()?.display()
    );
    println!("The bundles in target/bundled are for tests; `cargo xtask bundle` makes fast ones.");
    Ok(())
}
