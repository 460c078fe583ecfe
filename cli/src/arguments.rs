//! The command line.

use std::path::PathBuf;

use clap::builder::{PathBufValueParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use hamiltone_engine::model::{Limits, parse_count};
use hamiltone_engine::tagging::{MAX_WINDOW_S, MIN_WINDOW_S};
use hamiltone_exports::Format as Export;

/// Names what is heard in audio files.
///
/// What it can name depends on the model; `hamiltone models` lists them with their labels. Reads WAV, AIFF, AU, CAF, FLAC, Ogg Vorbis, Opus, MP3, AAC and ALAC, also in video files. A folder stands for every audio file
/// in it and below. A file that cannot be read is reported, and the rest goes on.
///
/// Exit code: 0 if all went well, 1 if anything failed, 2 for wrong usage.
#[derive(Debug, Parser)]
#[command(name = "hamiltone", version, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Print no progress and no warnings; errors are still printed
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    #[command(flatten)]
    pub(crate) cost: CostArguments,
}

/// What a model may cost.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct CostArguments {
    /// Most multiply-adds of a model for each second of audio, e.g. 20G [default:
    /// $HAMILTONE_MAX_MULTIPLY_ADDS, else 8G]
    #[arg(long, global = true, value_name = "N", value_parser = cost)]
    pub(crate) max_multiply_adds: Option<u64>,
    /// Most memory that a model may need, in bytes, e.g. 4G [default: $HAMILTONE_MAX_MEMORY, else 1G]
    #[arg(long, global = true, value_name = "BYTES", value_parser = cost)]
    pub(crate) max_memory: Option<u64>,
}

impl CostArguments {
    /// Both limits: as given here, else by the environment, else the defaults.
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
    /// What is heard when: a timeline of labels for each file
    Analyze(AnalyzeArguments),
    /// What is heard on the whole: the most probable labels of each file
    Classify(ClassifyArguments),
    /// The models that can be chosen
    Models(ModelsArguments),
    /// Everything that a model's card says
    Inspect(InspectArguments),
    /// How fast this machine is, from the file to the tags
    Bench(BenchArguments),
    /// Print a script that completes this command in a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page (roff)
    Man,
}

#[derive(Debug, Args)]
pub(crate) struct AnalyzeArguments {
    #[command(flatten)]
    pub(crate) sources: Sources,
    /// How much of the past each tag is made from, in seconds (0.5 to 10) [default: the model's]
    #[arg(long, value_name = "SECONDS", value_parser = window)]
    pub(crate) window: Option<f32>,
    /// Probability from which a label is an event, until it falls below seven tenths of it (0.01 to
    /// 1). A calibrated model has a level for each label: 0.3 leaves them, another value moves all
    /// of them (0.2 turns more labels on, 0.5 fewer) [default: 0.3 where a model is calibrated or can
    /// name several labels at once, else 0.5]
    #[arg(long, value_name = "PROBABILITY", value_parser = probability)]
    pub(crate) threshold: Option<f32>,
    /// How to write the timelines; may be repeated with --out [default: text on a terminal, else
    /// json]
    #[arg(long, value_enum)]
    pub(crate) format: Vec<Format>,
    /// Write one file for each input into this folder (made if needed) instead of printing; the
    /// structure of the input folders is kept
    #[arg(long, value_name = "DIR", value_parser = PathBufValueParser::new().try_map(folder))]
    pub(crate) out: Option<PathBuf>,
    /// Analyse every file, also those that the journal in the output folder knows
    #[arg(long, requires = "out")]
    pub(crate) again: bool,
    /// Stop at the first file that fails
    #[arg(long)]
    pub(crate) fail_fast: bool,
    /// Files heard at the same time [default: one for each core]
    #[arg(long, value_name = "N", value_parser = count)]
    pub(crate) jobs: Option<usize>,
}

