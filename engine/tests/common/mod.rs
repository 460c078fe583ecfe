//! A small model with random weights, for tests that need any model.
#![allow(dead_code, unreachable_pub)] // each test file uses its part

use std::collections::BTreeMap;

use hamiltone_engine::features::FeatureSettings;
use hamiltone_engine::model::{Card, ModelFile, Probe, TaskKind};
use hamiltone_engine::network::streaming::Weights;
use hamiltone_engine::network::{Architecture, Block, ParameterKind, TemporalPooling};

/// Repeatable numbers in −1..1.
pub fn numbers(seed: u64) -> impl FnMut() -> f32 {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }
}

/// Noise with a melody in it, so that features move.
pub fn sound(samples: usize, seed: u64) -> Vec<f32> {
    let mut noise = numbers(seed);
    (0..samples)
        .map(|i| {
            let t = i as f32 / 32_000.0;
            let pitch = 220.0 * (1.0 + (t * 3.0).floor() % 5.0);
            let swell = 0.5 + 0.5 * (t * 4.0).sin();
            0.4 * swell * (std::f32::consts::TAU * pitch * t).sin() + 0.05 * noise()
        })
        .collect()
}

/// Random weights of a sensible size, with batch-norm statistics that are not trivial.
pub fn weights(architecture: &Architecture, mel_bands: usize, seed: u64) -> Weights {
    let mut number = numbers(seed);
    let mut weights = BTreeMap::new();
    for shape in architecture.parameters(mel_bands) {
        let inputs: usize = shape.shape.iter().skip(2).product::<usize>().max(1);
        let scale = 1.0 / (4.0 * inputs as f32).sqrt();
        let values = (0..shape.count())
            .map(|_| match shape.kind {
                ParameterKind::Weight => 1.7 * scale * number(),
                ParameterKind::Scale => 1.0 + 0.3 * number(),
                ParameterKind::Shift => 0.2 * number(),
                ParameterKind::Statistic if shape.name.ends_with("variance") => {
                    if shape.name.starts_with("input") {
                        400.0
                    } else {
                        1.0 + 0.5 * number()
                    }
                }
                ParameterKind::Statistic if shape.name.starts_with("input") => -30.0,
                ParameterKind::Statistic => 0.2 * number(),
            })
            .collect();
        weights.insert(shape.name, values);
    }
    weights
}

/// A whole model with random weights.
pub fn model_file(architecture: Architecture, seed: u64) -> ModelFile {
    let features = FeatureSettings::default();
    let weights = weights(&architecture, features.mel_bands, seed);
    let card = Card {
        format_version: 0,
        name: format!("random {seed}"),
        description: "random weights, for tests".into(),
        task: TaskKind::SingleLabel,
        labels: (0..architecture.labels)
            .map(|label| format!("label {label}"))
            .collect(),
        groups: Vec::new(),
        parents: Vec::new(),
        class_statistics: None,
        calibration: None,
        choices: Vec::new(),
        features,
        architecture,
        default_window_s: 2.0,
        training_data: "none".into(),
        licence: "CC0".into(),
        accuracy: Vec::new(),
        parameters: 0,
        multiply_adds_per_second: 0,
        memory_bytes: 0,
        parent: None,
        pruning: None,
        probe: Probe {
            seed,
            input_sha256: String::new(),
            logits: Vec::new(),
        },
        checksums: None,
    };
    ModelFile::seal(card, weights).expect("a sound random model")
}

/// A small architecture with four poolings.
pub fn small(labels: usize) -> Architecture {
    Architecture::doubling(8, 4, true, 1.0, labels)
}

/// Separable units behind a 3×3 convolution, with statistics of every block.
pub fn small_separable(labels: usize) -> Architecture {
    Architecture {
        blocks: vec![
            Block::new(vec![3], true),
            Block::separable(vec![4], vec![6], 3, true),
            Block::separable(vec![5, 5, 6], vec![7, 8, 9], 5, true),
            Block::separable(vec![6, 6, 8], vec![9, 10, 12], 5, true),
        ],
        temporal_pooling: TemporalPooling::Statistics,
        ..small(labels)
    }
}

/// That, the other kinds of head (statistics of every block, with and without a hidden layer), and a separable trunk.
pub fn small_of_all_kinds(labels: usize) -> [Architecture; 4] {
    let statistics = Architecture {
        temporal_pooling: TemporalPooling::Statistics,
        ..small(labels)
    };
    let linear = Architecture {
        hidden: 0,
        ..statistics.clone()
    };
    [small(labels), statistics, linear, small_separable(labels)]
}
