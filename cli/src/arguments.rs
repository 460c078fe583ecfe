//! The command line.

use std::path::PathBuf;

use clap::builder::{PathBufValueParser, PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use hamiltone_decoding::FORMATS;
use hamiltone_engine::model::{Limits, parse_count};
use hamiltone_engine::tagging::{MAX_WINDOW_S, MIN_WINDOW_S};
use hamiltone_exports::Format;

use crate::inputs::Channels;
use crate::shard::Shard;

/// Tags the sounds in audio files
///
#[derive(Debug, Parser)]
#[command(name = "hamiltone", version, max_term_width = 100, long_about = long_about())]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Print no progress and no warnings; errors are still printed
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    #[command(flatten)]
    pub(crate) cost: CostArguments,
}

fn long_about() -> String {
    format!(
        "Tags the sounds in audio files\n\nThe labels depend on the model; `hamiltone models` lists the models, and \
         `hamiltone inspect MODEL` the labels of one. Reads {FORMATS}. A folder stands for all audio and video files \
         below it. A file that cannot be read is reported, and the other files are still processed.\n\nExit code: 0 on \
         success, 1 if a file or the command failed, 2 for a wrong argument."
    )
}

/// Limits on the cost of a model.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct CostArguments {
    /// Maximum multiply-adds of a model per second of audio, e.g. 20G [default:
    /// $HAMILTONE_MAX_MULTIPLY_ADDS, else 8G]
    #[arg(long, global = true, value_name = "N", value_parser = cost)]
    pub(crate) max_multiply_adds: Option<u64>,
    /// Maximum memory of a model in bytes, e.g. 4G [default: $HAMILTONE_MAX_MEMORY, else 1G]
    #[arg(long, global = true, value_name = "BYTES", value_parser = cost)]
    pub(crate) max_memory: Option<u64>,
}

impl CostArguments {
    /// Both limits: from the options, else from the environment, else the defaults.
    pub(crate) fn limits(self) -> Limits {
        let otherwise = Limits::from_environment();
        Limits {
            multiply_adds_per_second: self
                .max_multiply_adds
                .unwrap_or(otherwise.multiply_adds_per_second),
            memory_bytes: self.max_memory.unwrap_or(otherwise.memory_bytes),
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write a timeline of labels for each file
    Analyze(AnalyzeArguments),
    /// Print the most probable labels of each file as a whole
    Classify(ClassifyArguments),
    /// List the available models, or add one
    Models(ModelsArguments),
    /// Print a model's card: labels, training data, accuracy, cost
    Inspect(InspectArguments),
    /// Write the features of the network for each file, for search and for other classifiers
    Embed(EmbedArguments),
    /// Measure the speed of this machine, decoding included
    Bench(BenchArguments),
    /// Print a completion script for a shell
    Completions {
        /// The shell to complete in
        shell: clap_complete::Shell,
    },
    /// Print the manual page (roff)
    Man,
}

#[derive(Debug, Args)]
#[command(mut_arg("inputs", |inputs| inputs.required(false).required_unless_present("merge_summary")))]
pub(crate) struct AnalyzeArguments {
    #[command(flatten)]
    pub(crate) sources: Sources,
    /// Length of the window behind each column of tags, in seconds (0.5 to 10) [default: the
    /// model's]
    #[arg(long, value_name = "SECONDS", value_parser = window)]
    pub(crate) window: Option<f32>,
    /// Probability at which an event begins (0.01 to 1); it ends below seven tenths of it. A
    /// calibrated model has a threshold for each label: 0.3 keeps them, other values shift all of
    /// them (0.2 gives more events, 0.5 fewer) [default: 0.3 if the model is calibrated or can
    /// assign several labels at once, else 0.5]
    #[arg(long, value_name = "PROBABILITY", value_parser = probability)]
    pub(crate) threshold: Option<f32>,
    /// A CSV file with thresholds of single labels, `label,threshold`, as the plugin saves it. These
    /// labels are on from exactly that probability, and --threshold does not move them
    #[arg(long, value_name = "FILE")]
    pub(crate) thresholds: Option<PathBuf>,
    /// Format of the timelines; may be repeated with --out [default: text on a terminal, else json]
    #[arg(long, value_parser = format())]
    pub(crate) format: Vec<OutputFormat>,
    /// Write one file per input and format into this folder (created if needed) instead of
    /// printing; subfolders of the input folders are kept
    #[arg(long, value_name = "DIR", value_parser = PathBufValueParser::new().try_map(folder))]
    pub(crate) out: Option<PathBuf>,
    /// Analyse all files again, including those that are up to date in the output folder
    #[arg(long, requires = "out")]
    pub(crate) again: bool,
    /// Process only part K of N of the files, for runs on several machines into one folder: each file belongs to one
    /// part, by its path below the input folder
    #[arg(long, value_name = "K/N", requires = "out", value_parser = Shard::parse)]
    pub(crate) shard: Option<Shard>,
    /// Put the tables of all parts of --shard in the output folder together, and process no files
    #[arg(long, requires = "out", conflicts_with_all = ["shard", "again", "format", "write_tags"])]
    pub(crate) merge_summary: bool,
    /// Write the labels of each file into its own metadata: keywords, and a genre if the file has
    /// none. The audio stays the same to the bit
    #[arg(long)]
    pub(crate) write_tags: bool,
    /// With --write-tags: print the tags and change no file
    #[arg(long, requires = "write_tags")]
    pub(crate) dry_run: bool,
    /// Stop at the first file that fails
    #[arg(long)]
    pub(crate) fail_fast: bool,
    /// Files to process in parallel [default: the number of cores]
    #[arg(long, value_name = "N", value_parser = count)]
    pub(crate) jobs: Option<usize>,
}

#[derive(Debug, Args)]
pub(crate) struct ClassifyArguments {
    #[command(flatten)]
    pub(crate) sources: Sources,
    /// Number of labels per file
    #[arg(long, value_name = "K", default_value = "5", value_parser = count)]
    pub(crate) top: usize,
    /// Print one line of JSON per file
    #[arg(long)]
    pub(crate) json: bool,
}

/// A format of embeddings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EmbeddingFormat {
    /// A NumPy array of 32-bit floats per file: a row per period
    Npy,
    /// A Parquet table per file: a row per period
    Parquet,
}

/// What happens to files that exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Existing {
    /// Keep them
    Keep,
    /// Replace them
    Replace,
}

