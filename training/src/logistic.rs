//! Multinomial logistic regression: the best linear head there is for some features, found by L-BFGS, with
//! the penalty that inner folds choose. It has one optimum, so there are no epochs, rates or seeds.

mod problem;

use anyhow::{Context, ensure};
use problem::Problem;
use rayon::prelude::*;

use crate::evaluation::largest;

/// Penalties that are tried, the strongest first; on features of deviation one.
const PENALTIES: [f64; 7] = [1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001];
/// Parts of the examples that are held out in turn to choose the penalty: so many, or as there are groups.
const INNER_FOLDS: usize = 5;

/// Something to learn from.
pub(crate) struct Example<'a> {
    pub(crate) features: &'a [f32],
    /// A distribution over the labels: what is to be learned.
    pub(crate) target: &'a [f32],
    /// The label that is right.
    pub(crate) label: usize,
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
    /// Share of held-out examples with the largest logit at their label.
    pub(crate) accuracy: f64,
}

/// The penalty under which held-out examples lose least.
///
/// # Errors
/// If all examples are of one group or the search fails.
pub(crate) fn choose(examples: &[Example<'_>]) -> anyhow::Result<Choice> {
    let groups = 1 + examples
        .iter()
        .map(|example| example.group)
        .max()
        .unwrap_or(0);
    ensure!(
        groups >= 2,
        "all clips to learn from belong together: a penalty is chosen by clips of another recording, \
         speaker or track, so two of them are needed"
    );
    let inner_folds = groups.min(INNER_FOLDS);
    let mut parts = (0..inner_folds)
        .map(|inner| Part::new(examples, &|group| group % inner_folds == inner))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let held_out: usize = parts.iter().map(|part| part.held_out.len()).sum();
    ensure!(held_out > 0, "there is nothing to choose a penalty by");
    let mut choices: Vec<Choice> = Vec::new();
    for penalty in PENALTIES {
        let of_parts = parts.par_iter_mut().map(|part| part.under(penalty));
        let of_parts = of_parts.collect::<anyhow::Result<Vec<_>>>()?;
        let (loss, right) = of_parts
            .into_iter()
            .fold((0.0, 0), |sum, part| (sum.0 + part.0, sum.1 + part.1));
        choices.push(Choice {
            penalty,
            loss: loss / held_out as f64,
            accuracy: right as f64 / held_out as f64,
        });
        if let [.., best, worse, worst] = &choices[..]
            && best.loss < worse.loss
            && worse.loss < worst.loss
        {
            break; // weaker ones only learn more by heart, and take longest
        }
    }
    let best = choices.into_iter().min_by(|a, b| a.loss.total_cmp(&b.loss));
    best.context("there are penalties")
}

/// The examples without those that are held out, and these.
struct Part<'a> {
    problem: Problem,
    held_out: Vec<&'a Example<'a>>,
    /// The solution under the penalty before.
    found: Vec<f64>,
}

impl<'a> Part<'a> {
    fn new(examples: &'a [Example<'a>], is_out: &dyn Fn(usize) -> bool) -> anyhow::Result<Self> {
        let problem = Problem::new(examples.iter().filter(|example| !is_out(example.group)))?;
        let held_out = examples.iter().filter(|e| e.tests && is_out(e.group));
        Ok(Self {
            held_out: held_out.collect(),
            found: problem.zeros(),
            problem,
        })
    }

    /// Sum of the cross-entropies of what is held out under a penalty, and how many are right.
    fn under(&mut self, penalty: f64) -> anyhow::Result<(f64, usize)> {
        let start = std::mem::take(&mut self.found);
        self.found = self.problem.minimise(penalty, start)?;
        let linear = self.problem.linear(&self.found);
        let answers = self.held_out.iter().map(|example| {
            let logits = linear.logits(example.features);
            let right = largest(&logits) == example.label;
            (cross_entropy(&logits, example.target), usize::from(right))
        });
        Ok(answers.fold((0.0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1)))
    }
}

/// The head with the least cross-entropy over the examples plus the penalty, and the mean cross-entropy.
///
/// # Errors
/// If there are no examples or the search fails.
pub(crate) fn fit(examples: &[Example<'_>], penalty: f64) -> anyhow::Result<(Linear, f64)> {
    let problem = Problem::new(examples.iter())?;
    let found = problem.minimise(penalty, problem.zeros())?;
    let (loss, _) = problem.pass(&found)?;
    Ok((problem.linear(&found), loss))
}

impl Linear {
    pub(crate) fn logits(&self, features: &[f32]) -> Vec<f32> {
        let rows = self.weights.chunks_exact(features.len()).zip(&self.bias);
        rows.map(|(row, bias)| bias + row.iter().zip(features).map(|(w, x)| w * x).sum::<f32>())
            .collect()
    }
}

/// ln Σ exp, without overflow.
pub(crate) fn log_sum_exp(logits: &[f32]) -> f64 {
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
    pub(super) fn points(count: usize, wrong: f64) -> Vec<(Vec<f32>, Vec<f32>)> {
        let mut random = stream(3, &[]);
        (0..count)
            .map(|index| {
                let label = index % 3;
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

    pub(super) fn examples(points: &[(Vec<f32>, Vec<f32>)]) -> Vec<Example<'_>> {
        let numbered = points.iter().enumerate();
        numbered
            .map(|(group, (features, target))| Example {
                features,
                target,
                label: largest(target),
                group,
                tests: true,
            })
            .collect()
    }

    #[test]
    fn it_finds_the_labels_and_takes_a_stronger_penalty_where_labels_are_wrong() {
        let clean = points(300, 0.0);
        let of_clean = examples(&clean);
        let choice = choose(&of_clean).unwrap();
        assert!(choice.accuracy > 0.8, "{choice:?}");
        let (head, loss) = fit(&of_clean, choice.penalty).unwrap();
        assert!(loss < choice.loss, "{loss} {choice:?}"); // what it has seen, and what it has not
        let right = clean
            .iter()
            .filter(|(x, target)| largest(&head.logits(x)) == largest(target));
        assert!(right.count() > 240);
        let noisy = points(45, 0.4);
        let of_noisy = choose(&examples(&noisy)).unwrap();
        assert!(of_noisy.penalty > choice.penalty, "{of_noisy:?} {choice:?}");
    }

    #[test]
    fn a_feature_that_hardly_changes_in_the_examples_does_not_decide() {
        let mut points = points(300, 0.0);
        let mut random = stream(4, &[]);
        for (features, _) in &mut points {
            features.push(1e-5 * normal(&mut random)); // a channel that only silence excites
        }
        let (head, _) = fit(&examples(&points), 0.01).unwrap();
        let right = points.iter().filter(|(features, target)| {
            let mut features = features.clone();
            *features.last_mut().unwrap() = 0.05;
            largest(&head.logits(&features)) == largest(target)
        });
        assert!(right.count() > 240);
    }

    #[test]
    fn two_speakers_are_enough_and_one_is_not() {
        let points = points(60, 0.0);
        let of_speakers = |count: usize| -> Vec<Example<'_>> {
            let mut examples = examples(&points);
            for example in &mut examples {
                example.group = example.group / 3 % count; // everyone says each label
            }
            examples
        };
        for count in 2..=6 {
            let choice = choose(&of_speakers(count)).unwrap();
            assert!(choice.accuracy > 0.7, "{count}: {choice:?}");
        }
        let error = choose(&of_speakers(1)).unwrap_err().to_string();
        assert!(error.contains("belong together"), "{error}");
    }
}
