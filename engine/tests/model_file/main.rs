//! A model file that is anything but whole is refused, with words a person can act on.

#[path = "../common/mod.rs"]
mod common;

mod cards;
mod checksums;
mod costs;
mod damage;
mod files;
mod interrupt;
mod weights;

use hamiltone_engine::model::{Model, ModelError, ModelFile};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};

/// A model's bytes with its card or its tensors changed, and without checksums.
pub(crate) fn altered(
    file: &ModelFile,
    card: impl FnOnce(&mut serde_json::Value),
    tensors: impl FnOnce(&mut Vec<(String, Dtype, Vec<usize>, Vec<u8>)>),
) -> Vec<u8> {
    let bytes = file.to_bytes().unwrap();
    let whole = SafeTensors::deserialize(&bytes).unwrap();
    let mut list: Vec<_> = whole
        .tensors()
        .into_iter()
        .map(|(name, view)| {
            (
                name,
                view.dtype(),
                view.shape().to_vec(),
                view.data().to_vec(),
            )
        })
        .collect();
    tensors(&mut list);
    let mut value = serde_json::to_value(&file.card).unwrap();
    card(&mut value);
    // With checksums, these alone would refuse it.
    value.as_object_mut().unwrap().remove("checksums");
    let header = [("hamiltone".to_owned(), value.to_string())].into();
    let views = list.iter().map(|(name, dtype, shape, data)| {
        (
            name.as_str(),
            TensorView::new(*dtype, shape.clone(), data).unwrap(),
        )
    });
    safetensors::serialize(views, Some(header)).unwrap()
}

pub(crate) fn refusal(bytes: &[u8]) -> ModelError {
    let error = Model::from_bytes(bytes)
        .err()
        .expect("a bad model must be refused");
    assert!(error.to_string().len() > 30, "{error} says too little");
    error
}
