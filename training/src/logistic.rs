//! Multinomial logistic regression: the best linear head there is for some features, found by L-BFGS, with
//! the penalty that inner folds choose. It has one optimum, so there are no epochs, rates or seeds.

use anyhow::{Context, ensure};
use argmin::core::{CostFunction, Executor, Gradient, State};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;
use candle_core::{DType, Device, Tensor};

use crate::evaluation::largest;

/// Penalties that are tried, the strongest first; on features of deviation one.
const PENALTIES: [f64; 7] = [1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001];
/// Parts of the examples that are held out in turn to choose the penalty.
const INNER_FOLDS: usize = 5;
const ITERATIONS: u64 = 200;
/// Steps that L-BFGS remembers.
const MEMORY: usize = 10;

/// Something to learn from.
pub(crate) struct Example<'a> {
    pub(crate) features: &'a [f32],
    /// A distribution over the labels.
    pub(crate) target: &'a [f32],
    /// Examples of a group are held out together.
    pub(crate) group: usize,
    /// Whether it can be held out; one that was changed only teaches.
    pub(crate) tests: bool,
}

/// A linear head.
pub(crate) struct Linear {
    /// `labels × features`.
    pub(crate) weights: Vec<f32>,
    /// One a label.
    pub(crate) bias: Vec<f32>,
}

/// A penalty and the mean cross-entropy of held-out examples under it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Choice {
    pub(crate) penalty: f64,
    pub(crate) loss: f64,
    /// Share of held-out examples whose largest logit is their largest target.
    pub(crate) accuracy: f64,
}

