//! `hamiltone`: names what is heard in audio files.
//!
//! One module a command ([`analyze`], [`classify`], [`models`]); what they share is how inputs are
//! found, how a file is listened to, and how progress and problems are told. Results go to stdout,
//! everything else to stderr.
//!
//! Exit codes: 0 all went well; 1 something failed (the rest was still done); 2 wrong usage.
#![forbid(unsafe_code)]

mod analyze;
mod arguments;
mod batch;
mod classify;
mod inputs;
mod listening;
mod models;
mod outputs;
mod progress;
mod selection;

use std::io;
use std::process::ExitCode;

use clap::Parser;

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
    let result = match &arguments.command {
        Command::Analyze(analyze) => analyze::run(analyze, arguments.quiet),
        Command::Classify(classify) => classify::run(classify, arguments.quiet),
        Command::Models(models) => models::run(models),
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

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}
