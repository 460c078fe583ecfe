//! The ways to run a trunk in training (blocked, by matrices, by candle's own operations) against each other: columns,
//! statistics, and gradients of every parameter.

use std::collections::BTreeMap;

use candle_core::{Device, Result, Tensor, Var};
use proptest::prelude::*;

use super::whole_clip::{Network, NormStatistics};
use super::{Algebra, Architecture, Block, Separable, TemporalPooling};

/// Columns, statistics and gradients in one row of numbers each.
type Outcome = Vec<(String, Vec<f32>)>;
/// A way to run a trunk.
type Way = fn(&Network, &Tensor) -> Result<(Tensor, NormStatistics)>;

fn list(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn outcomes(
    architecture: &Architecture,
    [batch, time, mels]: [usize; 3],
    ways: [Way; 2],
) -> [Outcome; 2] {
    let parameters = architecture.parameters(mels);
    let tensors: BTreeMap<String, Tensor> = parameters
        .into_iter()
        .map(|parameter| {
            let var = Var::randn(0f32, 0.5, parameter.shape, &Device::Cpu).unwrap();
            let tensor = match parameter.name.ends_with("variance") {
                true => (var.sqr().unwrap() + 0.1).unwrap(),
                false => var.as_tensor().clone(),
            };
            (parameter.name, tensor)
        })
        .collect();
    let network = Network::new(architecture, mels, &tensors).unwrap();
    let frames = Tensor::randn(0f32, 1.0, (batch, 4, time, mels), &Device::Cpu).unwrap();
    let both = ways.map(|way| way(&network, &frames).unwrap());
    let weights = Tensor::randn(0f32, 1.0, both[0].0.shape(), &Device::Cpu).unwrap();
    both.map(|(columns, statistics)| {
        let loss = (&columns * &weights).unwrap().sum_all().unwrap();
        let gradients = loss.backward().unwrap();
        let mut outcome = vec![("columns".to_owned(), list(&columns))];
        for (name, [mean, variance]) in statistics {
            outcome.push((format!("mean of {name}"), list(&mean)));
            outcome.push((format!("variance of {name}"), list(&variance)));
        }
        for (name, tensor, _) in network.trained() {
            if let Some(gradient) = gradients.get(tensor) {
                outcome.push((format!("gradient of {name}"), list(gradient)));
            }
        }
        outcome
    })
}

fn length(values: impl Iterator<Item = f32>) -> f32 {
    values.map(|value| value * value).sum::<f32>().sqrt()
}

/// The distance of `a` from `b`, of the length of `b` and `least`.
fn distance(a: &[f32], b: &[f32], least: f32) -> f32 {
    let apart = length(a.iter().zip(b).map(|(a, b)| a - b));
    apart / (length(b.iter().copied()) + least)
}

/// Gradients are compared in relation to their own length and this share of the longest one's.
const FLOOR: f32 = 0.02;

/// Which gradient differs for one draw of numbers, if one does; the rest must not.
fn difference(architecture: &Architecture, sizes: [usize; 3], ways: [Way; 2]) -> Option<String> {
    let [known, other] = outcomes(architecture, sizes, ways);
    assert_eq!(known.len(), 1 + (2 + 3) * architecture.layers().len());
    // The gradient of a bias is zero where a batch norm follows without ReLU between: rounding is compared with the other gradients.
    let gradients = known
        .iter()
        .filter(|(what, _)| what.starts_with("gradient"));
    let largest = gradients.map(|(_, values)| length(values.iter().copied()));
    let least = FLOOR * largest.fold(0.0, f32::max);
    known.iter().zip(&other).find_map(|((what, a), (same, b))| {
        assert_eq!((what, a.len()), (same, b.len()));
        let of_gradient = what.starts_with("gradient");
        let apart = distance(b, a, if of_gradient { least } else { 1e-3 });
        if what.starts_with("gradient") {
            return (apart >= 2e-3).then(|| format!("{what}: {apart}"));
        }
        // A deviation is the root of a difference, which may be small: rounding counts for more.
        let statistics = architecture.temporal_pooling == TemporalPooling::Statistics;
        let allowed = if statistics { 1e-3 } else { 1e-4 };
        assert!(apart < allowed, "{what}: {apart}");
        None
    })
}

/// Rounding may move a value over a ReLU's kink, where both gradients are right: seldom, and not for three draws in a
/// row.
fn assert_same(architecture: &Architecture, sizes: [usize; 3], ways: [Way; 2]) {
    let draws = (0..3).map(|_| difference(architecture, sizes, ways));
    let differences: Vec<_> = draws.take_while(Option::is_some).collect();
    assert!(
        differences.len() < 3,
        "{differences:?} of {architecture:?} over {sizes:?}"
    );
}

fn network(blocks: Vec<Block>, quaternion: bool, statistics: bool) -> Architecture {
    Architecture {
        blocks,
        hidden: 3,
        labels: 2,
        algebra: if quaternion {
            Algebra::Quaternion
        } else {
            Algebra::Real
        },
        temporal_pooling: match statistics {
            true => TemporalPooling::Statistics,
            false => TemporalPooling::MeanMax,
        },
    }
}

/// A block of any kind. A unit is residual where it can be and `residual` says so.
fn block(
    filters: &[usize],
    inputs: usize,
    kernel_size: usize,
    pools: bool,
    residual: bool,
) -> Block {
    if kernel_size == 1 {
        return Block::new(filters.to_vec(), pools);
    }
    let before = std::iter::once(inputs).chain(filters.iter().copied());
    let last = filters.len() - 1;
    Block {
        separable: Some(Separable {
            kernel_size,
            expanded: filters.iter().map(|filters| 2 * filters + 1).collect(),
            residual: before
                .zip(filters)
                .enumerate()
                .map(|(unit, (inputs, &outputs))| {
                    residual && inputs == outputs && !(pools && unit == last)
                })
                .collect(),
        }),
        ..Block::new(filters.to_vec(), pools)
    }
}

const BY_OPERATIONS: Way = Network::training_columns_by_operations;
const ON_THE_CPU: Way = Network::training_columns;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn by_matrices_it_is_the_same_trunk_with_the_same_gradients(
        quaternion in any::<bool>(), statistics in any::<bool>(), batch in 2usize..5, time in 8usize..16, mels in 8usize..20,
        filters in prop::collection::vec(1usize..5, 3), pools in any::<bool>(),
    ) {
        let blocks = vec![Block::new(filters[..2].to_vec(), true), Block::new(filters[2..].to_vec(), pools)];
        let architecture = network(blocks, quaternion, statistics);
        assert_same(&architecture, [batch, time, mels], [ON_THE_CPU, Network::training_columns_by_matrices]);
    }

    /// 3×3 blocks (a kernel size of 1 stands for one) and separable ones in any order.
    #[test]
    fn blocked_it_is_the_same_trunk_with_the_same_gradients(
        quaternion in any::<bool>(), statistics in any::<bool>(), batch in 1usize..7, time in 8usize..16, mels in 8usize..20,
        filters in prop::collection::vec(1usize..5, 3), sizes in prop::collection::vec(0usize..3, 3),
        pools in prop::collection::vec(any::<bool>(), 3), residual in any::<bool>(), equal in any::<bool>(),
    ) {
        let mut inputs = 1;
        let mut blocks = Vec::new();
        for index in 0..3 {
            let filters = if equal { vec![filters[0]; 2] } else { vec![filters[index]; 1 + index % 2] };
            blocks.push(block(&filters, inputs, 2 * sizes[index] + 1, pools[index], residual));
            inputs = filters[filters.len() - 1];
        }
        let architecture = network(blocks, quaternion, statistics);
        prop_assert_eq!(architecture.problem(mels), None);
        assert_same(&architecture, [batch, time, mels], [BY_OPERATIONS, ON_THE_CPU]);
    }
}

