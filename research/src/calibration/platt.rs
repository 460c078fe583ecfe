//! Platt scaling of many labels of which most have few examples.
//!
//! One mapping for all labels is learned from all of them: `p = sigmoid(slope · logit + shift + habit · mean)`, where
//! `mean` is the label's mean logit over training audio: a label that is seldom likely means more by the same logit.
//! A label's own slope and offset begin there and move as far as its examples outweigh a normal prior around it
//! (maximum a posteriori).

use rayon::prelude::*;

use super::windows::COLUMNS;

/// Deviation of a label's slope around the common one, as a share of that.
const SLOPE_DEVIATION: f64 = 0.3;
/// Deviation of a label's offset, in logits.
const SHIFT_DEVIATION: f64 = 1.5;
/// A slope is at least this share of the common one: probabilities must rise with logits.
const LEAST_SLOPE: f64 = 0.2;
/// The columns of a clip are not independent: together they count once.
const SHARE: f64 = 1.0 / COLUMNS as f64;
const ROUNDS: usize = 25;

/// A logit, and whether the label was there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Example {
    pub(super) logit: f32,
    pub(super) there: bool,
}

/// The prior that all labels share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Common {
    slope: f64,
    shift: f64,
    habit: f64,
}

/// `sigmoid(scale · logit + offset)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Mapping {
    pub(super) scale: f64,
    pub(super) offset: f64,
}

impl Mapping {
    /// As the network is.
    pub(super) const NONE: Self = Self {
        scale: 1.0,
        offset: 0.0,
    };

    pub(super) fn probability(self, logit: f32) -> f64 {
        sigmoid(self.scale * f64::from(logit) + self.offset)
    }
}

/// A mapping a label, of examples a label and each label's mean logit over training audio.
pub(super) fn fit(examples: &[Vec<Example>], means: &[f32]) -> Vec<Mapping> {
    let common = fit_common(examples, means);
    let each = examples.par_iter().zip(means);
    each.map(|(examples, mean)| fit_label(examples, common.of(*mean)))
        .collect()
}

impl Common {
    fn of(self, mean: f32) -> Mapping {
        Mapping {
            scale: self.slope,
            offset: self.shift + self.habit * f64::from(mean),
        }
    }
}

/// Newton's method with a weak prior, so that a handful of examples does not run away.
fn fit_common(examples: &[Vec<Example>], means: &[f32]) -> Common {
    const PRIOR: [f64; 3] = [1.0, 0.0, 0.0];
    const PRIOR_WEIGHT: [f64; 3] = [1.0, 0.1, 1.0];
    let mut at = PRIOR;
    for _ in 0..ROUNDS {
        let sums = examples.par_iter().zip(means).map(|(examples, mean)| {
            let mean = f64::from(*mean);
            let mut sums = Sums::<3>::default();
            for example in examples {
                let x = [f64::from(example.logit), 1.0, mean];
                sums.add(x, at, example);
            }
            sums
        });
        let mut total = sums.reduce(Sums::default, Sums::plus);
        for i in 0..3 {
            total.gradient[i] += PRIOR_WEIGHT[i] * (at[i] - PRIOR[i]);
            total.curvature[i][i] += PRIOR_WEIGHT[i];
        }
        let step = total.step();
        (0..3).for_each(|i| at[i] -= step[i]);
        if step.iter().all(|step| step.abs() < 1e-9) {
            break;
        }
    }
    Common {
        slope: at[0].max(LEAST_SLOPE),
        shift: at[1],
        habit: at[2],
    }
}

/// Around the logit at which the common mapping says a half, slope and offset hardly depend on each other.
fn fit_label(examples: &[Example], common: Mapping) -> Mapping {
    let centre = -common.offset / common.scale;
    let prior = [common.scale, 0.0];
    let deviations = [SLOPE_DEVIATION * common.scale, SHIFT_DEVIATION];
    let mut at = prior;
    for _ in 0..ROUNDS {
        let mut sums = Sums::<2>::default();
        for example in examples {
            sums.add([f64::from(example.logit) - centre, 1.0], at, example);
        }
        for i in 0..2 {
            let precision = deviations[i].powi(-2);
            sums.gradient[i] += precision * (at[i] - prior[i]);
            sums.curvature[i][i] += precision;
        }
        let step = sums.step();
        // A long step overshoots where the sigmoid is flat.
        let longest = (step[0] / deviations[0])
            .abs()
            .max((step[1] / deviations[1]).abs());
        let share = (1.0 / longest).min(1.0);
        (0..2).for_each(|i| at[i] -= share * step[i]);
        if longest < 1e-7 {
            break;
        }
    }
    let scale = at[0].max(LEAST_SLOPE * common.scale);
    Mapping {
        scale,
        offset: at[1] - scale * centre,
    }
}

