//! A pruned network answers as the whole one with the pruned filters silenced.

use std::collections::BTreeMap;
use std::sync::Arc;

use hamiltone_engine::features::{COMPONENTS, FeatureSettings};
use hamiltone_engine::model::clip_logits;
use hamiltone_engine::network::streaming::{PackedNetwork, Weights};
use hamiltone_engine::network::{Architecture, Block, ParameterKind, TemporalPooling};
use hamiltone_training::pruning::{Kept, Plan, Pruning, Score, remove, silence};
use hamiltone_training::random::{normal, stream};
use rand::Rng;

const MELS: usize = 64;

fn random_weights(architecture: &Architecture, seed: u64) -> Weights {
    let mut random = stream(seed, &[]);
    let mut weights = BTreeMap::new();
    for parameter in architecture.parameters(MELS) {
        let fan: usize = parameter.shape.iter().skip(2).product();
        let values = (0..parameter.count()).map(|_| match parameter.kind {
            ParameterKind::Weight => normal(&mut random) / (fan as f32).sqrt(),
            ParameterKind::Shift => 0.3 * normal(&mut random),
            _ => 0.5 + random.random::<f32>(),
        });
        weights.insert(parameter.name.clone(), values.collect());
    }
    weights
}

fn answer(architecture: &Architecture, weights: &Weights, frames: &[f32]) -> Vec<f32> {
    let network = PackedNetwork::new(architecture, MELS, weights);
    clip_logits(&Arc::new(network), frames)
}

fn frames(count: usize) -> Vec<f32> {
    let mut random = stream(9, &[]);
    (0..count * COMPONENTS * MELS)
        .map(|_| normal(&mut random))
        .collect()
}

/// Removes and silences, and compares the answers.
fn check(architecture: &Architecture, weights: &Weights, kept: &Kept) -> Architecture {
    let frames = frames(70);
    let silenced = silence(architecture, weights, kept).unwrap();
    let (smaller, fewer) = remove(architecture, weights, kept).unwrap();
    let (masked, pruned) = (
        answer(architecture, &silenced, &frames),
        answer(&smaller, &fewer, &frames),
    );
    let size = masked
        .iter()
        .fold(0f32, |most, value| most.max(value.abs()));
    for (masked, pruned) in masked.iter().zip(&pruned) {
        // Zeros add exactly nothing; only the order of sums can differ between kernels.
        assert!((masked - pruned).abs() <= 2e-6 * size, "{masked} {pruned}");
    }
    assert_ne!(answer(architecture, weights, &frames), masked);
    smaller
}

#[test]
fn any_filters_at_all() {
    let mut random = stream(4, &[]);
    for seed in 0..8 {
        let channels = 8 + 4 * (seed as usize % 3);
        let mut architecture = Architecture::doubling(channels, 3, seed % 2 == 0, 1.0, 5);
        if seed % 3 == 0 {
            architecture.temporal_pooling = TemporalPooling::Statistics;
        }
        if seed >= 6 {
            architecture.hidden = 0;
        }
        let weights = random_weights(&architecture, seed);
        let kept: Kept = architecture
            .layers()
            .into_iter()
            .map(|layer| {
                let outputs = layer.outputs;
                let all = 0..outputs;
                let mut some: Vec<usize> = all.filter(|_| random.random_bool(0.6)).collect();
                if some.is_empty() || some.len() == outputs {
                    some = vec![outputs - 1];
                }
                some
            })
            .collect();
        check(&architecture, &weights, &kept);
    }
}

/// A 3×3 block, and separable ones with residual units, also from one block to the next.
fn separable(statistics: bool) -> Architecture {
    let mut last = Block::separable(vec![8, 8], vec![16, 20], 3, false);
    last.separable.as_mut().unwrap().residual = vec![true, true];
    Architecture {
        blocks: vec![
            Block::new(vec![8], true),
            Block::separable(vec![8, 8, 8], vec![12, 16, 16], 5, true),
            last,
        ],
        temporal_pooling: match statistics {
            true => TemporalPooling::Statistics,
            false => TemporalPooling::MeanMax,
        },
        ..Architecture::doubling(32, 1, true, 1.0, 5)
    }
}

const SCORES: [Score; 4] = [
    Score::L1,
    Score::GeometricMedian,
    Score::OperatorNorm,
    Score::Random,
];

#[test]
fn separable_blocks_lose_whole_units_and_whole_channels() {
    let features = FeatureSettings::default();
    for (number, score) in SCORES.into_iter().enumerate() {
        let architecture = separable(number % 2 == 0);
        let weights = random_weights(&architecture, number as u64);
        for plan in [
            Plan::Uniform {
                share: 0.5,
                blocks: 3,
            },
            Plan::Uniform {
                share: 0.25,
                blocks: 1,
            },
            Plan::Global { remaining: 0.6 },
        ] {
            let pruning = Pruning {
                score,
                plan: plan.clone(),
                multiple: 1,
            };
            let kept = pruning.kept(&architecture, &weights, &features, 5).unwrap();
            let smaller = check(&architecture, &weights, &kept);
            assert_eq!(smaller.problem(MELS), None);
            let of_layers: Vec<usize> = kept.iter().map(Vec::len).collect();
            match plan {
                Plan::Uniform { blocks: 3, .. } => {
                    let want = [4, 6, 6, 4, 8, 8, 4, 8, 8, 4, 8, 8, 4, 10, 10, 4];
                    assert_eq!(of_layers, want);
                }
                // What the last block adds to is that of the block before it, so only its units go.
                Plan::Uniform { .. } => {
                    assert_eq!(of_layers[..10], [8, 12, 12, 8, 16, 16, 8, 16, 16, 8]);
                    assert_eq!(of_layers[10..], [12, 12, 8, 15, 15, 8]);
                }
                Plan::Global { remaining } => {
                    let share = smaller.multiply_adds_per_second(&features) as f64
                        / architecture.multiply_adds_per_second(&features) as f64;
                    assert!(share <= remaining && share > 0.85 * remaining, "{share}");
                }
            }
        }
    }
}

