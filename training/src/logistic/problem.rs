//! The objective: cross-entropy of examples and a penalty on the weights.

use std::cell::RefCell;

use anyhow::Context;
use argmin::core::{CostFunction, Executor, Gradient, State};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;
use candle_core::{DType, Device, Tensor};

use super::{Example, Linear};

const ITERATIONS: u64 = 200;
/// Steps that L-BFGS remembers.
const MEMORY: usize = 10;

/// Examples with every feature at mean zero and deviation one.
pub(super) struct Problem {
    /// `examples × features`.
    rows: Tensor,
    /// `examples × labels`.
    targets: Tensor,
    means: Vec<f64>,
    deviations: Vec<f64>,
}

/// Deviations count as this share of their median at least.
const LEAST_DEVIATION: f64 = 0.01;

/// The least deviation that features are divided by. One that hardly changes in these examples would get a weight of millions,
/// and decide alone where it does change: a channel that only silence excites, for example.
fn least_deviation(deviations: &[f64]) -> f64 {
    let mut sorted = deviations.to_vec();
    sorted.sort_by(f64::total_cmp);
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or(0.0);
    (LEAST_DEVIATION * median).max(1e-6)
}

impl Problem {
    pub(super) fn new<'a>(examples: impl Iterator<Item = &'a Example<'a>>) -> anyhow::Result<Self> {
        let examples: Vec<&Example<'_>> = examples.collect();
        let first = examples.first().context("no examples to fit")?;
        let (count, features, labels) = (examples.len(), first.features.len(), first.target.len());
        let share = 1.0 / count as f64;
        let mut means = vec![0.0; features];
        let mut deviations = vec![0.0; features];
        for example in &examples {
            for (mean, &value) in means.iter_mut().zip(example.features) {
                *mean += share * f64::from(value);
            }
        }
        for example in &examples {
            for ((sum, mean), &value) in deviations.iter_mut().zip(&means).zip(example.features) {
                *sum += share * (f64::from(value) - mean).powi(2);
            }
        }
        deviations.iter_mut().for_each(|sum| *sum = sum.sqrt());
        let least = least_deviation(&deviations);
        deviations
            .iter_mut()
            .for_each(|deviation| *deviation = deviation.max(least));
        let standard = |example: &&Example<'_>| {
            let scales = means.iter().zip(&deviations);
            let values = example.features.iter().zip(scales);
            let scaled = values.map(|(&x, (mean, deviation))| (f64::from(x) - mean) / deviation);
            scaled.map(|x| x as f32).collect::<Vec<_>>()
        };
        let rows: Vec<f32> = examples.iter().flat_map(standard).collect();
        let targets: Vec<f32> = examples
            .iter()
            .flat_map(|e| e.target.iter().copied())
            .collect();
        Ok(Self {
            rows: Tensor::from_vec(rows, (count, features), &Device::Cpu)?,
            targets: Tensor::from_vec(targets, (count, labels), &Device::Cpu)?,
            means,
            deviations,
        })
    }

    fn features(&self) -> usize {
        self.means.len()
    }

    /// Weights of each label, its bias behind them.
    pub(super) fn zeros(&self) -> Vec<f64> {
        vec![0.0; self.targets.dims()[1] * (self.features() + 1)]
    }

    pub(super) fn minimise(&self, penalty: f64, start: Vec<f64>) -> anyhow::Result<Vec<f64>> {
        let search = MoreThuenteLineSearch::new();
        let solver = LBFGS::new(search, MEMORY)
            .with_tolerance_grad(1e-4)?
            .with_tolerance_cost(1e-7)?;
        let penalised = Penalised::new(self, penalty);
        let result = Executor::new(penalised, solver)
            .configure(|state| state.param(start).max_iters(ITERATIONS))
            .timer(false)
            .run()?;
        let best = result.state().get_best_param();
        Ok(best.context("the search found nothing")?.clone())
    }

    /// For features as they are.
    pub(super) fn linear(&self, found: &[f64]) -> Linear {
        let (mut weights, mut bias) = (Vec::new(), Vec::new());
        for row in found.chunks_exact(self.features() + 1) {
            let scaled = row.iter().zip(&self.deviations);
            let scaled: Vec<f64> = scaled
                .map(|(weight, deviation)| weight / deviation)
                .collect();
            let shift: f64 = scaled
                .iter()
                .zip(&self.means)
                .map(|(w, mean)| w * mean)
                .sum();
            weights.extend(scaled.iter().map(|weight| *weight as f32));
            bias.push((row[self.features()] - shift) as f32);
        }
        Linear { weights, bias }
    }

    /// Mean cross-entropy of the examples, and by how much each label was given too much (`examples ×
    /// labels`).
    pub(super) fn pass(&self, at: &[f64]) -> candle_core::Result<(f64, Tensor)> {
        let rows = at.chunks_exact(self.features() + 1);
        let labels = rows.len();
        let weights: Vec<f32> = rows
            .clone()
            .flat_map(|row| &row[..self.features()])
            .map(|w| *w as f32)
            .collect();
        let bias: Vec<f32> = rows.map(|row| row[self.features()] as f32).collect();
        let weights = Tensor::from_vec(weights, (labels, self.features()), &Device::Cpu)?;
        let bias = Tensor::from_vec(bias, (1, labels), &Device::Cpu)?;
        let logits = self.rows.matmul(&weights.t()?)?.broadcast_add(&bias)?;
        let under_most = logits.broadcast_sub(&logits.max_keepdim(1)?)?;
        let logarithms = under_most.broadcast_sub(&under_most.exp()?.sum_keepdim(1)?.log()?)?;
        // The sum in double precision: the search compares sums that differ by little.
        let lost = (&logarithms * &self.targets)?
            .to_dtype(DType::F64)?
            .sum_all()?;
        let count = self.rows.dims()[0] as f64;
        let errors = (logarithms.exp()? - &self.targets)?;
        Ok((-lost.to_scalar::<f64>()? / count, errors))
    }

    /// The gradient of the mean cross-entropy, by the errors of a [`pass`](Self::pass).
    fn gradient(&self, errors: &Tensor) -> candle_core::Result<Vec<f64>> {
        let share = 1.0 / self.rows.dims()[0] as f64;
        let of_weights = errors.t()?.matmul(&self.rows)?.to_vec2::<f32>()?;
        let of_bias = errors.sum(0)?.to_vec1::<f32>()?;
        let rows = of_weights.into_iter().zip(of_bias);
        let whole = rows.flat_map(|(row, bias)| row.into_iter().chain([bias]));
        Ok(whole.map(|sum| share * f64::from(sum)).collect())
    }
}

