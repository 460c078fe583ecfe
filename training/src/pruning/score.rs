//! How much a quaternion filter matters.

use hamiltone_engine::features::COMPONENTS;
use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::random::stream;

/// The criterion that filters are ranked by; those with the smallest score go first. Each is of the filter as
/// one unit: all four components, all inputs, all taps.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum Score {
    /// Sum of the magnitudes of the weights (Li et al., arXiv 1608.08710).
    L1,
    /// Distance to the geometric median of the layer's filters (He et al., arXiv 1811.00250): what
    /// lies near it can be replaced by others.
    GeometricMedian,
    /// The spectral norm of each component's quarter kernel as a matrix of inputs × taps, the mean
    /// over the four (arXiv 2510.21388). Of the whole filter as a real 4 × 4·inputs·taps matrix it
    /// would be the Euclidean norm, since the rows of a quaternion are orthogonal.
    OperatorNorm,
    /// None: a control.
    Random,
}

/// Steps of Weiszfeld's algorithm, and of the power iteration.
const ITERATIONS: usize = 50;

impl Score {
    /// The score of each of `outputs` filters of a kernel (`4 × outputs × inputs × taps`; depthwise: one input). `seed` is
    /// for [`Score::Random`] only.
    pub fn of(self, kernel: &[f32], outputs: usize, taps: usize, seed: u64) -> Vec<f64> {
        let size = kernel.len() / (COMPONENTS * outputs).max(1);
        let filters = filters(kernel, outputs, size);
        match self {
            Self::L1 => filters
                .iter()
                .map(|f| f.iter().map(|w| w.abs()).sum())
                .collect(),
            Self::GeometricMedian => {
                let median = geometric_median(&filters);
                filters.iter().map(|f| distance(f, &median)).collect()
            }
            Self::OperatorNorm => filters
                .iter()
                .map(|filter| {
                    let quarters = filter.chunks_exact(size);
                    quarters.map(|m| spectral_norm(m, taps)).sum::<f64>() / COMPONENTS as f64
                })
                .collect(),
            Self::Random => {
                let mut random = stream(seed, &[u64::from_le_bytes(*b"pruning!")]);
                filters.iter().map(|_| random.random()).collect()
            }
        }
    }
}

/// Each filter's numbers, component after component.
fn filters(kernel: &[f32], outputs: usize, size: usize) -> Vec<Vec<f64>> {
    let of_filter = |filter: usize| {
        (0..COMPONENTS)
            .flat_map(|component| &kernel[(component * outputs + filter) * size..][..size])
            .map(|weight| f64::from(*weight))
            .collect()
    };
    (0..outputs).map(of_filter).collect()
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).powi(2))
        .sum::<f64>()
        .sqrt()
}

/// The point with the least sum of distances to the filters (Weiszfeld).
fn geometric_median(filters: &[Vec<f64>]) -> Vec<f64> {
    let size = filters.first().map_or(0, Vec::len);
    let mut median = vec![0.0; size];
    for filter in filters {
        let share = 1.0 / filters.len() as f64;
        median
            .iter_mut()
            .zip(filter)
            .for_each(|(m, w)| *m += share * w);
    }
    for _ in 0..ITERATIONS {
        let (mut sum, mut total) = (vec![0.0; size], 0.0);
        for filter in filters {
            let pull = 1.0 / distance(filter, &median).max(1e-12);
            sum.iter_mut().zip(filter).for_each(|(s, w)| *s += pull * w);
            total += pull;
        }
        median = sum.into_iter().map(|s| s / total).collect();
    }
    median
}

/// The largest singular value of a matrix given row by row, by power iteration.
fn spectral_norm(matrix: &[f64], columns: usize) -> f64 {
    let mut vector: Vec<f64> = (0..columns)
        .map(|i| 1.0 + i as f64 / columns as f64)
        .collect();
    let mut norm = 0.0;
    for _ in 0..ITERATIONS {
        let mut next = vec![0.0; columns];
        for row in matrix.chunks_exact(columns) {
            let product: f64 = row.iter().zip(&vector).map(|(a, b)| a * b).sum();
            next.iter_mut()
                .zip(row)
                .for_each(|(n, a)| *n += product * a);
        }
        let length = next.iter().map(|n| n * n).sum::<f64>().sqrt();
        if length == 0.0 {
            return 0.0;
        }
        norm = length.sqrt(); // |MᵀM v| for a unit v tends to the square
        vector = next.into_iter().map(|n| n / length).collect();
    }
    norm
}

#[cfg(test)]
mod tests {
    use hamiltone_engine::kernels::TAPS;

    use super::*;

    #[test]
    fn every_tap_and_component_counts() {
        let (outputs, inputs) = (3, 2);
        let size = inputs * TAPS;
        for score in [Score::L1, Score::OperatorNorm] {
            for index in 0..COMPONENTS * size {
                let mut kernel = vec![0.0; COMPONENTS * outputs * size];
                let (component, tap) = (index / size, index % size);
                kernel[(component * outputs + 1) * size + tap] = -2.0;
                let scores = score.of(&kernel, outputs, TAPS, 0);
                assert!(scores[1] > scores[0] && scores[0] == scores[2], "{score:?}");
            }
        }
    }

    #[test]
    fn the_median_is_not_the_mean() {
        // Four equal filters and one far off: the median stays with the four.
        let filters: Vec<Vec<f64>> = [0.0, 0.0, 0.0, 0.0, 10.0].map(|x| vec![x, 1.0]).to_vec();
        assert!(geometric_median(&filters)[0].abs() < 1e-6);
        let kernel: Vec<f32> = (0..4 * 5 * 9)
            .map(|i| {
                if i / 9 % 5 == 4 {
                    10.0
                } else {
                    0.1 * (i % 3) as f32
                }
            })
            .collect();
        let scores = Score::GeometricMedian.of(&kernel, 5, TAPS, 0);
        assert!(
            scores[4] > 50.0 && scores[..4].iter().all(|s| *s < 1e-3),
            "{scores:?}"
        );
    }

    #[test]
    fn the_spectral_norm_of_known_matrices() {
        assert!((spectral_norm(&[3.0, 0.0, 0.0, -4.0], 2) - 4.0).abs() < 1e-6);
        // Rank one: |u|·|v|.
        let matrix = [2.0, 4.0, 1.0, 2.0];
        assert!((spectral_norm(&matrix, 2) - 5.0).abs() < 1e-9);
    }

    #[test]
    fn random_scores_follow_the_seed() {
        let kernel = vec![1.0; 4 * 8 * 9];
        let score = |seed| Score::Random.of(&kernel, 8, TAPS, seed);
        assert_eq!(score(1), score(1));
        assert_ne!(score(1), score(2));
    }
}
