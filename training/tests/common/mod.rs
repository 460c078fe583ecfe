//! A data set that can be told apart at once (tones and noise), and the program itself.
#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    reason = "each test uses its part"
)]

pub mod golden;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use hamiltone_engine::model::{Model, ModelFile};
use hamiltone_training::random::{normal, stream};
use rand::Rng;

const RATE: u32 = 16_000;
pub const FOLDS: usize = 5;
/// Recordings of each label in each fold.
const RECORDINGS: usize = 3;

/// 0.6 s with a tone (each recording another) or noise. At 16 kHz: the upper mels are empty.
pub fn sound(is_tone: bool, seed: u64) -> Vec<f32> {
    let mut random = stream(seed, &[u64::from(is_tone)]);
    let step = std::f32::consts::TAU * random.random_range(400.0..2_000.0f32) / RATE as f32;
    (0..RATE as usize * 6 / 10)
        .map(|i| {
            if !(1_600..8_000).contains(&i) {
                0.0 // real sounds begin and end
            } else if is_tone {
                0.4 * (i as f32 * step).sin()
            } else {
                0.2 * normal(&mut random)
            }
        })
        .collect()
}

pub fn write_wav(path: &Path, samples: &[f32]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: RATE,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    for sample in samples {
        let sample = (sample.clamp(-1.0, 1.0) * 32_767.0) as i16;
        writer.write_sample(sample).unwrap();
    }
    writer.finalize().unwrap();
}

/// ESC-10's `dog` (tones) and `rain` (noise), and a clip of ESC-50 only, in the official layout.
pub fn write_official_layout(folder: &Path) {
    let mut list = String::from("filename,fold,target,category,esc10,src_file,take\n");
    for fold in 1..=FOLDS {
        for recording in 0..RECORDINGS {
            for (target, label) in [(0, "dog"), (10, "rain"), (1, "cow")] {
                let id = 1_000 * target + 10 * fold + recording;
                let name = format!("{fold}-{id}-A-{target}.wav");
                let esc10 = if label == "cow" { "False" } else { "True" };
                writeln!(list, "{name},{fold},{target},{label},{esc10},{id},A").unwrap();
                let samples = sound(label == "dog", id as u64);
                write_wav(&folder.join("audio").join(name), &samples);
            }
        }
    }
    std::fs::create_dir_all(folder.join("meta")).unwrap();
    std::fs::write(folder.join("meta/esc50.csv"), list).unwrap();
}

/// `instruments` in a folder of data sets with a `metadata.csv` each.
pub fn write_metadata_layout(folder: &Path) {
    let set = folder.join("instruments");
    let mut list = String::from("file,label,fold_or_speaker,source_name,duration_s,license\n");
    for recording in 0..FOLDS * RECORDINGS {
        for label in ["side_drum", "flute"] {
            let name = format!("audio/{label}/{label}_{recording:02}.wav");
            writeln!(list, "{name},{label},somewhere,none,0.600,CC0").unwrap();
            write_wav(
                &set.join(name),
                &sound(label == "flute", 500 + recording as u64),
            );
        }
    }
    std::fs::write(set.join("metadata.csv"), list).unwrap();
}

/// The smallest training there is, on the data set of [`write_official_layout`].
pub struct Trial {
    pub data: PathBuf,
    folder: tempfile::TempDir,
}

impl Trial {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        write_official_layout(&data);
        Self { data, folder }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The command for one fold into `out`, or as `more` says.
    pub fn command(&self, out: &str, more: &[&str]) -> Command {
        let mut command = train(&self.data, "esc10", &self.path(out), more);
        if !more.contains(&"--folds") {
            command.args(["--folds", "1"]);
        }
        command
    }

    pub fn run(&self, out: &str, more: &[&str]) -> Output {
        self.command(out, more).output().unwrap()
    }
}

/// A training of a tiny network for two epochs, or as `more` says.
pub fn train(data: &Path, task: &str, out: &Path, more: &[&str]) -> Command {
    let mut command = program();
    command.arg("train").arg("--data").arg(data);
    command.args(["--task", task]).arg("--out").arg(out);
    for (option, value) in [("--epochs", "2"), ("--channels", "4"), ("--blocks", "2")] {
        if !more.contains(&option) {
            command.args([option, value]);
        }
    }
    command.args(more);
    command
}

pub fn program() -> Command {
    // That of the crate under test: hamiltone-research uses this module too.
    let own = option_env!("CARGO_BIN_EXE_hamiltone-training");
    let path = own.or(option_env!("CARGO_BIN_EXE_hamiltone-research"));
    let mut program = Command::new(path.unwrap());
    program.env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR")); // not the user's own
    program
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What the program printed, if it succeeded.
pub fn succeeded(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// The message of a program that failed as it should: an exit code of its own, no panic.
pub fn failed(output: &Output) -> String {
    let message = text(&output.stderr);
    let code = output.status.code();
    assert!(matches!(code, Some(1 | 2)), "{code:?}: {message}");
    assert!(!message.contains("panicked"), "{message}");
    assert!(message.contains("error: "), "{message}");
    message
}

pub fn json(path: &Path) -> serde_json::Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// A short run of a small network with more settings of the recipe.
pub fn set(trial: &Trial, out: &str, settings: &[&str]) -> Output {
    let mut more = vec!["--channels", "8", "--epochs", "3"];
    for setting in settings {
        more.extend(["--set", setting]);
    }
    trial.run(out, &more)
}

/// A model file that also passes the checks of loading, its probe among them.
pub fn model(path: &Path) -> ModelFile {
    Model::read(path).unwrap();
    ModelFile::read(path).unwrap()
}
