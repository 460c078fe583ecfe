//! Sounds are gathered and judged, and a student learns from them, in pieces.

use std::path::{Path, PathBuf};

use clap::Parser;
use hamiltone_engine::model::ModelFile;
use hamiltone_training::general::{GeneralArguments, distil};
use hamiltone_training::material::{
    CoverageArguments, GatherArguments, coverage, gather, read_material,
};
use hamiltone_training::zero_shot::{ZeroShotArguments, zero_shot};

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
    let learn = |more: &[&str]| {
        let line = [
            &line[..],
            &SHORT[..],
            &["--out", out.to_str().unwrap()],
            more,
        ]
        .concat();
        distil(&told::<GeneralArguments>(&line)).map(|()| state(&out))
    };
    let (before, first) = learn(&["--steps", "2"]).unwrap();
    let (after, second) = learn(&["--steps", "3"]).unwrap();
    let steps = |progress: &serde_json::Value| progress["steps"].as_u64();
    assert_eq!((steps(&before), steps(&after)), (Some(2), Some(3)));
    let records = |progress: &serde_json::Value| progress["records"].as_array().unwrap().clone();
    assert_eq!(records(&before)[..], records(&after)[..2]);
    assert_eq!(second.card.labels.len(), 527);
    assert!(second.card.licence.contains("CC0"));
    assert_ne!(first.weights, second.weights);
    assert!(out.join("curve.svg").is_file());
    assert_eq!(second.card.groups[0], "voice");
    let statistics = second.card.class_statistics.as_ref().unwrap();
    assert_ne!(first.card.class_statistics.as_ref(), Some(statistics));
    let model = out.join("model.safetensors");
    let error = learn(&["--steps", "4", "--start", model.to_str().unwrap()]).unwrap_err();
    assert!(error.to_string().contains("another --out"), "{error:#}");

    // Statistics are a matter of weights and audio: added anew they are the same.
    let path = out.join("bare.safetensors");
    let mut bare = second.clone();
    bare.card.class_statistics = None;
    bare.card.groups.clear();
    bare.write(&path).unwrap();
    let words = [
        "--model",
        path.to_str().unwrap(),
        "--material",
        from,
        "--segments",
        "20",
        "--quiet",
    ];
    hamiltone_training::general::statistics(&told(&words)).unwrap();
    assert_eq!(ModelFile::read(&path).unwrap(), second);
}