/// Gradient and curvature of the cross-entropy in `N` numbers.
#[derive(Clone, Copy)]
struct Sums<const N: usize> {
    gradient: [f64; N],
    curvature: [[f64; N]; N],
}

impl<const N: usize> Default for Sums<N> {
    fn default() -> Self {
        Self {
            gradient: [0.0; N],
            curvature: [[0.0; N]; N],
        }
    }
}

impl<const N: usize> Sums<N> {
    fn add(&mut self, x: [f64; N], at: [f64; N], example: &Example) {
        let z: f64 = (0..N).map(|i| x[i] * at[i]).sum();
        let p = sigmoid(z);
        let off = SHARE * (p - f64::from(u8::from(example.there)));
        let bend = SHARE * p * (1.0 - p);
        for i in 0..N {
            self.gradient[i] += off * x[i];
            for j in 0..N {
                self.curvature[i][j] += bend * x[i] * x[j];
            }
        }
    }

    fn plus(mut self, other: Self) -> Self {
        for i in 0..N {
            self.gradient[i] += other.gradient[i];
            (0..N).for_each(|j| self.curvature[i][j] += other.curvature[i][j]);
        }
        self
    }

    /// Newton's step: Gaussian elimination of a few equations with a positive diagonal.
    fn step(mut self) -> [f64; N] {
        for i in 0..N {
            for j in i + 1..N {
                let share = self.curvature[j][i] / self.curvature[i][i];
                (i..N).for_each(|k| self.curvature[j][k] -= share * self.curvature[i][k]);
                self.gradient[j] -= share * self.gradient[i];
            }
        }
        let mut step = [0.0; N];
        for i in (0..N).rev() {
            let known: f64 = (i + 1..N).map(|k| self.curvature[i][k] * step[k]).sum();
            step[i] = (self.gradient[i] - known) / self.curvature[i][i];
        }
        step
    }
}

pub(super) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[cfg(test)]
mod tests {
    use rand::Rng;

    use super::*;
    use hamiltone_training::random::stream;

    /// Examples with a truth that follows a mapping.
    fn drawn(mapping: Mapping, count: usize, seed: u64) -> Vec<Example> {
        let mut random = stream(seed, &[]);
        (0..count)
            .map(|_| {
                let logit: f32 = random.random_range(-8.0..4.0);
                let there = random.random_bool(mapping.probability(logit));
                Example { logit, there }
            })
            .collect()
    }

    #[test]
    fn many_examples_are_believed_and_few_are_not() {
        let usual = Mapping {
            scale: 0.8,
            offset: 1.0,
        };
        let odd = Mapping {
            scale: 1.1,
            offset: -2.0,
        };
        let mut examples: Vec<Vec<Example>> = (0..300).map(|l| drawn(usual, 300, l)).collect();
        examples.push(drawn(odd, 4_000, 991));
        examples.push(drawn(odd, 6, 992));
        examples.push(Vec::new());
        let fitted = fit(&examples, &[0.0; 303]);
        let far = |a: Mapping, b: Mapping| {
            let points =
                [-6.0f32, -3.0, 0.0, 3.0].map(|z| (a.probability(z) - b.probability(z)).abs());
            points.into_iter().fold(0.0, f64::max)
        };
        assert!(far(fitted[300], odd) < 0.03, "{:?}", fitted[300]);
        assert!(far(fitted[302], usual) < 0.06, "{:?}", fitted[302]);
        assert!(
            far(fitted[301], usual) < far(fitted[301], odd),
            "{:?}",
            fitted[301]
        );
        assert!(far(usual, odd) > 0.5);
    }

    #[test]
    fn a_label_without_a_single_example_that_is_there_has_a_rising_mapping() {
        let none: Vec<Example> = (0..500)
            .map(|i| Example {
                logit: -8.0 + 0.01 * i as f32,
                there: false,
            })
            .collect();
        let fitted = fit(&[none, drawn(Mapping::NONE, 500, 3)], &[-5.0, -3.0]);
        for mapping in fitted {
            assert!(
                mapping.scale > 0.0 && mapping.offset.is_finite(),
                "{mapping:?}"
            );
        }
    }
}
