//! A student of two teachers.

use std::path::{Path, PathBuf};

use super::gathered::{material, taught, teacher};

/// YAMNet beside the repository, where it is.
fn yamnet(teacher: &Path) -> Option<PathBuf> {
    let file = teacher.with_file_name("yamnet_body.onnx");
    if !file.is_file() {
        hamiltone_test_support::skip(file.display());
    }
    file.is_file().then_some(file)
}

#[test]
fn a_second_teacher_is_asked_once_about_each_sound_and_changes_what_is_learned() {
    let folder = tempfile::tempdir().unwrap();
    let (Some(teacher), Some(())) = (teacher(), material(folder.path())) else {
        return;
    };
    let Some(second) = yamnet(&teacher) else {
        return;
    };
    let opinions = || {
        let files = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let mut named = files.filter(|path| path.to_string_lossy().contains("opinions-"));
        named.next().map(|path| std::fs::read(path).unwrap())
    };
    let learn = |name: &str, more: &[&str]| {
        let line = [&["--steps", "2"], more].concat();
        taught(folder.path(), &teacher, &folder.path().join(name), &line)
    };
    let (_, alone) = learn("alone", &[]).unwrap();
    assert_eq!(opinions(), None);
    let second = ["--second-teacher", second.to_str().unwrap()];
    let (_, both) = learn("both", &second).unwrap();
    let asked = opinions().unwrap();
    assert!(asked.len() > 3 * 527, "a row for each of three sounds");
    assert_ne!(alone.weights, both.weights);
    assert!(
        both.card.training_data.contains("YAMNet") && !alone.card.training_data.contains("YAMNet")
    );
    // With no weight it changes nothing, and nobody is asked again.
    let (_, ignored) = learn(
        "ignored",
        &[&second[..], &["--second-weight", "0"]].concat(),
    )
    .unwrap();
    assert_eq!(ignored.weights, alone.weights);
    assert_eq!(opinions().unwrap(), asked);
    // A run keeps its teachers.
    let error = format!("{:#}", learn("both", &["--steps", "3"]).unwrap_err());
    assert!(error.contains("--second-teacher"), "{error}");
}