#[test]
fn filters_that_belong_together_go_together() {
    let architecture = separable(false);
    let weights = random_weights(&architecture, 1);
    let layers = architecture.layers();
    let all = || -> Kept { layers.iter().map(|l| (0..l.outputs).collect()).collect() };
    for (layer, words) in [
        (2, "keeps those of blocks.1.convolutions.0.kernel"),
        (12, "keeps those of blocks.1.convolutions.8.kernel"),
    ] {
        let mut kept = all();
        kept[layer].pop();
        let error = remove(&architecture, &weights, &kept).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn uniform_pruning_takes_its_share_of_the_last_blocks() {
    let architecture = Architecture::doubling(64, 4, true, 1.0, 7);
    let weights = random_weights(&architecture, 3);
    for score in SCORES {
        let pruning = Pruning {
            score,
            plan: Plan::Uniform {
                share: 0.5,
                blocks: 2,
            },
            multiple: 4,
        };
        let features = FeatureSettings::default();
        let kept = pruning.kept(&architecture, &weights, &features, 1).unwrap();
        let counts: Vec<usize> = kept.iter().map(Vec::len).collect();
        assert_eq!(counts, [16, 16, 32, 32, 32, 32, 64, 64]);
        check(&architecture, &weights, &kept);
    }
}

#[test]
fn global_pruning_keeps_to_its_budget_and_to_multiples() {
    let architecture = Architecture::doubling(64, 4, true, 1.0, 7);
    let mut weights = random_weights(&architecture, 3);
    // A layer of small filters must not die for it: scores are over the layer's mean.
    let small = weights.get_mut("blocks.2.convolutions.0.kernel").unwrap();
    small.iter_mut().for_each(|weight| *weight *= 1e-3);
    let features = FeatureSettings::default();
    for remaining in [0.75, 0.5, 0.25] {
        let pruning = Pruning {
            score: Score::L1,
            plan: Plan::Global { remaining },
            multiple: 4,
        };
        let kept = pruning.kept(&architecture, &weights, &features, 1).unwrap();
        let smaller = check(&architecture, &weights, &kept);
        let share = smaller.multiply_adds_per_second(&features) as f64
            / architecture.multiply_adds_per_second(&features) as f64;
        assert!(
            share <= remaining && share > 0.85 * remaining,
            "{share} for {remaining}"
        );
        assert!(kept.iter().all(|filters| filters.len() % 4 == 0));
        assert!(kept[4].len() > 16, "{}", kept[4].len());
    }
}

#[test]
fn what_cannot_be_pruned_is_said() {
    let architecture = Architecture::doubling(16, 1, false, 1.0, 3);
    let weights = random_weights(&architecture, 1);
    let says = |result: anyhow::Result<_>, words: &str| {
        let message = format!("{:#}", result.map(drop).unwrap_err());
        assert!(message.contains(words), "{message}");
    };
    let real = architecture.clone().real();
    says(
        remove(&real, &random_weights(&real, 1), &vec![vec![0], vec![0]]),
        "quaternion",
    );
    says(
        remove(&architecture, &weights, &vec![vec![0]]),
        "1 lists of filters for 2",
    );
    says(
        remove(&architecture, &weights, &vec![vec![], vec![0]]),
        "all its filters",
    );
    says(
        remove(&architecture, &weights, &vec![vec![4], vec![0]]),
        "filters [4] of 4",
    );
    let pruning = Pruning {
        score: Score::L1,
        plan: Plan::Global { remaining: 1.5 },
        multiple: 4,
    };
    let kept = pruning.kept(&architecture, &weights, &FeatureSettings::default(), 1);
    assert!(kept.unwrap_err().to_string().contains("under 1"));
}

/// Filters in fours leave the default network a quarter of its arithmetic: less is not given in its place.
#[test]
fn a_share_that_cannot_be_met_is_refused_with_the_least_that_can() {
    let (architecture, features) = (
        Architecture::doubling(16, 5, false, 1.0, 10),
        FeatureSettings::default(),
    );
    let weights = random_weights(&architecture, 3);
    let kept = |remaining: f64, multiple: usize| {
        let pruning = Pruning {
            score: Score::L1,
            plan: Plan::Global { remaining },
            multiple,
        };
        pruning.kept(&architecture, &weights, &features, 1)
    };
    let message = kept(0.1, 4).unwrap_err().to_string();
    for words in ["share of 0.1 ", "multiples of 4", "the least is 0.264"] {
        assert!(message.contains(words), "{message}");
    }
    for (remaining, multiple) in [(0.5, 4), (0.264, 4), (0.1, 1)] {
        let kept = kept(remaining, multiple).unwrap();
        let smaller = architecture.with_filters(kept.iter().map(Vec::len));
        let share = smaller.multiply_adds_per_second(&features) as f64
            / architecture.multiply_adds_per_second(&features) as f64;
        assert!(share <= remaining, "{share} for {remaining}");
    }
}
