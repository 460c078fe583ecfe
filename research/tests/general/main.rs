//! Sounds are gathered and judged, and a student learns from them, in pieces.

mod agreement;
mod choices;
#[path = "../../../training/tests/common/mod.rs"]
mod common;
mod gathered;
mod golden;
mod resume;
mod second_teacher;
mod zero_shot;

use std::path::Path;

use agreement::agreement_measures;
use choices::choices_are_fitted;
use gathered::{material, sounds_but_one, taught, teacher, told};
use hamiltone_engine::model::ModelFile;
use hamiltone_engine::network::TemporalPooling;
use hamiltone_research::general::agreement;
use hamiltone_research::material::{CoverageArguments, coverage};
use hamiltone_training::material::read_material;
use hamiltone_training::trainer::TrainingFolder;
use resume::other_settings_and_fewer_sounds_are_refused;
use zero_shot::zero_shot_measures;

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
    let learn = |more: &[&str]| taught(folder.path(), Path::new(teacher), &out, more);
    let held = TrainingFolder::lock(&out, "").unwrap();
    let error = learn(&["--steps", "2"]).unwrap_err().to_string();
    assert!(error.contains("another process is training in"), "{error}");
    drop(held);
    let all = sounds_but_one(folder.path());
    let (before, first) = learn(&["--steps", "2"]).unwrap();
    std::fs::write(folder.path().join("material.csv"), all).unwrap(); // more was gathered
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
    agreement_measures(from, teacher, &model, &after);
    let refused = |change: &[&str]| learn(change).unwrap_err().to_string();
    other_settings_and_fewer_sounds_are_refused(folder.path(), &refused);

    // Statistics are a matter of weights and audio: added anew they are the same.
    let path = out.join("bare.safetensors");
    let mut bare = second.clone();
    bare.card.class_statistics = None;
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
    hamiltone_training::statistics::statistics(&told(&words)).unwrap();
    assert_eq!(ModelFile::read(&path).unwrap(), second);
}

#[test]
fn a_student_with_candidates_learns_from_other_crops() {
    let folder = tempfile::tempdir().unwrap();
    let (Some(teacher), Some(())) = (teacher(), material(folder.path())) else {
        return;
    };
    let learn = |candidates: &str| {
        let more = ["--steps", "1", "--candidates", candidates];
        taught(
            folder.path(),
            &teacher,
            &folder.path().join(candidates),
            &more,
        )
    };
    let [(one, first), (three, second)] = ["1", "3"].map(|count| learn(count).unwrap());
    assert_ne!(first.weights, second.weights);
    assert_eq!(
        one["logit_means"], three["logit_means"],
        "the survey is of all crops"
    );
    assert_eq!(three["settings"]["--candidates"], "3");
    assert!(learn("0").unwrap_err().to_string().contains("--candidates"));
}

#[test]
fn a_finished_student_is_pruned_and_learns_on_and_is_measured() {
    let folder = tempfile::tempdir().unwrap();
    let (Some(teacher), Some(())) = (teacher(), material(folder.path())) else {
        return;
    };
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let learn = |out: &str, more: &[&str]| taught(folder.path(), &teacher, Path::new(out), more);
    // For research: what comes of it is not to be sold either.
    let (_, whole) = learn(&path("whole"), &["--steps", "1", "--research"]).unwrap();
    let restriction = "non-commercial: some of the sounds are";
    assert_eq!(whole.card.licence, restriction);
    let error = learn(&path("whole"), &["--steps", "1"]).unwrap_err();
    assert!(error.to_string().contains("--research"), "{error:#}");
    let start = path("whole/model.safetensors");
    let pruned = ["--start", &start, "--remaining", "0.5", "--name", "half"];
    let (_, first) = learn(&path("half"), &[&pruned[..], &["--steps", "1"]].concat()).unwrap();
    // A figure in the card makes no other model of it: the run goes on.
    let figures = ["--material", folder.path().to_str().unwrap(), "--teacher"];
    let figures = [&figures[..], &[teacher.to_str().unwrap(), "--quiet"]].concat();
    let figures = [
        &figures[..],
        &["--segments", "2", "--into-cards", "--model", &start],
    ]
    .concat();
    let before = std::fs::read(&start).unwrap();
    agreement(&told(&figures)).unwrap();
    assert!(std::fs::read(&start).unwrap() != before);
    let (progress, second) =
        learn(&path("half"), &[&pruned[..], &["--steps", "2"]].concat()).unwrap();
    assert_eq!(progress["steps"], 2);
    assert_ne!(first.weights, second.weights);
    let adds = |file: &ModelFile| file.card.multiply_adds_per_second as f64;
    assert!((0.1..=0.5).contains(&(adds(&second) / adds(&whole))));
    assert_eq!(second.card.name, "half");
    let inherited = format!("; the model it began as: {restriction}");
    for card in [&first.card, &second.card] {
        assert!(card.licence.starts_with("CC0"), "{}", card.licence);
        assert!(card.licence.ends_with(&inherited), "{}", card.licence);
        assert!(card.training_data.contains("all gathered sounds"));
    }
    let half = "l1: filters removed from all layers until 50 % of the multiply-adds remained";
    assert_eq!(second.card.pruning.as_deref(), Some(half));
    let checksums = whole.card.checksums.as_ref().unwrap();
    assert_eq!(second.card.parent.as_ref(), Some(&checksums.weights_sha256));
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
        assert_eq!(further.card.licence, second.card.licence);
        assert_eq!(further.card.training_data, second.card.training_data);
    }

    // Told more and with more filters, it goes on only as that.
    let told_more = ["--start", &start, "--statistics", "--widen", "32,68"];
    let (_, more) = learn(&path("more"), &[&told_more[..], &["--steps", "1"]].concat()).unwrap();
    let shape = &more.card.architecture;
    assert_eq!(shape.temporal_pooling, TemporalPooling::Statistics);
    let filters: Vec<_> = shape
        .blocks
        .iter()
        .map(|block| &block.filters[..])
        .collect();
    assert_eq!(filters, [&[8, 8], &[17, 17]]);
    let wider_still = ["--start", &start, "--statistics", "--widen", "32,72"];
    for other in [&told_more[..2], &told_more[..3], &wider_still] {
        let error = learn(&path("more"), &[other, &["--steps", "2"]].concat()).unwrap_err();
        assert!(error.to_string().contains("choose another --out"));
    }
    for (channels, problem) in [
        ("4,4,4", "3 counts of channels for 2 blocks"),
        ("4,4", "at least"),
        ("32,12000", "a filter count is 3000"),
    ] {
        let unfit = ["--start", &start, "--widen", channels, "--steps", "1"];
        let error = learn(&path("unfit"), &unfit).unwrap_err();
        assert!(format!("{error:#}").contains(problem), "{error:#}");
    }
    learn(&path("more"), &[&told_more[..], &["--steps", "2"]].concat()).unwrap();
    // What knows more cannot be a general tagger's beginning without saying so.
    let from_more = path("more/model.safetensors");
    let (_, same) = learn(&path("on"), &["--start", &from_more, "--steps", "1"]).unwrap();
    assert_eq!(same.card.architecture, *shape);

    zero_shot_measures(
        folder.path(),
        &path("half/model.safetensors"),
        teacher.to_str().unwrap(),
    );
    choices_are_fitted(folder.path(), &path("half/model.safetensors"));
}
