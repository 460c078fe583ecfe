//! `hamiltone-training`: trains models and finishes them for use.

use clap::{Parser, Subcommand};
use hamiltone_training::teacher::OwnModels;
use hamiltone_training::{level, report, run, statistics};

/// Trains quaternion networks for Hamiltone.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Train on the folds of a data set; run it again to go on where it stopped.
    Train(Box<run::TrainArguments>),
    /// Draw the pictures of a run again, from its results.
    Draw {
        /// The `results.json` of the run.
        #[arg(long)]
        results: std::path::PathBuf,
        /// Folder for the pictures.
        #[arg(long)]
        out: std::path::PathBuf,
    },
    /// Put one fold's network of a run into a folder of models, with the means of all folds.
    Ship(report::ShipArguments),
    /// Add class statistics to a model, for choosing among some of its labels.
    Statistics(statistics::StatisticsArguments),
    /// Switch the gain for quiet sound of finished models on or off.
    Level(level::LevelArguments),
    /// Write model files again in the present form, with checksums and cost in their cards; weights stay as they are.
    Reseal(report::ResealArguments),
}

/// Training makes and drops large tensors at every step; this allocator keeps their memory at hand
/// where the system's gives it back and has every page zeroed anew.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    let done = match Arguments::parse().command {
        Command::Train(arguments) => run::train(&arguments, &OwnModels),
        Command::Draw { results, out } => report::redraw(&results, &out),
        Command::Ship(arguments) => report::ship(&arguments),
        Command::Statistics(arguments) => statistics::statistics(&arguments),
        Command::Level(arguments) => level::level(&arguments),
        Command::Reseal(arguments) => report::reseal(&arguments),
    };
    match done {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}
