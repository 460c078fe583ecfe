//! Sound that is made: speech in many languages, every instrument of a soundfont, and bands in many
//! styles by free programs; tones, noises and signals by formulas. It fills what no package holds.

mod grooves;
mod instruments;
mod signals;
mod speech;

use std::path::{Path, PathBuf};

use anyhow::bail;
use rayon::prelude::*;

use super::keep::Found;
use super::program;
use crate::teacher::RATE;
use hamiltone_training::material::Source;

/// A kind of made sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Made {
    /// By espeak-ng.
    Speech,
    /// By fluidsynth: each program of General MIDI, and its drums.
    Instruments,
    /// The same with another soundfont.
    OtherInstruments,
    /// By mma (Musical MIDI Accompaniment) and fluidsynth.
    Grooves,
    /// By formulas.
    Signals,
}

/// One sound to make.
struct Piece {
    /// Its file name without an ending.
    name: String,
    /// Language or style: does not straddle training and measuring.
    group: String,
    held_out: bool,
    recipe: Recipe,
}

/// How a piece is made.
enum Recipe {
    /// Arguments of espeak-ng, without the file's.
    Speak(Vec<String>),
    /// A standard MIDI file, and the soundfont that plays it.
    Play(Vec<u8>, &'static str),
    /// A chart for mma.
    Accompany(String),
    /// Samples at [`RATE`].
    Signal(signals::Signal),
}

impl Made {
    pub(super) const ALL: [Self; 5] = [
        Self::Speech,
        Self::Instruments,
        Self::OtherInstruments,
        Self::Grooves,
        Self::Signals,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Speech => "made-speech",
            Self::Instruments => "made-instruments",
            Self::OtherInstruments => "made-other-instruments",
            Self::Grooves => "made-grooves",
            Self::Signals => "made-signals",
        }
    }

    fn kind(self) -> &'static str {
        match self {
            Self::Speech => "speech",
            Self::Instruments | Self::OtherInstruments => "instruments",
            Self::Grooves => "music",
            Self::Signals => "sounds",
        }
    }

    /// The licence of what the sound is made from.
    fn licence(self) -> &'static str {
        match self {
            Self::Speech => "GPL-3+ (voices of espeak-ng)",
            Self::Instruments => "MIT (Fluid R3 soundfont)",
            Self::OtherInstruments => "MIT (MuseScore General soundfont)",
            Self::Grooves => "GPL-2+ (grooves of mma), MIT (Fluid R3 soundfont)",
            Self::Signals => "MIT OR Apache-2.0 (this program's formulas)",
        }
    }

    fn pieces(self) -> anyhow::Result<Vec<Piece>> {
        match self {
            Self::Speech => speech::pieces(),
            Self::Instruments => instruments::pieces(0),
            Self::OtherInstruments => instruments::pieces(1),
            Self::Grooves => grooves::pieces(),
            Self::Signals => Ok(signals::pieces()),
        }
    }

    /// Makes all of it as WAV files in `folder`; what a program refuses is left out, with a word.
    ///
    /// # Errors
    /// If a program that is needed is not there.
    pub(super) fn make(self, folder: &Path) -> anyhow::Result<Vec<Found>> {
        let pieces = self.pieces()?;
        let made: Vec<(&Piece, anyhow::Result<PathBuf>)> = pieces
            .par_iter()
            .map(|piece| (piece, piece.recipe.wav(&folder.join(&piece.name))))
            .collect();
        let mut found = Vec::new();
        for (piece, wav) in made {
            match wav {
                Err(error) => eprintln!("{} is left out: {error:#}", piece.name),
                Ok(file) => found.push(Found {
                    file,
                    duration_s: None,
                    about: Source {
                        path: PathBuf::new(),
                        source: format!("{}:{}", self.name(), piece.name),
                        group: format!("{}/{}", self.name(), piece.group),
                        kind: self.kind().to_owned(),
                        licence: self.licence().to_owned(),
                        commercial: true,
                        held_out: piece.held_out,
                        seconds: 0.0,
                    },
                }),
            }
        }
        if found.is_empty() {
            bail!("nothing could be made");
        }
        Ok(found)
    }
}

/// Debian's package fluid-soundfont-gm.
const FLUID: &str = "/usr/share/sounds/sf2/FluidR3_GM.sf2";
/// Debian's package musescore-general-soundfont.
const MUSESCORE: &str = "/usr/share/sounds/sf3/MuseScore_General_Full.sf3";

impl Recipe {
    /// Makes the sound beside `base`. Returns the file.
    fn wav(&self, base: &Path) -> anyhow::Result<PathBuf> {
        let (wav, midi) = (base.with_extension("wav"), base.with_extension("mid"));
        match self {
            Self::Speak(arguments) => {
                let file = wav.to_string_lossy().into_owned();
                run(
                    "espeak-ng",
                    &[&["-w".to_owned(), file], &arguments[..]].concat(),
                )?;
            }
            Self::Play(bytes, soundfont) => {
                std::fs::write(&midi, bytes)?;
                render(&midi, &wav, soundfont)?;
            }
            Self::Accompany(chart) => {
                let file = base.with_extension("mma");
                std::fs::write(&file, chart)?;
                let paths = [&midi, &file].map(|path| path.to_string_lossy().into_owned());
                run("mma", &[&["-f".to_owned()], &paths[..]].concat())?;
                render(&midi, &wav, FLUID)?;
            }
            Self::Signal(signal) => write_wav(&wav, &signal.samples())?,
        }
        Ok(wav)
    }
}

fn render(midi: &Path, wav: &Path, soundfont: &str) -> anyhow::Result<()> {
    if !Path::new(soundfont).is_file() {
        bail!(
            "there is no {soundfont}: install the packages fluid-soundfont-gm and \
             musescore-general-soundfont"
        );
    }
    // Only the samples that are played are read.
    let loading = "synth.dynamic-sample-loading=1";
    let mut arguments: Vec<String> = ["-n", "-i", "-q", "-o", loading, "-r", "32000", "-F"]
        .map(str::to_owned)
        .into();
    for path in [wav, Path::new(soundfont), midi] {
        arguments.push(path.to_string_lossy().into_owned());
    }
    run("fluidsynth", &arguments)?;
    if !wav.is_file() {
        bail!(
            "fluidsynth made nothing of {} and {soundfont}",
            midi.display()
        );
    }
    Ok(())
}

fn write_wav(path: &Path, samples: &[f32]) -> anyhow::Result<()> {
    let format = hound::WavSpec {
        channels: 1,
        sample_rate: RATE,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut file = hound::WavWriter::create(path, format)?;
    for sample in samples {
        file.write_sample((sample.clamp(-1.0, 1.0) * f32::from(i16::MAX)) as i16)?;
    }
    Ok(file.finalize()?)
}

/// Runs a program of the package of its name.
fn run(program: &str, arguments: &[String]) -> anyhow::Result<String> {
    program::run(program, arguments, None, "install the package of that name")
}

/// One in ten is for measuring.
fn held_out(number: usize) -> bool {
    number % 10 == 9
}
