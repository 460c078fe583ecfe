//! Checks everything, cheapest first.

use anyhow::Result;
use hamiltone_tests::places;

use crate::bundles::{self, Profile, target_folder};
use crate::shell::{self, Steps, cargo};
use crate::system;

fn run_all(steps: &mut Steps) -> Result<()> {
    let built = Profile::Tested.cargo_arguments();
    let with =
        |before: &[&'static str], after: &[&'static str]| cargo(&[before, built, after].concat());
    steps.run("system packages", system::install_packages)?;
    steps.run("format", || {
        shell::run(&mut cargo(&["fmt", "--all", "--check"]))
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
    steps.run("pedalboard", || {
        python = Some(system::python()?);
        Ok(())
    })?;
    steps.run("tests", || {
        let mut tests = with(&["test", "--no-fail-fast"], &[]);
        tests.env(places::BUNDLES, target_folder()?.join("bundled"));
        shell::run(tests.envs(python.map(|python| (places::PYTHON, python))))
    })
}

pub(crate) fn run() -> Result<()> {
    let mut steps = Steps::default();
    run_all(&mut steps)?;
    steps.print("ok");
    println!(
        "\nA picture of the panel is in {}",
        places::screenshots()?.display()
    );
    println!("The bundles in target/bundled are for tests; `cargo xtask bundle` makes fast ones.");
    Ok(())
}
