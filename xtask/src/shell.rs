//! Running other programs, and steps with their times.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

/// The cargo that runs us.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(arguments);
    command
}

/// Runs a program to its end; what it prints goes through.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let said = said(command);
    let status = command
        .status()
        .with_context(|| format!("cannot start `{said}`"))?;
    ensure!(status.success(), "`{said}` failed ({status})");
    Ok(())
}

/// Whether a program starts and succeeds; what it prints is not shown.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

fn said(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Steps done one after the other, until one fails.
#[derive(Default)]
pub(crate) struct Steps {
    done: Vec<(&'static str, Duration)>,
}

impl Steps {
    pub(crate) fn run(
        &mut self,
        name: &'static str,
        step: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        println!("\n== {name}");
        let start = Instant::now();
        let result = step();
        self.done.push((name, start.elapsed()));
        if result.is_err() {
            self.print("FAILED");
        }
        result.with_context(|| format!("step failed: {name}"))
    }

    /// A table of the times; `verdict` says how the last step ended.
    pub(crate) fn print(&self, verdict: &str) {
        println!("\n== summary");
        let last = self.done.len().saturating_sub(1);
        for (index, (name, time)) in self.done.iter().enumerate() {
            let verdict = if index == last { verdict } else { "ok" };
            println!("{:>8.1} s  {name}: {verdict}", time.as_secs_f64());
        }
        let total: Duration = self.done.iter().map(|(_, time)| time).sum();
        println!("{:>8.1} s  in all", total.as_secs_f64());
    }
}
