//! Thousands of changed model files: what is accepted never gives a number that is none.

mod common;

use std::sync::Arc;

use common::{model_file, numbers, small, small_of_all_kinds};
use hamiltone_engine::model::{Among, Card, ClassStatistics, Model, ModelFile, TaskKind};
use hamiltone_engine::network::streaming::Weights;
use hamiltone_engine::tagging::Tagger;
use rayon::prelude::*;
use safetensors::SafeTensors;
use serde_json::Value;

/// Changed files of each kind.
const MUTANTS: u64 = 400;
/// Numbers that no one expects.
const ODD: [f64; 16] = [
    0.0, -1.0, 1e-45, -1e-40, 1e-30, 1e-9, 0.5, 3.0, 1e3, -1e6, 1e9, -1e20, 1e38, -3.4e38, 1e300,
    2e9,
];

/// Repeatable choices.
struct Choices(Box<dyn FnMut() -> f32>);

impl Choices {
    fn new(seed: u64) -> Self {
        Self(Box::new(numbers(seed + 1)))
    }

    /// 0 to `count` − 1.
    fn below(&mut self, count: usize) -> usize {
        (((self.0)() + 1.0) / 2.0 * count as f32) as usize % count
    }

    fn of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

/// Models with both tasks and all heads, and with statistics to choose among labels by.
fn originals() -> Vec<ModelFile> {
    let single = model_file(small(4), 1);
    let heads = small_of_all_kinds(4).into_iter().skip(1);
    let multi = heads.map(|architecture| {
        let ModelFile { mut card, weights } = model_file(architecture, 2);
        card.task = TaskKind::MultiLabel;
        card.class_statistics = Some(ClassStatistics {
            mean: vec![-3.0, -1.0, 0.5, -0.2],
            deviation: vec![0.5, 1.0, 2.0, 0.7],
        });
        ModelFile::seal(card, weights).unwrap()
    });
    [single].into_iter().chain(multi).collect()
}

/// Every number in a card, deep down.
fn numbers_of<'a>(value: &'a mut Value, found: &mut Vec<&'a mut Value>) {
    match value {
        Value::Number(_) => found.push(value),
        Value::Array(list) => list.iter_mut().for_each(|value| numbers_of(value, found)),
        Value::Object(map) => map.values_mut().for_each(|value| numbers_of(value, found)),
        _ => {}
    }
}

/// The card with one to three of its numbers replaced.
fn odd_card(card: &Card, choices: &mut Choices) -> Value {
    let mut value = serde_json::to_value(card).unwrap();
    for _ in 0..=choices.below(3) {
        let mut found = Vec::new();
        // Most numbers are the probe's and statistics': choose the place first.
        let keys: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
        let key = choices.of(&keys);
        numbers_of(&mut value[key], &mut found);
        if found.is_empty() {
            continue;
        }
        let place = choices.below(found.len());
        let odd = *choices.of(&ODD);
        *found[place] = match found[place].is_u64() && odd >= 0.0 {
            true => (odd as u64).into(),
            false => odd.into(),
        };
    }
    value
}

/// A few weights replaced, or a whole tensor scaled.
fn odd_weights(weights: &mut Weights, choices: &mut Choices) {
    let names: Vec<String> = weights.keys().cloned().collect();
    for _ in 0..=choices.below(4) {
        let values = weights.get_mut(choices.of(&names)).unwrap();
        let odd = *choices.of(&ODD) as f32;
        match choices.below(3) {
            0 => values.iter_mut().for_each(|value| *value *= odd),
            1 => values.fill(odd),
            _ => {
                let place = choices.below(values.len());
                values[place] = odd;
            }
        }
    }
}

/// The same file with another card, without checksums.
fn with_card(bytes: &[u8], mut card: Value) -> Vec<u8> {
    card.as_object_mut().unwrap().remove("checksums");
    let tensors = SafeTensors::deserialize(bytes).unwrap();
    let header = [("hamiltone".to_owned(), card.to_string())].into();
    safetensors::serialize(tensors.tensors(), Some(header)).unwrap()
}

/// The same file as it was written before there were checksums.
fn without_checksums(bytes: &[u8]) -> Vec<u8> {
    let (_, header) = SafeTensors::read_metadata(bytes).unwrap();
    let text = &header.metadata().as_ref().unwrap()["hamiltone"];
    with_card(bytes, serde_json::from_str(text).unwrap())
}