#[derive(Debug, Args)]
pub(crate) struct EmbedArguments {
    #[command(flatten)]
    pub(crate) sources: Sources,
    /// Write one file per input into this folder (created if needed); subfolders of the input folders are kept
    #[arg(long, value_name = "DIR", value_parser = PathBufValueParser::new().try_map(folder))]
    pub(crate) out: PathBuf,
    /// Format of the files
    #[arg(long, value_enum, default_value = "npy")]
    pub(crate) format: EmbeddingFormat,
    /// Seconds from row to row, at least 0.5; `file` for one row per file
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = period)]
    pub(crate) every: f64,
    /// What to do with files of these names: keep them, to continue a run with the same model and options, or replace
    /// them [default: stop before anything is written]
    #[arg(long, value_enum)]
    pub(crate) existing: Option<Existing>,
}

#[derive(Debug, Args)]
pub(crate) struct ModelsArguments {
    /// Check model files and copy them into your models folder, where the plugin and this command
    /// find them
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "json")]
    pub(crate) add: Vec<PathBuf>,
    /// With --add: replace files of the same name
    #[arg(long, requires = "add")]
    pub(crate) replace: bool,
    /// Print a JSON array
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct InspectArguments {
    /// The name of a model or a model file
    #[arg(value_name = "NAME_OR_FILE")]
    pub(crate) model: String,
    /// Print a JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct BenchArguments {
    /// The name of a model or a model file [default: the built-in one]
    #[arg(long, value_name = "NAME_OR_FILE")]
    pub(crate) model: Option<String>,
    /// Seconds of audio per core
    #[arg(long, value_name = "N", default_value = "300", value_parser = count)]
    pub(crate) seconds: usize,
    /// Print a JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// The name of the format that is no file per input.
pub(crate) const PARQUET: &str = "parquet";

/// Inputs and model.
#[derive(Debug, Args)]
pub(crate) struct Sources {
    /// Audio files and folders; /dev/stdin reads a pipe on systems that have it
    #[arg(required = true, value_name = "FILE_OR_FOLDER")]
    pub(crate) inputs: Vec<PathBuf>,
    /// The name of a model (see `hamiltone models`) or a model file [default: the built-in one]
    #[arg(long, value_name = "NAME_OR_FILE")]
    pub(crate) model: Option<String>,
    /// Consider only these labels; may be repeated. A label or a set of labels; the built-in model
    /// has the sets music, voice, nature, things, instruments, genres and moods
    #[arg(long, value_name = "LABEL_OR_SET")]
    pub(crate) among: Vec<String>,
    /// The channel to read: `mix` for a mix of all, a number from 1, or `each` for separate results
    /// of all channels
    #[arg(long, value_name = "mix|N|each", default_value = "mix", value_parser = channels)]
    pub(crate) channel: Channels,
}

/// A format of `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OutputFormat {
    /// One file per input, or printed.
    File(Format),
    /// A data set of all inputs.
    Parquet,
}