/// With the squares of the weights, half of them times the penalty; biases are free.
struct Penalised<'a> {
    problem: &'a Problem,
    penalty: f64,
    /// The point and results of the last pass: the search asks for cost and gradient of the same point.
    last: RefCell<Option<(Vec<f64>, f64, Tensor)>>,
}

impl<'a> Penalised<'a> {
    fn new(problem: &'a Problem, penalty: f64) -> Self {
        Self {
            problem,
            penalty,
            last: RefCell::new(None),
        }
    }

    fn pass(&self, at: &[f64]) -> candle_core::Result<(f64, Tensor)> {
        if let Some((point, loss, errors)) = &*self.last.borrow()
            && point == at
        {
            return Ok((*loss, errors.clone()));
        }
        let (loss, errors) = self.problem.pass(at)?;
        *self.last.borrow_mut() = Some((at.to_vec(), loss, errors.clone()));
        Ok((loss, errors))
    }

    fn weights<'w>(&self, at: &'w [f64]) -> impl Iterator<Item = &'w [f64]> {
        let features = self.problem.features();
        at.chunks_exact(features + 1)
            .map(move |row| &row[..features])
    }
}

impl CostFunction for Penalised<'_> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, at: &Vec<f64>) -> Result<f64, argmin::core::Error> {
        let squares: f64 = self
            .weights(at)
            .flatten()
            .map(|weight| weight * weight)
            .sum();
        Ok(self.pass(at)?.0 + 0.5 * self.penalty * squares)
    }
}

impl Gradient for Penalised<'_> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, at: &Vec<f64>) -> Result<Vec<f64>, argmin::core::Error> {
        let mut gradient = self.problem.gradient(&self.pass(at)?.1)?;
        let features = self.problem.features();
        for (sums, weights) in gradient
            .chunks_exact_mut(features + 1)
            .zip(self.weights(at))
        {
            for (sum, weight) in sums.iter_mut().zip(weights) {
                *sum += self.penalty * weight;
            }
        }
        Ok(gradient)
    }
}

#[cfg(test)]
mod tests {
    use super::super::PENALTIES;
    use super::super::tests::{examples, points};
    use super::*;

    #[test]
    fn the_gradient_vanishes_where_the_search_ends() {
        let points = points(300, 0.1);
        let examples = examples(&points);
        let problem = Problem::new(examples.iter()).unwrap();
        for penalty in PENALTIES {
            let found = problem.minimise(penalty, problem.zeros()).unwrap();
            let penalised = Penalised::new(&problem, penalty);
            let gradient = penalised.gradient(&found).unwrap();
            let most = gradient
                .iter()
                .fold(0f64, |most, value| most.max(value.abs()));
            assert!(most < 2e-3, "{penalty}: {most}");
            // Finite differences at another point.
            let there: Vec<f64> = (0..found.len()).map(|i| (i as f64).sin()).collect();
            let gradient = penalised.gradient(&there).unwrap();
            for at in [0, 5, 6, 13, 20] {
                let moved = |by: f64| {
                    let mut there = there.clone();
                    there[at] += by;
                    penalised.cost(&there).unwrap()
                };
                let slope = (moved(0.01) - moved(-0.01)) / 0.02;
                assert!(
                    (slope - gradient[at]).abs() < 2e-3,
                    "{slope} {}",
                    gradient[at]
                );
            }
        }
    }
}
