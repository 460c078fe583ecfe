//! `hamiltone-training`: trains models and finishes them for use.

use clap::{Parser, Subcommand};
use hamiltone_engine::text::error_in_one_line;
use hamiltone_training::teacher::OwnModels;
use hamiltone_training::{certainty, level, report, run, statistics};

/// Trains quaternion networks for Hamiltone.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Train on the folds of a data set; give the same command again to resume.
    Train(Box<run::TrainArguments>),
    /// Redraw the pictures of a run from its results.
    Draw {
        /// The `results.json` of the run.
        #[arg(long)]
        results: std::path::PathBuf,
        /// Folder for the pictures.
        #[arg(long)]
        out: std::path::PathBuf,
    },
    /// Copy one fold's model of a run into a folder of models, with the means over all folds in its card.
    Ship(report::ShipArguments),
    /// Add class statistics to a model, for choosing among some of its labels.
    Statistics(statistics::StatisticsArguments),
    /// Fit how sure models for one label at a time may be, to clips that they have not learned from.
    Calibrate(certainty::CalibrateArguments),
    /// Switch the gain for quiet sound on or off in the cards of finished models.
    Level(level::LevelArguments),
    /// Rewrite model files in the current format, with checksums and cost in their cards; weights do not change.
    Reseal(report::ResealArguments),
}

/// Training allocates and frees large tensors at every step; this allocator keeps their memory, where the system's
/// returns it and has every page zeroed again.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    hamiltone_decoding::hide_contained_panics();
    let done = match Arguments::parse().command {
        Command::Train(arguments) => run::train(&arguments, &OwnModels),
        Command::Draw { results, out } => report::redraw(&results, &out),
        Command::Ship(arguments) => report::ship(&arguments),
        Command::Statistics(arguments) => statistics::statistics(&arguments),
        Command::Calibrate(arguments) => certainty::calibrate(&arguments),
        Command::Level(arguments) => level::level(&arguments),
        Command::Reseal(arguments) => report::reseal(&arguments),
    };
    match done {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", error_in_one_line(error.chain()));
            std::process::ExitCode::FAILURE
        }
    }
}