#[derive(Debug, Args)]
pub(crate) struct ClassifyArguments {
    #[command(flatten)]
    pub(crate) sources: Sources,
    /// How many labels to give for each file
    #[arg(long, value_name = "K", default_value = "5", value_parser = count)]
    pub(crate) top: usize,
    /// Print one line of JSON for each file
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ModelsArguments {
    /// Check model files and copy them into your folder of models, where plugin and command line
    /// find them
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "json")]
    pub(crate) add: Vec<PathBuf>,
    /// With --add: replace files of the same names
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
    /// Seconds of audio that each core hears
    #[arg(long, value_name = "N", default_value = "300", value_parser = count)]
    pub(crate) seconds: usize,
    /// Print a JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// What to listen to, and with what.
#[derive(Debug, Args)]
pub(crate) struct Sources {
    /// Audio files, and folders of them; /dev/stdin for a pipe, where there is one
    #[arg(required = true, value_name = "FILE_OR_FOLDER")]
    pub(crate) inputs: Vec<PathBuf>,
    /// The name of a model (see `hamiltone models`) or a model file [default: the built-in one]
    #[arg(long, value_name = "NAME_OR_FILE")]
    pub(crate) model: Option<String>,
    /// Choose among these labels only; may be repeated. A label, or a set of them: with the built-in
    /// model music, voice, nature, things, instruments, genres or moods
    #[arg(long, value_name = "LABEL_OR_SET")]
    pub(crate) among: Vec<String>,
}

/// How a timeline is written; docs/FORMATS.md has every field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A list for people
    Text,
    /// The whole timeline: columns and events; on stdout one line for each file
    Json,
    /// The events; on stdout with a last column `file` where there are several
    Csv,
    /// One line of JSON for each column of tags
    Jsonl,
    /// A label track of Audacity (with --out)
    Audacity,
    /// Regions for Reaper's Region/Marker Manager (with --out)
    Reaper,
    /// JSON Annotated Music Specification (with --out)
    Jams,
    /// A MIDI file of markers (with --out)
    Midi,
    /// A picture of the tag roll (with --out)
    Png,
}

impl Format {
    /// The same for the exports; `None` is text.
    pub(crate) fn export(self) -> Option<Export> {
        match self {
            Self::Text => None,
            Self::Json => Some(Export::Json),
            Self::Csv => Some(Export::Csv),
            Self::Jsonl => Some(Export::Jsonl),
            Self::Audacity => Some(Export::Audacity),
            Self::Reaper => Some(Export::Reaper),
            Self::Jams => Some(Export::Jams),
            Self::Midi => Some(Export::Midi),
            Self::Png => Some(Export::Png),
        }
    }

    /// The ending of a file of this format.
    pub(crate) fn ending(self) -> &'static str {
        self.export().map_or("txt", Export::ending)
    }

    /// What a person types.
    pub(crate) fn name(self) -> &'static str {
        self.export().map_or("text", Export::name)
    }

    /// Whether several of them after one another on stdout still mean something.
    pub(crate) fn can_be_printed(self) -> bool {
        matches!(self, Self::Text | Self::Json | Self::Csv | Self::Jsonl)
    }
}

fn window(text: &str) -> Result<f32, String> {
    let seconds: f32 = text
        .parse()
        .map_err(|_| "not a number of seconds".to_owned())?;
    if (MIN_WINDOW_S..=MAX_WINDOW_S).contains(&seconds) {
        Ok(seconds)
    } else {
        Err(format!(
            "a window has {MIN_WINDOW_S} to {MAX_WINDOW_S} seconds"
        ))
    }
}

fn probability(text: &str) -> Result<f32, String> {
    match text.parse() {
        Ok(value) if (0.01..=1.0).contains(&value) => Ok(value),
        _ => Err("a probability is 0.01 to 1".to_owned()),
    }
}

fn folder(path: PathBuf) -> Result<PathBuf, &'static str> {
    if path.exists() && !path.is_dir() {
        return Err("this is a file, not a folder");
    }
    Ok(path)
}

fn cost(text: &str) -> Result<u64, &'static str> {
    parse_count(text).ok_or("not a number over 0, which may end in k, M, G or T: 800M, 2.5G")
}

fn count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count) if count > 0 => Ok(count),
        _ => Err("a number from 1 on is wanted".to_owned()),
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
