//! Files that cannot be read, are no models, or were written only in part.

use hamiltone_engine::model::{MAX_FILE_BYTES, Model, ModelError, ModelFile};
use safetensors::tensor::{Dtype, TensorView};

use crate::common::{model_file, small};
use crate::refusal;

#[test]
fn what_was_written_is_read_and_hashed() {
    let file = model_file(small(4), 1);
    let bytes = file.to_bytes().unwrap();
    assert_eq!(ModelFile::from_bytes(&bytes).unwrap(), file);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    file.write(&path).unwrap();
    let model = Model::read(&path).unwrap();
    assert_eq!(model.size_bytes(), bytes.len());
    assert_eq!(model.hash().len(), 64);
    assert_eq!(model.card(), &file.card);
    assert!(file.card.parameters > 0 && file.card.multiply_adds_per_second > 0);
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "nothing is left beside the file");
}

#[test]
fn a_failed_write_leaves_the_old_file() {
    let (old, new) = (model_file(small(4), 1), model_file(small(4), 2));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    old.write(&path).unwrap();
    // Where the new file is made first, nothing can be made.
    std::fs::create_dir(path.with_extension("safetensors.part")).unwrap();
    assert!(matches!(new.write(&path), Err(ModelError::Write { .. })));
    assert_eq!(ModelFile::read(&path).unwrap(), old);
}

#[test]
fn files_that_are_not_models() {
    for bytes in [
        &b""[..],
        b"RIFF....WAVE",
        &[0; 7],
        &[255; 64],
        b"{\"hamiltone\":1}",
    ] {
        assert!(matches!(refusal(bytes), ModelError::NotSafetensors(_)));
    }
    let claims_too_much = [u64::MAX.to_le_bytes().as_slice(), b"{}"].concat();
    assert!(matches!(
        refusal(&claims_too_much),
        ModelError::NotSafetensors(_)
    ));
    let data = [0u8; 4];
    let view = TensorView::new(Dtype::F32, vec![1], &data).unwrap();
    let foreign = safetensors::serialize([("weight", view)], None).unwrap();
    assert!(matches!(refusal(&foreign), ModelError::NoCard));
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(
        Model::read(folder.path()),
        Err(ModelError::Read { .. })
    ));
    let gone = folder.path().join("gone.safetensors");
    let error = Model::read(&gone).err().unwrap();
    assert!(error.to_string().contains("gone.safetensors"), "{error}");
}

#[test]
fn a_file_that_is_too_large_is_refused_before_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.safetensors");
    std::fs::File::create(&path)
        .unwrap()
        .set_len(MAX_FILE_BYTES + 1)
        .unwrap(); // sparse
    assert!(matches!(
        Model::read(&path),
        Err(ModelError::TooLarge { .. })
    ));
}

#[test]
fn a_truncated_file() {
    let bytes = model_file(small(4), 1).to_bytes().unwrap();
    for keep in [8, 100, bytes.len() / 2, bytes.len() - 1] {
        assert!(matches!(
            refusal(&bytes[..keep]),
            ModelError::NotSafetensors(_)
        ));
    }
}