/// A student that is small and learns little.
const SHORT: [&str; 14] = [
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

/// Progress and model of a run.
fn state(out: &Path) -> (serde_json::Value, ModelFile) {
    let progress = std::fs::read_to_string(out.join("progress.json")).unwrap();
    (
        serde_json::from_str(&progress).unwrap(),
        ModelFile::read(&out.join("model.safetensors")).unwrap(),
    )
}

#[test]
fn a_finished_student_is_pruned_and_learns_on_and_is_measured() {
    let folder = tempfile::tempdir().unwrap();
    let (Some(teacher), Some(())) = (teacher(), material(folder.path())) else {
        return;
    };
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (from, teacher) = (folder.path().to_str().unwrap(), teacher.to_str().unwrap());
    let learn = |out: &str, more: &[&str]| {
        let line = [
            "--material",
            from,
            "--teacher",
            teacher,
            "--quiet",
            "--out",
            out,
        ];
        let line = [&line[..], &SHORT[..], more].concat();
        distil(&told::<GeneralArguments>(&line)).map(|()| state(Path::new(out)))
    };
    let (_, whole) = learn(&path("whole"), &["--steps", "1"]).unwrap();
    let start = path("whole/model.safetensors");
    let pruned = ["--start", &start, "--remaining", "0.5", "--name", "half"];
    let (_, first) = learn(&path("half"), &[&pruned[..], &["--steps", "1"]].concat()).unwrap();
    let (progress, second) =
        learn(&path("half"), &[&pruned[..], &["--steps", "2"]].concat()).unwrap();
    assert_eq!(progress["steps"], 2);
    assert_ne!(first.weights, second.weights);
    let adds = |file: &ModelFile| file.card.multiply_adds_per_second as f64;
    assert!((0.1..=0.5).contains(&(adds(&second) / adds(&whole))));
    assert_eq!(second.card.name, "half");
    let half = "l1: filters removed from all layers until 50 % of the multiply-adds remained";
    assert_eq!(second.card.pruning.as_deref(), Some(half));
    let hash = hamiltone_engine::model::Model::read(Path::new(&start)).unwrap();
    assert_eq!(second.card.parent.as_deref(), Some(hash.hash()));
    let other = ["--start", &start, "--remaining", "0.4", "--steps", "3"];
    let error = learn(&path("half"), &other).unwrap_err();
    assert!(
        error.to_string().contains("choose another --out"),
        "{error:#}"
    );

    let start = path("half/model.safetensors");
    let again = ["--start", &start, "--remaining", "0.6"];
    for steps in ["1", "2"] {
        let further = [&again[..], &["--steps", steps]].concat();
        let (_, further) = learn(&path("further"), &further).unwrap();
        let both = format!("{half}, then {}", half.replace("50", "60"));
        assert_eq!(further.card.pruning, Some(both));
    }

    zero_shot_measures(folder.path(), &path("half/model.safetensors"), teacher);
}

/// A set of two classes, measured with the teacher beside the model.
fn zero_shot_measures(folder: &Path, model: &str, teacher: &str) {
    let data = folder.join("data");
    let mut list = String::from("file,label,fold_or_speaker,source_name,duration_s,license\n");
    for number in 1..=6 {
        let label = ["dog", "rain"][number % 2];
        let name = format!("audio/{number}-{number}-A-0.wav");
        list += &format!("{name},{label},{number},none,3.0,CC0\n");
        wav(&data.join("esc50").join(name), |t| {
            (number as f32 * 900.0 * t).sin()
        });
    }
    std::fs::write(data.join("esc50/metadata.csv"), list).unwrap();
    std::fs::create_dir(data.join("maps")).unwrap();
    let map = "class,audioset_label,mid,audioset527_index,yamnet521_index\n\
               dog,Dog,/m/0bt9lr,74,69\nrain,Rain,/m/06mb1,289,283\nrain,Water,/m/0838f,288,282\n";
    std::fs::write(data.join("maps/esc50_to_audioset.csv"), map).unwrap();
    let (report, cache) = (folder.join("report"), folder.join("answers"));
    let words = [
        ["--model", model],
        ["--data", data.to_str().unwrap()],
        ["--teacher", teacher],
        ["--material", folder.to_str().unwrap()],
        ["--segments", "6"],
        ["--cache", cache.to_str().unwrap()],
        ["--report", report.to_str().unwrap()],
    ];
    let words = [&words.concat()[..], &["--quiet"]].concat();
    zero_shot(&told::<ZeroShotArguments>(&words)).unwrap();
    let json = std::fs::read_to_string(report.join("zero-shot.json")).unwrap();
    let outcome: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(outcome["networks"], serde_json::json!(["half", "mn04"]));
    let sets: Vec<_> = outcome["rows"].as_array().unwrap().iter().collect();
    assert_eq!(sets.len(), 2); // one clip in fold 4, and all as ESC-10
    assert_eq!(
        (&sets[0]["clips"], &sets[1]["clips"]),
        (&1.into(), &6.into())
    );
    assert_eq!(sets[1]["classes"], 2);
    for figure in outcome["means"].as_array().unwrap() {
        assert!((0.0..=1.0).contains(&figure["plain"].as_f64().unwrap()));
        assert!(figure["scaled"].is_f64());
    }
    let picture = std::fs::read_to_string(report.join("zero-shot.svg")).unwrap();
    let picture = roxmltree::Document::parse(&picture).unwrap();
    assert!(
        picture
            .descendants()
            .any(|node| node.text().is_some_and(|text| text.trim() == "ESC-10 (6)"))
    );
    // The teacher's answers are kept, and give the same again.
    let kept = std::fs::read_dir(cache.join("zero-shot")).unwrap();
    assert_eq!(kept.count(), 3); // statistics and two sets
    zero_shot(&told::<ZeroShotArguments>(&words)).unwrap();
    assert_eq!(
        std::fs::read_to_string(report.join("zero-shot.json")).unwrap(),
        json
    );
}
