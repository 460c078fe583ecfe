//! Weights that do not fit the card, or that are damaged.

use hamiltone_engine::model::{Model, ModelError};
use safetensors::tensor::Dtype;

use crate::common::{model_file, small, small_of_all_kinds};
use crate::{altered, refusal};

#[test]
fn weights_that_do_not_fit() {
    let file = model_file(small(4), 1);
    let kernel = "blocks.0.convolutions.0.kernel";
    let missing = altered(
        &file,
        |_| (),
        |list| list.retain(|(name, ..)| name != kernel),
    );
    assert!(refusal(&missing).to_string().contains("is missing"));
    let extra = altered(
        &file,
        |_| (),
        |list| {
            list.push(("another".into(), Dtype::F32, vec![1], vec![0; 4]));
        },
    );
    assert!(
        refusal(&extra)
            .to_string()
            .contains("another does not belong")
    );
    let reshaped = altered(
        &file,
        |_| (),
        |list| {
            let tensor = list.iter_mut().find(|(name, ..)| name == kernel).unwrap();
            tensor.2 = vec![tensor.2.iter().product()];
        },
    );
    assert!(matches!(refusal(&reshaped), ModelError::Tensors(_)));
    let halved = altered(
        &file,
        |_| (),
        |list| {
            let tensor = list.iter_mut().find(|(name, ..)| name == kernel).unwrap();
            tensor.3.truncate(tensor.3.len() / 2);
            tensor.1 = Dtype::F16;
        },
    );
    assert!(refusal(&halved).to_string().contains("F16"));
    let wider = altered(
        &file,
        |card| card["architecture"]["hidden"] = 9.into(),
        |_| (),
    );
    assert!(matches!(refusal(&wider), ModelError::Tensors(_)));
    let linear = altered(
        &file,
        |card| card["architecture"]["hidden"] = 0.into(),
        |_| (),
    );
    assert!(matches!(refusal(&linear), ModelError::Tensors(_)));
    let told_more = |word: &'static str| {
        let change = |card: &mut serde_json::Value| {
            card["architecture"]["temporal_pooling"] = word.into();
        };
        refusal(&altered(&file, change, |_| ()))
    };
    assert!(matches!(told_more("statistics"), ModelError::Tensors(_)));
    assert!(matches!(told_more("attention"), ModelError::Card(_)));
}

#[test]
fn every_head_comes_back_as_it_was() {
    for (architecture, word) in
        small_of_all_kinds(4)
            .into_iter()
            .zip([None, Some("statistics"), Some("statistics")])
    {
        let bytes = model_file(architecture.clone(), 1).to_bytes().unwrap();
        let model = Model::from_bytes(&bytes).unwrap();
        assert_eq!(model.card().architecture, architecture);
        // What stands in the file is read by others, too.
        let card = serde_json::to_value(model.card()).unwrap();
        let stands = card["architecture"].get("temporal_pooling");
        assert_eq!(stands.and_then(|stands| stands.as_str()), word);
    }
}

#[test]
fn weights_that_are_damaged() {
    let file = model_file(small(4), 1);
    let with = |name: &'static str, value: f32| {
        altered(
            &file,
            |_| (),
            move |list| {
                let tensor = list.iter_mut().find(|(n, ..)| n == name).unwrap();
                tensor.3[..4].copy_from_slice(&value.to_le_bytes());
            },
        )
    };
    for (name, value) in [
        ("head.output.bias", f32::NAN),
        ("blocks.1.convolutions.1.kernel", f32::INFINITY),
        ("blocks.1.convolutions.1.kernel", 1e20),
        ("blocks.1.norms.0.variance", -1.0),
    ] {
        let error = refusal(&with(name, value));
        assert!(matches!(error, ModelError::Values(_)) && error.to_string().contains(name));
    }
    // Within the range, of the right shape, and wrong: the probe differs.
    let error = refusal(&with("head.output.bias", 7.0));
    assert!(matches!(error, ModelError::Probe { .. }), "{error}");
}