/// A changed file; none where the change cannot even be written.
fn mutant(original: &ModelFile, kind: usize, seed: u64) -> Option<Vec<u8>> {
    let choices = &mut Choices::new(seed);
    let mut file = original.clone();
    match kind {
        // A single bit of the file.
        0 => {
            let mut bytes = file.to_bytes().unwrap();
            let place = choices.below(bytes.len());
            bytes[place] ^= 1 << choices.below(8);
            return Some(bytes);
        }
        // Numbers of the card, without checksums, or with new ones where it can still be written.
        1 => {
            let card = odd_card(&file.card, choices);
            if seed.is_multiple_of(2) {
                return Some(with_card(&file.to_bytes().unwrap(), card));
            }
            file.card = serde_json::from_value(card).ok()?;
            return file.to_bytes().ok();
        }
        // Weights, with the probe as it was.
        2 => odd_weights(&mut file.weights, choices),
        // Weights, with a probe and checksums that fit them.
        _ => {
            odd_weights(&mut file.weights, choices);
            file = ModelFile::seal(file.card, file.weights).ok()?;
        }
    }
    let bytes = file.to_bytes().ok()?;
    Some(match seed % 2 {
        0 => bytes,
        _ => without_checksums(&bytes),
    })
}

/// What a model says of silence, noise, full scale and more, choosing among all labels, two and one. Every
/// probability must be one.
fn answers(model: &Arc<Model>) -> Vec<f32> {
    let mut noise = numbers(9);
    let noise: Vec<f32> = (0..20_000).map(|_| noise()).collect();
    let square: Vec<f32> = (0..20_000)
        .map(|i| if i / 50 % 2 == 0 { 1.0 } else { -1.0 })
        .collect();
    let mut all = Vec::new();
    for (sound, gain) in [(&noise, 0.0), (&noise, 0.1), (&square, 1.0), (&noise, 1e4)] {
        let labels = &model.card().labels;
        for among in [&labels[..0], &labels[1..3], &labels[3..]] {
            let rate = model.card().features.sample_rate;
            let mut tagger = Tagger::new(model.clone(), rate, 0.5).unwrap();
            tagger.choose_among(Among::new(model.card(), among));
            let sound: Vec<f32> = sound.iter().map(|sample| gain * sample).collect();
            let mut take = |probabilities: &[f32]| {
                assert!(
                    probabilities.iter().all(|p| (0.0..=1.0).contains(p)),
                    "{probabilities:?} among {among:?} at a gain of {gain}"
                );
                all.extend_from_slice(probabilities);
            };
            tagger.push(&sound, &mut |tags| take(tags.probabilities));
            tagger.finish(&mut |tags| take(tags.probabilities));
        }
    }
    all
}

/// Checks the accepted ones of all changed files of a kind, and counts them.
fn accepted(kind: usize, check: impl Fn(usize, &Arc<Model>) + Sync) -> usize {
    let originals = originals();
    let mutants: Vec<(usize, u64)> = (0..originals.len())
        .flat_map(|original| (0..MUTANTS).map(move |seed| (original, seed)))
        .collect();
    let mutants = mutants.into_par_iter();
    mutants
        .filter(|&(original, seed)| {
            let bytes = mutant(&originals[original], kind, seed);
            let model = bytes.and_then(|bytes| Model::from_bytes(&bytes).ok());
            if let Some(model) = model {
                check(original, &Arc::new(model));
                return true;
            }
            false
        })
        .count()
}

#[test]
fn a_file_with_a_single_changed_bit_is_refused_or_answers_as_before() {
    let originals = originals();
    let whole: Vec<Arc<Model>> = originals
        .iter()
        .map(|file| Arc::new(Model::from_bytes(&file.to_bytes().unwrap()).unwrap()))
        .collect();
    let expected: Vec<Vec<f32>> = whole.iter().map(answers).collect();
    accepted(0, |original, model| {
        let mut card = model.card().clone();
        // A bit in the name of this field makes it one that nobody knows.
        card.checksums.clone_from(&whole[original].card().checksums);
        assert_eq!(&card, whole[original].card());
        assert_eq!(answers(model), expected[original]);
    });
}

#[test]
fn whatever_numbers_a_card_has_answers_are_probabilities() {
    let accepted = accepted(1, |_, model| drop(answers(model)));
    println!("{accepted} of {} accepted", 3 * MUTANTS);
    assert!(accepted > 100, "too few to prove anything: {accepted}");
}

#[test]
fn whatever_weights_a_model_has_answers_are_probabilities() {
    // With another probe than they have, hardly any are accepted.
    for (kind, least) in [(2, 10), (3, 200)] {
        let accepted = accepted(kind, |_, model| drop(answers(model)));
        println!("kind {kind}: {accepted} of {} accepted", 3 * MUTANTS);
        assert!(accepted > least, "too few to prove anything: {accepted}");
    }
}
