//! `hamiltone`: names what is heard in audio files.
//!
//! One module a command ([`analyze`], [`classify`], [`models`], [`inspect`], [`mod@bench`]); what they share is how inputs are
//! found, how a file is listened to, and how progress and problems are told. Results go to stdout,
//! everything else to stderr.
//!
//! Exit codes: 0 all went well; 1 something failed (the rest was still done); 2 wrong usage.
#![forbid(unsafe_code)]

mod analyze;
mod arguments;
mod batch;
mod bench;
mod classify;
mod entry;
mod inputs;
mod inspect;
mod journal;
mod listening;
mod means;
mod models;
mod out_folder;
mod outputs;
mod progress;
mod selection;
mod summary;
mod to_folder;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use arguments::{Arguments, Command};

/// How a command ended that ran to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Everything asked for was done.
    Done,
    /// Something failed and was told on stderr; the rest was done.
    SomeFailed,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    selection::limit_costs(arguments.cost.limits());
    let result = match &arguments.command {
        Command::Analyze(analyze) => analyze::run(analyze, arguments.quiet),
        Command::Classify(classify) => classify::run(classify, arguments.quiet),
        Command::Models(models) => models::run(models),
        Command::Inspect(inspect) => inspect::run(inspect),
        Command::Bench(bench) => bench::run(bench, arguments.quiet),
        Command::Completions { shell } => completions(*shell),
        Command::Man => manual(),
    };
    match result {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::SomeFailed) => ExitCode::FAILURE,
        // Whoever read our output has seen enough (`hamiltone ... | head`): not a failure.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            progress::tell(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn completions(shell: clap_complete::Shell) -> anyhow::Result<Outcome> {
    // Through memory: the generator itself panics where its output goes away.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "hamiltone", &mut script);
    io::stdout().write_all(&script)?;
    Ok(Outcome::Done)
}

fn manual() -> anyhow::Result<Outcome> {
    clap_mangen::Man::new(Arguments::command()).render(&mut io::stdout())?;
    Ok(Outcome::Done)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}
