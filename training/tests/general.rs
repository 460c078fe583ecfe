//! Sounds are gathered and judged, and a student learns from them, in pieces.

use std::path::{Path, PathBuf};

use clap::Parser;
use hamiltone_engine::model::ModelFile;
use hamiltone_training::general::{GeneralArguments, distil};
use hamiltone_training::material::{
    CoverageArguments, GatherArguments, coverage, gather, read_material,
};

/// The teacher beside the repository, where there is one.
fn teacher() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/teachers");
    let file = folder.join("mn04_audioset527.onnx");
    if !file.is_file() {
        eprintln!("SKIPPED: no {}", file.display());
    }
    file.is_file().then_some(file)
}

#[derive(Parser)]
struct Told<A: clap::Args> {
    #[command(flatten)]
    arguments: A,
}

fn told<A: clap::Args>(line: &[&str]) -> A {
    let words = std::iter::once("program").chain(line.iter().copied());
    Told::parse_from(words).arguments
}

fn wav(path: &Path, sample: impl Fn(f32) -> f32) {
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
    // The same sound under another name, and one that is left out by its name.
    let sounds = tree.join("usr/share/games").join(name);
    std::fs::copy(sounds.join("tone1.wav"), sounds.join("again.wav")).unwrap();
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
            eprintln!("SKIPPED: dpkg-deb does not work: {other:?}");
            None
        }
    }
}

/// A folder of material out of two packages; nothing is fetched, they are there.
fn material(folder: &Path) -> Option<()> {
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

#[test]
fn each_sound_is_gathered_once_with_its_licence_and_held_out_ones_are_marked() {
    let folder = tempfile::tempdir().unwrap();
    if material(folder.path()).is_none() {
        return;
    }
    let sources = read_material(folder.path()).unwrap();
    assert_eq!(sources.len(), 6, "{sources:#?}");
    for source in &sources {
        assert_eq!(source.held_out, source.group == "tones-to-measure");
        assert!(source.commercial && source.licence == "CC0");
        assert!(!source.source.contains("unwanted"));
        assert!((source.seconds - 3.0).abs() < 1e-3);
        assert_eq!(source.read(32_000, 100).unwrap().len(), 100);
    }
    let left: Vec<_> = std::fs::read_dir(folder.path().join("packages"))
        .unwrap()
        .collect();
    assert!(left.is_empty(), "packages are removed when they are done");
}

#[test]
fn a_student_goes_on_where_it_stopped_and_coverage_counts_every_label() {
    let folder = tempfile::tempdir().unwrap();
    let (Some(teacher), Some(())) = (teacher(), material(folder.path())) else {
        return;
    };
    let (from, teacher) = (folder.path().to_str().unwrap(), teacher.to_str().unwrap());
    let line = ["--material", from, "--teacher", teacher, "--quiet"];
    coverage(&told::<CoverageArguments>(&line)).unwrap();
    let counts = std::fs::read_to_string(folder.path().join("coverage.csv")).unwrap();
    assert_eq!(counts.lines().count(), 1 + 527);

    let out = folder.path().join("student");
    let learn = |steps: &str| {
        let shape = [
            "--batch",
            "2",
            "--channels",
            "16",
            "--blocks",
            "2",
            "--every",
            "1",
            "--crop-tenths",
            "10",
            "--survey",
            "8",
        ];
        let more = ["--out", out.to_str().unwrap(), "--steps", steps];
        let line = [&line[..], &shape[..], &more[..]].concat();
        distil(&told::<GeneralArguments>(&line)).unwrap();
        let progress = std::fs::read_to_string(out.join("progress.json")).unwrap();
        let progress: serde_json::Value = serde_json::from_str(&progress).unwrap();
        (
            progress,
            ModelFile::read(&out.join("model.safetensors")).unwrap(),
        )
    };
    let (before, first) = learn("2");
    let (after, second) = learn("3");
    let steps = |progress: &serde_json::Value| progress["steps"].as_u64();
    assert_eq!((steps(&before), steps(&after)), (Some(2), Some(3)));
    let records = |progress: &serde_json::Value| progress["records"].as_array().unwrap().clone();
    assert_eq!(records(&before)[..], records(&after)[..2]);
    assert_eq!(second.card.labels.len(), 527);
    assert!(second.card.licence.contains("CC0"));
    assert_ne!(first.weights, second.weights);
}
