//! Trains Hamiltone's models: `hamiltone-training train --data DIR --task esc10 --out DIR`; `draw`
//! makes a run's pictures again.

use clap::{Parser, Subcommand};

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
    Train(Box<hamiltone_training::run::TrainArguments>),
    /// Prune and distil on four tasks and write the tables; run it again to go on.
    Study(Box<hamiltone_training::study::StudyArguments>),
    /// Distil AudioSet's teacher into a general tagger; run it again to go on where it stopped.
    Distil(Box<hamiltone_training::general::GeneralArguments>),
    /// Add class statistics to a general tagger, for choosing among some of its labels.
    Statistics(hamiltone_training::general::StatisticsArguments),
    /// Measure how far general taggers agree with their teacher on held-out sounds.
    Agreement(hamiltone_training::general::AgreementArguments),
    /// Measure general taggers on labelled sets that they have not learned.
    ZeroShot(hamiltone_training::zero_shot::ZeroShotArguments),
    /// Measure how general taggers begin on the same sets: from zeros and after silence.
    Beginnings(hamiltone_training::zero_shot::BeginningsArguments),
    /// Switch the gain for quiet sound of finished models on or off.
    Level(hamiltone_training::level::LevelArguments),
    /// Gather unlabelled audio to learn from; run it again to go on where it stopped.
    Gather(hamiltone_training::material::GatherArguments),
    /// Count which labels the teacher finds in gathered audio.
    Coverage(hamiltone_training::material::CoverageArguments),
    /// Put one fold's network of a run into a folder of models, with the means of all folds.
    Ship(hamiltone_training::report::ShipArguments),
    /// Write the README of a folder of models from their cards.
    Catalogue {
        /// The folder.
        #[arg(long, default_value = "models")]
        models: std::path::PathBuf,
    },
    /// Draw the pictures of a run again, from its results.
    Draw {
        /// The `results.json` of the run.
        #[arg(long)]
        results: std::path::PathBuf,
        /// Folder for the pictures.
        #[arg(long)]
        out: std::path::PathBuf,
    },
}

/// Training makes and drops large tensors at every step; this allocator keeps their memory at hand
/// where the system's gives it back and has every page zeroed anew.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    let Arguments { command } = Arguments::parse();
    let done = match command {
        Command::Train(arguments) => hamiltone_training::run::train(&arguments),
        Command::Study(arguments) => hamiltone_training::study::study(&arguments),
        Command::Distil(arguments) => hamiltone_training::general::distil(&arguments),
        Command::Statistics(arguments) => hamiltone_training::general::statistics(&arguments),
        Command::Agreement(arguments) => hamiltone_training::general::agreement(&arguments),
        Command::ZeroShot(arguments) => hamiltone_training::zero_shot::zero_shot(&arguments),
        Command::Beginnings(arguments) => hamiltone_training::zero_shot::beginnings(&arguments),
        Command::Level(arguments) => hamiltone_training::level::level(&arguments),
        Command::Gather(arguments) => hamiltone_training::material::gather(&arguments),
        Command::Coverage(arguments) => hamiltone_training::material::coverage(&arguments),
        Command::Ship(arguments) => hamiltone_training::report::ship(&arguments),
        Command::Catalogue { models } => hamiltone_training::report::catalogue(&models),
        Command::Draw { results, out } => hamiltone_training::report::redraw(&results, &out),
    };
    match done {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}