/// The penalty under which held-out examples lose least.
///
/// # Errors
/// If there are too few groups or the search fails.
pub(crate) fn choose(examples: &[Example<'_>]) -> anyhow::Result<Choice> {
    let groups = 1 + examples
        .iter()
        .map(|example| example.group)
        .max()
        .unwrap_or(0);
    ensure!(
        groups >= INNER_FOLDS,
        "{groups} groups of clips are too few to choose a penalty by"
    );
    let mut totals = [(0.0, 0usize); PENALTIES.len()];
    let mut held_out = 0;
    for inner in 0..INNER_FOLDS {
        let is_out = |example: &Example<'_>| example.group % INNER_FOLDS == inner;
        let problem = Problem::new(examples.iter().filter(|example| !is_out(example)))?;
        let out: Vec<&Example<'_>> = examples.iter().filter(|e| e.tests && is_out(e)).collect();
        held_out += out.len();
        let mut start = problem.zeros();
        for (penalty, (loss, right)) in PENALTIES.into_iter().zip(&mut totals) {
            start = problem.minimise(penalty, start)?;
            let linear = problem.linear(&start);
            for example in &out {
                let logits = linear.logits(example.features);
                *loss += cross_entropy(&logits, example.target);
                *right += usize::from(largest(&logits) == largest(example.target));
            }
        }
    }
    ensure!(held_out > 0, "there is nothing to choose a penalty by");
    let choices = PENALTIES
        .into_iter()
        .zip(totals)
        .map(|(penalty, (loss, right))| Choice {
            penalty,
            loss: loss / held_out as f64,
            accuracy: right as f64 / held_out as f64,
        });
    let best = choices.min_by(|a, b| a.loss.total_cmp(&b.loss));
    best.context("there are penalties")
}

/// The head with the least cross-entropy over the examples plus the penalty.
///
/// # Errors
/// If there are no examples or the search fails.
pub(crate) fn fit(examples: &[Example<'_>], penalty: f64) -> anyhow::Result<Linear> {
    let problem = Problem::new(examples.iter())?;
    let found = problem.minimise(penalty, problem.zeros())?;
    Ok(problem.linear(&found))
}

impl Linear {
    pub(crate) fn logits(&self, features: &[f32]) -> Vec<f32> {
        let rows = self.weights.chunks_exact(features.len()).zip(&self.bias);
        rows.map(|(row, bias)| bias + row.iter().zip(features).map(|(w, x)| w * x).sum::<f32>())
            .collect()
    }
}

/// Examples with every feature at mean zero and deviation one.
struct Problem {
    /// `examples × features`.
    rows: Tensor,
    /// `examples × labels`.
    targets: Tensor,
    means: Vec<f64>,
    deviations: Vec<f64>,
}

impl Problem {
    fn new<'a>(examples: impl Iterator<Item = &'a Example<'a>>) -> anyhow::Result<Self> {
        let examples: Vec<&Example<'_>> = examples.collect();
        let first = examples.first().context("there is nothing to learn from")?;
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
        // What never changes says nothing.
        deviations
            .iter_mut()
            .for_each(|sum| *sum = sum.sqrt().max(1e-6));
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
    fn zeros(&self) -> Vec<f64> {
        vec![0.0; self.targets.dims()[1] * (self.features() + 1)]
    }

    fn minimise(&self, penalty: f64, start: Vec<f64>) -> anyhow::Result<Vec<f64>> {
        let search = MoreThuenteLineSearch::new();
        let solver = LBFGS::new(search, MEMORY)
            .with_tolerance_grad(1e-4)?
            .with_tolerance_cost(1e-7)?;
        let penalised = Penalised {
            problem: self,
            penalty,
        };
        let result = Executor::new(penalised, solver)
            .configure(|state| state.param(start).max_iters(ITERATIONS))
            .timer(false)
            .run()?;
        let best = result.state().get_best_param();
        Ok(best.context("the search found nothing")?.clone())
    }

    /// For features as they are.
    fn linear(&self, found: &[f64]) -> Linear {
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
    fn pass(&self, at: &[f64]) -> candle_core::Result<(f64, Tensor)> {
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

    /// The gradient of the mean cross-entropy.
    fn gradient(&self, at: &[f64]) -> candle_core::Result<Vec<f64>> {
        let (_, errors) = self.pass(at)?;
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
}

impl Penalised<'_> {
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
        Ok(self.problem.pass(at)?.0 + 0.5 * self.penalty * squares)
    }
}

impl Gradient for Penalised<'_> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, at: &Vec<f64>) -> Result<Vec<f64>, argmin::core::Error> {
        let mut gradient = self.problem.gradient(at)?;
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

fn log_sum_exp(logits: &[f32]) -> f64 {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits
        .iter()
        .map(|logit| f64::from(logit - most).exp())
        .sum();
    f64::from(most) + sum.ln()
}

fn cross_entropy(logits: &[f32], target: &[f32]) -> f64 {
    let normaliser = log_sum_exp(logits);
    let of_labels = target.iter().zip(logits);
    of_labels
        .map(|(share, logit)| f64::from(*share) * (normaliser - f64::from(*logit)))
        .sum()
}

#[cfg(test)]
mod tests {
    use rand::Rng;

    use super::*;
    use crate::random::{normal, stream};

    /// Points around a centre a label, with some labels wrong; features of very different sizes.
    fn points(count: usize, wrong: f64) -> Vec<(Vec<f32>, Vec<f32>)> {
        let mut random = stream(3, &[]);
        (0..count)
            .map(|place| {
                let label = place % 3;
                let centre = |feature: usize| if feature % 3 == label { 1.0 } else { 0.0 };
                let size = |feature: usize| 10f32.powi(feature as i32 - 3);
                let value = |feature: usize| {
                    size(feature) * (5.0 + centre(feature) + 0.5 * normal(&mut random))
                };
                let features: Vec<f32> = (0..6).map(value).collect();
                let told = if random.random_bool(wrong) {
                    (label + 1) % 3
                } else {
                    label
                };
                let target = (0..3).map(|label| f32::from(u8::from(label == told)));
                (features, target.collect())
            })
            .collect()
    }

    fn examples(points: &[(Vec<f32>, Vec<f32>)]) -> Vec<Example<'_>> {
        let places = points.iter().enumerate();
        places
            .map(|(group, (features, target))| Example {
                features,
                target,
                group,
                tests: true,
            })
            .collect()
    }

    #[test]
    fn the_gradient_vanishes_where_the_search_ends() {
        let points = points(300, 0.1);
        let examples = examples(&points);
        let problem = Problem::new(examples.iter()).unwrap();
        for penalty in PENALTIES {
            let found = problem.minimise(penalty, problem.zeros()).unwrap();
            let penalised = Penalised {
                problem: &problem,
                penalty,
            };
            let gradient = penalised.gradient(&found).unwrap();
            let most = gradient
                .iter()
                .fold(0f64, |most, value| most.max(value.abs()));
            assert!(most < 2e-3, "{penalty}: {most}");
            // Finite differences at another place.
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

    #[test]
    fn it_finds_the_labels_and_takes_a_stronger_penalty_where_labels_are_wrong() {
        let clean = points(300, 0.0);
        let of_clean = examples(&clean);
        let choice = choose(&of_clean).unwrap();
        assert!(choice.accuracy > 0.8, "{choice:?}");
        let head = fit(&of_clean, choice.penalty).unwrap();
        let right = clean
            .iter()
            .filter(|(x, target)| largest(&head.logits(x)) == largest(target));
        assert!(right.count() > 240);
        let noisy = points(45, 0.4);
        let of_noisy = choose(&examples(&noisy)).unwrap();
        assert!(of_noisy.penalty > choice.penalty, "{of_noisy:?} {choice:?}");
        assert!(choose(&of_clean[..3]).is_err());
    }
}
