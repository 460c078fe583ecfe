//! A real command, real audio files, and a small model of random weights.
#![allow(dead_code, unreachable_pub)] // each test binary uses its own part

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use hamiltone_engine::features::FeatureSettings;
use hamiltone_engine::model::{Library, ModelFile, TaskKind};
use hamiltone_engine::network::{Architecture, ParameterKind};
use hamiltone_engine::timeline::Timeline;

/// The labels of the small model.
pub const LABELS: [&str; 4] = ["rain", "dog, small", "clock", "sea"];

/// A folder of its own for a test, with the small model as `models/tiny.safetensors`.
pub struct Workplace {
    folder: tempfile::TempDir,
}

impl Workplace {
    /// A new one.
    pub fn new() -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        std::fs::create_dir(place.path("models")).unwrap();
        tiny_model()
            .write(&place.path("models/tiny.safetensors"))
            .unwrap();
        place
    }

    /// A path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes bytes.
    pub fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// Writes a 16-bit WAV of [`sound`].
    pub fn wav(&self, name: &str, rate: u32, seconds: f64) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        write_wav(&path, rate, &sound(rate, seconds));
        path
    }

    /// The command, run in this folder, finding only this folder's models and the built-in ones.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hamiltone"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("HAMILTONE_MODELS", self.path("models"))
            .env_remove("RUST_BACKTRACE");
        command
    }

    /// Runs it to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::new(self.command(arguments).output().unwrap())
    }
}

/// The lines of a file as JSON.
pub fn lines(place: &Workplace, name: &str) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(place.path(name)).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// A folder `in` with three files.
pub fn library() -> Workplace {
    let place = Workplace::new();
    for (name, seconds) in [("in/a.wav", 2.0), ("in/b.wav", 1.5), ("in/sub/c.wav", 1.0)] {
        place.wav(name, 32_000, seconds);
    }
    place
}

/// Analyses the files of [`library`].
pub const ANALYZE: [&str; 6] = ["analyze", "in", "--model", "tiny", "--out", "out"];

/// A file as JSON.
pub fn json_of(place: &Workplace, name: &str) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(place.path(name)).unwrap()).unwrap()
}

/// The output of a run.
#[derive(Debug)]
pub struct Ran {
    /// The exit code.
    pub code: i32,
    /// What it printed on stdout.
    pub stdout: String,
    /// What it printed on stderr.
    pub stderr: String,
}

impl Ran {
    /// Of an output; nothing may ever panic.
    pub fn new(output: Output) -> Self {
        let ran = Self {
            code: output.status.code().expect("ended by itself"),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        assert!(!ran.stderr.contains("panicked"), "{ran:?}");
        ran
    }

    /// The lines of stdout as JSON.
    pub fn json_lines(&self) -> Vec<serde_json::Value> {
        self.stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

/// A sound that changes: chirps over a low hum, under 8 kHz, the same at every rate.
pub fn sound(rate: u32, seconds: f64) -> Vec<f32> {
    let frames = (seconds * f64::from(rate)).round() as usize;
    (0..frames)
        .map(|frame| {
            let time = frame as f64 / f64::from(rate);
            let sweep = 300.0 + 3_000.0 * (time * 0.7).fract();
            let chirp = (std::f64::consts::TAU * sweep * (time * 0.7).fract()).sin();
            let hum = (std::f64::consts::TAU * 110.0 * time).sin();
            (0.3 * chirp * (time * 2.0).sin() + 0.2 * hum) as f32
        })
        .collect()
}

/// [`sound`] with faint tones everywhere up to 14 kHz, so that no band of a spectrogram holds
/// nothing but the noise of 16 bits, which differs from rate to rate.
pub fn full_sound(rate: u32, seconds: f64) -> Vec<f32> {
    let mut samples = sound(rate, seconds);
    for tone in 1..=100 {
        let step = std::f64::consts::TAU * 139.0 * f64::from(tone) / f64::from(rate);
        let phase = f64::from(tone * tone); // no common peak
        for (frame, sample) in samples.iter_mut().enumerate() {
            *sample += 0.002 * (step * frame as f64 + phase).sin() as f32;
        }
    }
    samples
}

/// 32-bit float, mono.
pub fn write_float_wav(path: &Path, rate: u32, samples: &[f32]) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: rate,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    for sample in samples {
        writer.write_sample(*sample).unwrap();
    }
    writer.finalize().unwrap();
}

/// 16 bits, mono.
pub fn write_wav(path: &Path, rate: u32, samples: &[f32]) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: rate,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    for sample in samples {
        writer.write_sample((sample * 32_000.0) as i16).unwrap();
    }
    writer.finalize().unwrap();
}

/// Parses a timeline.
pub fn timeline(text: &str) -> Timeline {
    serde_json::from_str(text).unwrap()
}

/// Fixed random weights: its probabilities change with the sound.
pub fn tiny_model() -> ModelFile {
    tiny_model_of(&LABELS)
}

/// A small model with these labels.
pub fn tiny_model_of(labels: &[&str]) -> ModelFile {
    let features = FeatureSettings::default();
    let architecture = Architecture::doubling(16, 4, true, 1.0, labels.len());
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    let mut weights = BTreeMap::new();
    for shape in architecture.parameters(features.mel_bands) {
        let inputs = shape.count()
            / shape.shape[..2.min(shape.shape.len())]
                .iter()
                .product::<usize>();
        let values: Vec<f32> = match shape.kind {
            ParameterKind::Scale => vec![1.0; shape.count()],
            ParameterKind::Statistic if shape.name == "input_norm.mean" => {
                vec![-30.0; features.mel_bands]
                    .into_iter()
                    .chain(vec![0.0; shape.count() - features.mel_bands])
                    .collect()
            }
            ParameterKind::Statistic if shape.name == "input_norm.variance" => {
                vec![100.0; shape.count()]
            }
            ParameterKind::Statistic if shape.name.ends_with("variance") => {
                vec![1.0; shape.count()]
            }
            ParameterKind::Statistic | ParameterKind::Shift => vec![0.0; shape.count()],
            ParameterKind::Weight => {
                let scale = (1.5 / inputs.max(1) as f32).sqrt();
                (0..shape.count()).map(|_| scale * random()).collect()
            }
        };
        weights.insert(shape.name, values);
    }
    let mut card = Library::with_folders(vec![]).default_model().card().clone();
    card.name = "tiny".into();
    card.description = "Random weights, for tests".into();
    card.task = TaskKind::SingleLabel;
    card.labels = labels.iter().map(|label| (*label).to_owned()).collect();
    (card.groups, card.class_statistics, card.calibration) = (Vec::new(), None, None);
    (card.parents, card.choices) = (Vec::new(), Vec::new());
    (card.parent, card.pruning) = (None, None);
    card.features = features;
    card.architecture = architecture;
    card.licence = "CC0".into();
    card.accuracy = Vec::new();
    ModelFile::seal(card, weights).unwrap()
}
