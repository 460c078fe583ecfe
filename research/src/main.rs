//! `hamiltone-research`: makes the general tagger and repeats the studies of docs/RESULTS.md.

use clap::{Parser, Subcommand};
use hamiltone_research::teacher::AnyTeacher;
use hamiltone_research::{
    calibration, catalogue, choices, general, material, other_corpora, study, zero_shot,
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
    /// As `hamiltone-training train`, with recipes whose teacher is in ONNX too.
    Train(Box<hamiltone_training::run::TrainArguments>),
    /// Prune and distil on four tasks and write the tables; run it again to go on.
    Study(Box<study::StudyArguments>),
    /// Gather unlabelled audio to learn from; run it again to go on where it stopped.
    Gather(material::GatherArguments),
    /// Count which labels the teacher finds in gathered audio.
    Coverage(material::CoverageArguments),
    /// Distil AudioSet's teacher into a general tagger; run it again to go on where it stopped.
    Distil(Box<general::GeneralArguments>),
    /// Measure how far general taggers agree with their teacher on held-out sounds.
    Agreement(general::AgreementArguments),
    /// Learn what a general tagger's logits are worth, and from where its labels are on, and put it into its card.
    Calibrate(calibration::CalibrateArguments),
    /// Fit the rules by which general taggers choose among genres, instruments or any labels, and measure them.
    Choices(choices::ChoicesArguments),
    /// Measure general taggers on labelled sets that they have not learned.
    ZeroShot(zero_shot::ZeroShotArguments),
    /// Measure how general taggers begin on the same sets: from zeros and after silence.
    Beginnings(zero_shot::BeginningsArguments),
    /// Measure models on a corpus that they have not learned from, and put it into their cards.
    OtherCorpus(other_corpora::OtherCorpusArguments),
    /// Write the README of a folder of models from their cards.
    Catalogue {
        /// The folder.
        #[arg(long, default_value = "models")]
        models: std::path::PathBuf,
    },
}

/// Training makes and drops large tensors at every step; this allocator keeps their memory at hand
/// where the system's gives it back and has every page zeroed anew.
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
        Command::Catalogue { models } => catalogue::catalogue(&models),
    };
    match done {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}