/// Whole vectors of AVX-512 and maps that are larger than the pixels that kernels take at a time.
#[test]
fn wide_units_over_many_pixels() {
    for quaternion in [true, false] {
        let blocks = vec![
            block(&[4], 1, 1, true, false),
            block(&[6, 6], 4, 5, true, true),
            block(&[8], 6, 3, false, true),
        ];
        let architecture = network(blocks, quaternion, false);
        assert_same(&architecture, [5, 24, 40], [BY_OPERATIONS, ON_THE_CPU]);
    }
}

/// The order of all sums is fixed.
#[test]
fn the_number_of_threads_changes_no_bit() {
    let architecture = network(
        vec![
            block(&[2], 1, 1, true, false),
            block(&[3, 3], 2, 5, true, true),
        ],
        true,
        false,
    );
    let parameters = architecture.parameters(12);
    let tensors: BTreeMap<String, Tensor> = parameters
        .into_iter()
        .map(|parameter| {
            let var = Var::rand(0.1f32, 1.0, parameter.shape, &Device::Cpu).unwrap();
            (parameter.name, var.as_tensor().clone())
        })
        .collect();
    let network = Network::new(&architecture, 12, &tensors).unwrap();
    let frames = Tensor::randn(0f32, 1.0, (11, 4, 12, 12), &Device::Cpu).unwrap();
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().unwrap().install(|| {
            let (columns, _) = network.training_columns(&frames).unwrap();
            let gradients = columns.sqr().unwrap().sum_all().unwrap();
            let gradients = gradients.backward().unwrap();
            let of = |(_, tensor, _)| gradients.get(tensor).map(list);
            let of_all: Vec<_> = network.trained().map(of).collect();
            (list(&columns), of_all)
        })
    };
    assert!(run(1) == run(3), "sums in another order");
}