/// The formats of `hamiltone-exports` with their help, and Parquet.
fn format() -> impl TypedValueParser<Value = OutputFormat> {
    let values = Format::ALL.map(|format| {
        let file_only = if format.can_be_printed() {
            ""
        } else {
            " (with --out)"
        };
        PossibleValue::new(format.name()).help(format!("{}{file_only}", format.about()))
    });
    let parquet = PossibleValue::new(PARQUET)
        .help("A Parquet data set: the tables of all files and of all events (with --out)");
    PossibleValuesParser::new(values.into_iter().chain([parquet])).try_map(|name| {
        match name.as_str() {
            PARQUET => Ok(OutputFormat::Parquet),
            name => name.parse().map(OutputFormat::File),
        }
    })
}

fn channels(text: &str) -> Result<Channels, &'static str> {
    match text {
        "mix" => Ok(Channels::Mix),
        "each" => Ok(Channels::Each),
        number => match number.parse() {
            Ok(number @ 1..) => Ok(Channels::One(number)),
            _ => Err("must be mix, each, or the number of a channel, from 1"),
        },
    }
}

fn window(text: &str) -> Result<f32, String> {
    let seconds: f32 = text
        .parse()
        .map_err(|_| "give a number of seconds".to_owned())?;
    if (MIN_WINDOW_S..=MAX_WINDOW_S).contains(&seconds) {
        Ok(seconds)
    } else {
        Err(format!(
            "must be between {MIN_WINDOW_S} and {MAX_WINDOW_S} seconds"
        ))
    }
}

fn period(text: &str) -> Result<f64, String> {
    match (text, text.parse()) {
        ("file", _) => Ok(f64::INFINITY),
        (_, Ok(seconds)) if seconds >= f64::from(MIN_WINDOW_S) => Ok(seconds),
        _ => Err(format!(
            "must be `file`, or at least {MIN_WINDOW_S} seconds"
        )),
    }
}

fn probability(text: &str) -> Result<f32, String> {
    match text.parse() {
        Ok(value) if (0.01..=1.0).contains(&value) => Ok(value),
        _ => Err("must be a number between 0.01 and 1".to_owned()),
    }
}

fn folder(path: PathBuf) -> Result<PathBuf, &'static str> {
    if path.exists() && !path.is_dir() {
        return Err("is a file; give a folder");
    }
    Ok(path)
}

fn cost(text: &str) -> Result<u64, &'static str> {
    parse_count(text).ok_or("must be a number above 0, optionally with k, M, G or T: 800M, 2.5G")
}

fn count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count) if count > 0 => Ok(count),
        _ => Err("must be a whole number of at least 1".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_holds_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn probabilities_within_their_range() {
        assert_eq!(probability("0.25"), Ok(0.25));
        for wrong in ["0", "1.1", "NaN", "half", ""] {
            assert!(probability(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn windows_within_their_range() {
        assert_eq!(window("2.5"), Ok(2.5));
        for wrong in ["0.4", "11", "NaN", "inf", "-1", "two", ""] {
            assert!(window(wrong).is_err(), "{wrong}");
        }
    }
}
