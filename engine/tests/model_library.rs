//! Models are found again, whatever happened to their files.

mod common;

use std::path::Path;

use common::{model_file, small};
use hamiltone_engine::model::{Library, ModelChoice, ModelSource};

#[test]
fn a_library_finds_models_by_hash_name_and_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.safetensors");
    let file = model_file(small(6), 5);
    file.write(&path).unwrap();
    std::fs::write(folder.path().join("noise.safetensors"), [7; 50]).unwrap();
    std::fs::write(folder.path().join("notes.txt"), "not a model").unwrap();
    let nowhere = folder.path().join("nowhere");
    let library = Library::with_folders(vec![nowhere, folder.path().to_owned()]);
    let entries = library.entries();
    let of = |path: &Path| {
        entries
            .iter()
            .find(|e| e.source == ModelSource::File(path.to_owned()))
    };
    let mine = of(&path).unwrap();
    assert_eq!(mine.name, "random 5");
    assert!(
        of(&folder.path().join("noise.safetensors"))
            .unwrap()
            .summary
            .is_err()
    );
    assert_eq!(
        entries
            .iter()
            .filter(|e| e.source != ModelSource::BuiltIn)
            .count(),
        2
    );

    let moved = folder.path().join("renamed.safetensors");
    std::fs::rename(&path, &moved).unwrap();
    let by_hash = library.open(&mine.choice()).unwrap();
    assert_eq!(by_hash.hash(), mine.hash);
    let by_name = ModelChoice {
        name: Some("random 5".into()),
        ..ModelChoice::default()
    };
    let by_name = library.open(&by_name).unwrap();
    assert!(
        std::sync::Arc::ptr_eq(&by_hash, &by_name),
        "weights are shared"
    );
    let by_path = ModelChoice {
        path: Some(moved),
        ..ModelChoice::default()
    };
    assert!(library.open(&by_path).is_ok());

    let gone = ModelChoice {
        name: Some("old friend".into()),
        hash: Some("é".repeat(40)), // whatever a session may hold
        path: None,
    };
    let error = library.open(&gone).err().unwrap().to_string();
    assert!(error.contains("model missing: old friend"), "{error}");
}

#[test]
fn the_default_model_is_inside() {
    let library = Library::with_folders(Vec::new());
    let model = library.default_model();
    assert!(!model.card().labels.is_empty());
    assert!(std::sync::Arc::ptr_eq(
        &model,
        &library.open(&ModelChoice::default()).unwrap()
    ));
    assert_eq!(library.entries()[0].source, ModelSource::BuiltIn);
}

#[test]
fn a_path_in_a_folder_of_models_is_known_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let library = Library::with_folders(vec![folder.path().to_owned(), "".into()]);
    let holds = |below: &str| library.holds(&folder.path().join(below));
    assert!(holds("a.safetensors") && holds("sub/a.safetensors"));
    assert!(!holds("../a.safetensors") && !holds("sub/../../a.safetensors"));
    assert!(!library.holds("a.safetensors".as_ref()));
    assert!(!library.holds("/elsewhere/a.safetensors".as_ref()));
}
