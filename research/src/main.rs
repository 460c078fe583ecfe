//! `hamiltone-research`: makes the general tagger and repeats the studies of docs/RESULTS.md.

use clap::{Parser, Subcommand};
use hamiltone_engine::text::error_in_one_line;
use hamiltone_research::teacher::AnyTeacher;
use hamiltone_research::{
    calibration, catalogue, choices, clip_counts, general, material, other_corpora, study,
    zero_shot,
};

/// Makes Hamiltone's general tagger and repeats its studies.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// As `hamiltone-training train`, and also for recipes with a teacher in ONNX.
    Train(Box<hamiltone_training::run::TrainArguments>),
    /// Prune and distil on four tasks and write the tables; give the same command again to resume.
    Study(Box<study::StudyArguments>),
    /// Gather unlabelled audio to learn from; give the same command again to resume.
    Gather(material::GatherArguments),
    /// Count which labels the teacher finds in gathered audio.
    Coverage(material::CoverageArguments),
    /// Distil a teacher of AudioSet's labels into a general tagger; give the same command again to resume.
    Distil(Box<general::GeneralArguments>),
    /// Measure how far general taggers agree with their teacher on held-out sounds.
    Agreement(general::AgreementArguments),
    /// Fit the probabilities and on-levels of a general tagger's labels, and write them into its card.
    Calibrate(calibration::CalibrateArguments),
    /// Fit the rules by which general taggers choose among genres, instruments or any labels, and measure them.
    Choices(choices::ChoicesArguments),
    /// Measure general taggers on labelled sets that they were not trained on.
    ZeroShot(zero_shot::ZeroShotArguments),
    /// Measure the first tags of general taggers on the same sets: from zeros and after silence.
    Beginnings(zero_shot::BeginningsArguments),
    /// Measure models on a corpus that they were not trained on, and write the figures into their cards.
    OtherCorpus(other_corpora::OtherCorpusArguments),
    /// Measure recipes with 2, 5, 10 … training clips of each label; give the same command again to resume.
    ClipCounts(clip_counts::ClipCountsArguments),
    /// Write the README of a folder of models from their cards.
    Catalogue {
        /// The folder.
        #[arg(long, default_value = "models")]
        models: std::path::PathBuf,
    },
}

/// Training allocates and frees large tensors at every step; this allocator keeps their memory, where the system's
/// returns it and has every page zeroed again.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    let done = match Arguments::parse().command {
        Command::Train(arguments) => hamiltone_training::run::train(&arguments, &AnyTeacher),
        Command::Study(arguments) => study::study(&arguments),
        Command::Gather(arguments) => material::gather(&arguments),
        Command::Coverage(arguments) => material::coverage(&arguments),
        Command::Distil(arguments) => general::distil(&arguments),
        Command::Agreement(arguments) => general::agreement(&arguments),
        Command::Calibrate(arguments) => calibration::calibrate(&arguments),
        Command::Choices(arguments) => choices::choices(&arguments),
        Command::ZeroShot(arguments) => zero_shot::zero_shot(&arguments),
        Command::Beginnings(arguments) => zero_shot::beginnings(&arguments),
        Command::OtherCorpus(arguments) => other_corpora::other_corpus(&arguments),
        Command::ClipCounts(arguments) => clip_counts::clip_counts(&arguments),
        Command::Catalogue { models } => catalogue::catalogue(&models),
    };
    match done {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", error_in_one_line(error.chain()));
            std::process::ExitCode::FAILURE
        }
    }
}
