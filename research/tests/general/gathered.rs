//! Material out of packages that are made here, and what the programs are told.

use std::path::{Path, PathBuf};

use clap::Parser;
use hamiltone_engine::model::ModelFile;
use hamiltone_research::general::{GeneralArguments, distil};
use hamiltone_research::material::{GatherArguments, gather};

/// The teacher beside the repository, where there is one.
pub(crate) fn teacher() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/teachers");
    let file = folder.join("mn04_audioset527.onnx");
    if !file.is_file() {
        hamiltone_test_support::skip(file.display());
    }
    file.is_file().then_some(file)
}

#[derive(Parser)]
#[command(args_override_self = true)]
struct Told<A: clap::Args> {
    #[command(flatten)]
    arguments: A,
}

pub(crate) fn told<A: clap::Args>(line: &[&str]) -> A {
    let words = std::iter::once("program").chain(line.iter().copied());
    Told::parse_from(words).arguments
}

pub(crate) fn wav(path: &Path, sample: impl Fn(f32) -> f32) {
    let format = hound::WavSpec {
        channels: 1,
        sample_rate: 32_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut file = hound::WavWriter::create(path, format).unwrap();
    for i in 0..3 * 32_000 {
        let value = sample(i as f32 / 32_000.0);
        file.write_sample((value * 20_000.0) as i16).unwrap();
    }
    file.finalize().unwrap();
}

/// A package as Debian's tools make them, with tones to learn from or to measure on.
fn package(name: &str, folder: &Path, pitch: f32) -> Option<()> {
    let tree = folder.join(name);
    for number in 1..4 {
        let sounds = tree.join("usr/share/games").join(name);
        let hz = pitch * number as f32;
        wav(&sounds.join(format!("tone{number}.wav")), |t| {
            (std::f32::consts::TAU * hz * t).sin() * (-t).exp()
        });
    }
    // The same samples in another file, and one that is left out by its name.
    let sounds = tree.join("usr/share/games").join(name);
    let mut again = std::fs::read(sounds.join("tone1.wav")).unwrap();
    again.extend(b"JUNK\x04\0\0\0more");
    std::fs::write(sounds.join("again.wav"), again).unwrap();
    std::fs::copy(sounds.join("tone2.wav"), sounds.join("unwanted.wav")).unwrap();
    std::fs::create_dir_all(tree.join("DEBIAN")).unwrap();
    let control = format!(
        "Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: A <a@example.org>\n\
         Description: tones\n"
    );
    std::fs::write(tree.join("DEBIAN/control"), control).unwrap();
    let file = folder.join(format!("{name}_1_all.deb"));
    let built = std::process::Command::new("dpkg-deb")
        .args(["--root-owner-group", "--build"])
        .args([&tree, &file])
        .output();
    match built {
        Ok(answer) if answer.status.success() => std::fs::remove_dir_all(tree).ok(),
        other => {
            hamiltone_test_support::skip(format_args!("a dpkg-deb that works ({other:?})"));
            None
        }
    }
}

/// A folder of material out of two packages; nothing is fetched, they are there.
pub(crate) fn material(folder: &Path) -> Option<()> {
    let packages = folder.join("packages");
    std::fs::create_dir_all(&packages).unwrap();
    package("tones-to-learn", &packages, 250.0)?;
    package("tones-to-measure", &packages, 330.0)?;
    let table = folder.join("table.toml");
    let entry = |name: &str, held_out: bool| {
        format!(
            "[[package]]\nname = \"{name}\"\nlicence = \"CC0\"\nkind = \"sounds\"\n\
             skip = [\"unwanted\"]\nheld_out = {held_out}\n"
        )
    };
    let text = entry("tones-to-learn", false) + &entry("tones-to-measure", true);
    std::fs::write(&table, text).unwrap();
    let out = folder.to_str().unwrap();
    let line = [
        "--out",
        out,
        "--packages",
        table.to_str().unwrap(),
        "--quiet",
    ];
    let arguments: GatherArguments = told(&line);
    gather(&arguments).unwrap();
    gather(&arguments).unwrap(); // there is nothing left to do
    Some(())
}

/// Takes one of the sounds to learn from out of the list. Returns the list as it was.
pub(crate) fn sounds_but_one(material: &Path) -> String {
    let list = material.join("material.csv");
    let all = std::fs::read_to_string(&list).unwrap();
    let mut lines: Vec<&str> = all.lines().collect();
    let learned = |line: &&str| line.contains("tones-to-learn");
    lines.remove(lines.iter().position(learned).unwrap());
    std::fs::write(&list, lines.join("\n")).unwrap();
    all
}

/// A student that is small and learns little.
pub(crate) const SHORT: [&str; 14] = [
    "--segments",
    "20",
    "--batch",
    "2",
    "--channels",
    "32",
    "--blocks",
    "2",
    "--every",
    "1",
    "--crop-tenths",
    "10",
    "--survey",
    "8",
];

/// A run of [`SHORT`] in the folder `out`, told `more`.
pub(crate) fn taught(
    material: &Path,
    teacher: &Path,
    out: &Path,
    more: &[&str],
) -> anyhow::Result<(serde_json::Value, ModelFile)> {
    let [material, teacher, to] = [material, teacher, out].map(|path| path.to_str().unwrap());
    let line = [
        "--material",
        material,
        "--teacher",
        teacher,
        "--quiet",
        "--out",
        to,
    ];
    let line = [&line[..], &SHORT[..], more].concat();
    distil(&told::<GeneralArguments>(&line)).map(|()| state(out))
}

/// Progress and model of a run.
fn state(out: &Path) -> (serde_json::Value, ModelFile) {
    let progress = std::fs::read_to_string(out.join("progress.json")).unwrap();
    (
        serde_json::from_str(&progress).unwrap(),
        ModelFile::read(&out.join("model.safetensors")).unwrap(),
    )
}
