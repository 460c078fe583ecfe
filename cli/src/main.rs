//! `hamiltone`: tags the sounds in audio files.
//!
//! One module per command: [`analyze`], [`classify`], [`embed`], [`models`], [`inspect`], [`mod@bench`]. They share [`inputs`]
//! (finding files), [`batch`] (processing them in parallel) and [`progress`] (messages). `hamiltone-analysis` reads and tags one file.
//! Results go to stdout, everything else to stderr.
//!
//! Exit codes: 0 success; 1 a file or the command failed (other files are still processed); 2 wrong usage.
#![forbid(unsafe_code)]

mod analysis;
mod analyze;
mod arguments;
mod batch;
mod bench;
mod classify;
mod closing_line;
mod data_set;
mod embed;
mod entry;
mod inputs;
mod inspect;
mod journal;
mod merge;
mod metadata;
mod models;
mod npy;
mod out_folder;
mod outputs;
mod progress;
mod run_lock;
mod selection;
mod shard;
mod tables;
mod to_folder;
mod usage;
mod write_tags;

use std::io;
use std::process::ExitCode;

use clap::CommandFactory;

use arguments::{Arguments, Command};

/// The result of a command that ran to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Everything succeeded.
    Done,
    /// Some files failed, which was printed; the others succeeded.
    SomeFailed,
}

fn main() -> ExitCode {
    hamiltone_decoding::hide_contained_panics();
    let arguments = match usage::parse(std::env::args_os()) {
        Ok(arguments) => arguments,
        Err(code) => return code,
    };
    selection::limit_costs(arguments.cost.limits());
    let result = match &arguments.command {
        Command::Analyze(analyze) => analyze::run(analyze, arguments.quiet),
        Command::Classify(classify) => classify::run(classify, arguments.quiet),
        Command::Models(models) => models::run(models),
        Command::Inspect(inspect) => inspect::run(inspect),
        Command::Embed(embed) => embed::run(embed, arguments.quiet),
        Command::Bench(bench) => bench::run(bench, arguments.quiet),
        Command::Completions { shell } => print_completions(*shell),
        Command::Man => print_man_page(),
    };
    match result {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::SomeFailed) => ExitCode::FAILURE,
        // The reader of our output closed it (`hamiltone ... | head`), which is not a failure.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            progress::message(&format!("error: {}", usage::text_of(&error)));
            usage::exit_code(&error)
        }
    }
}

fn print_completions(shell: clap_complete::Shell) -> anyhow::Result<Outcome> {
    // Through memory, since the generator panics if stdout is closed.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "hamiltone", &mut script);
    progress::print(&script)?;
    Ok(Outcome::Done)
}

fn print_man_page() -> anyhow::Result<Outcome> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Arguments::command()).render(&mut page)?;
    progress::print(&page)?;
    Ok(Outcome::Done)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}
