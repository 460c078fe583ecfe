//! Rows of features: their number, their independence of blocks, and their relation to the classifier.

use hamiltone_engine::model::Library;
use hamiltone_engine::tagging::{ClipFeatures, Embedder};

const RATE: u32 = 44_100;

fn sound(seconds: f64) -> Vec<f32> {
    let mut state = 7u32;
    (0..(seconds * f64::from(RATE)) as usize)
        .map(|n| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = state as f32 / u32::MAX as f32 - 0.5;
            let tone = (0.05 * n as f32).sin();
            if n / 30_000 % 2 == 0 {
                0.3 * noise
            } else {
                0.3 * tone
            }
        })
        .collect()
}

fn rows(samples: &[f32], period_s: f64, block: usize) -> Vec<(f64, Vec<f32>)> {
    let model = Library::new().default_model();
    let mut embedder = Embedder::new(model, RATE, period_s).unwrap();
    let mut rows = Vec::new();
    for block in samples.chunks(block) {
        embedder.push(block, &mut |row| {
            rows.push((row.start_s, row.features.to_vec()))
        });
    }
    embedder.finish(&mut |row| rows.push((row.start_s, row.features.to_vec())));
    rows
}

#[test]
fn a_period_longer_than_the_clip_gives_the_features_of_the_classifier() {
    let model = Library::new().default_model();
    for seconds in [0.1, 0.7, 3.3] {
        let samples = sound(seconds);
        let mut clip = ClipFeatures::new(model.network(), &model.card().features, RATE).unwrap();
        clip.push(&samples);
        let expected = clip.finish();
        for period_s in [60.0, f64::INFINITY] {
            let rows = rows(&samples, period_s, 1_000);
            assert_eq!(rows, [(0.0, expected.clone())], "{seconds} s");
        }
    }
}

#[test]
fn there_is_a_row_for_each_period_that_begins_and_blocks_do_not_matter() {
    for (seconds, period_s, expected) in
        [(0.4, 1.0, 1), (3.0, 1.0, 3), (3.05, 1.0, 4), (2.0, 0.5, 4)]
    {
        let samples = sound(seconds);
        let whole = rows(&samples, period_s, usize::MAX);
        assert_eq!(whole.len(), expected, "{seconds} s");
        for (index, (start_s, features)) in whole.iter().enumerate() {
            assert_eq!(*start_s, index as f64 * period_s);
            assert!(features.iter().any(|feature| *feature != 0.0));
        }
        assert_eq!(rows(&samples, period_s, 333), whole);
    }
    assert!(rows(&[], 1.0, 1).is_empty());
}

#[test]
fn a_row_does_not_depend_on_the_sound_after_it() {
    let mut samples = sound(4.0);
    let before = rows(&samples, 1.0, 4_096);
    samples[2 * RATE as usize..].fill(0.0);
    let after = rows(&samples, 1.0, 4_096);
    assert_eq!(before[..2], after[..2]);
    assert_ne!(before[2], after[2]);
}
