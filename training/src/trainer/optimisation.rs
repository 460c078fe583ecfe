//! AdamW, its schedule, and the running average of the weights.

use std::collections::BTreeMap;
use std::f64::consts::PI;

use candle_core::backprop::GradStore;
use candle_core::{Device, Result, Tensor, Var};
use serde::{Deserialize, Serialize};

use super::in_place::{update, update_by_two};

const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// Settings of AdamW (arXiv 1711.05101) and its schedule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Optimisation {
    /// The learning rate at the top of the schedule.
    pub learning_rate: f64,
    /// Weight decay, on kernels and matrices only.
    pub weight_decay: f64,
    /// Share of the steps in which the rate rises from zero; then it falls as a cosine to zero.
    pub warm_up: f64,
    /// Gradients are scaled down to this Euclidean norm.
    pub clip_norm: f64,
    /// Share of the old average that each step keeps.
    pub average_decay: f64,
}

impl Default for Optimisation {
    fn default() -> Self {
        Self {
            learning_rate: 2e-3,
            weight_decay: 0.05,
            warm_up: 0.08,
            clip_norm: 2.0,
            average_decay: 0.99,
        }
    }
}

impl Optimisation {
    /// Conditions, with the message where one is not met.
    pub(crate) fn checks(&self) -> [(bool, &'static str); 4] {
        let share = |value: f64| (0.0..1.0).contains(&value);
        [
            (
                self.learning_rate > 0.0 && self.learning_rate <= 1.0,
                "--learning-rate must be over 0, at most 1",
            ),
            (
                (0.0..=1.0).contains(&self.weight_decay),
                "optimisation.weight_decay must be from 0 to 1",
            ),
            (
                share(self.warm_up) && share(self.average_decay),
                "optimisation.warm_up and optimisation.average_decay must be from 0 to under 1",
            ),
            (
                self.clip_norm > 0.0 && self.clip_norm.is_finite(),
                "optimisation.clip_norm must be over 0 (and finite: a large one clips nothing)",
            ),
        ]
    }

    /// The learning rate of step `step` (from 0) of `steps`.
    pub fn rate(&self, step: usize, steps: usize) -> f64 {
        let progress = (step as f64 + 1.0) / steps as f64;
        if progress < self.warm_up {
            return self.learning_rate * progress / self.warm_up;
        }
        let after = (progress - self.warm_up) / (1.0 - self.warm_up);
        self.learning_rate * 0.5 * (1.0 + (PI * after.min(1.0)).cos())
    }
}

/// One adjusted tensor with its moments.
struct Slot {
    var: Var,
    first: Tensor,
    second: Tensor,
    decays: bool,
}

/// Numbers of one step.
struct Step<'a> {
    clip: &'a Tensor,
    rate: f64,
    decay: f64,
    /// What the moments lack because they began at zero.
    bias_1: f64,
    bias_2: f64,
}

impl Slot {
    fn step(&mut self, gradient: &Tensor, step: &Step<'_>) -> Result<()> {
        let Self {
            var, first, second, ..
        } = self;
        if !matches!(var.device(), Device::Cpu) {
            return self.step_by_tensors(gradient, step);
        }
        let (clip, rate) = (step.clip.to_scalar::<f32>()?, step.rate as f32);
        let (beta_1, beta_2) = (BETA_1 as f32, BETA_2 as f32);
        let (bias_1, bias_2) = (step.bias_1 as f32, step.bias_2 as f32);
        let (kept, epsilon) = (1.0 - step.decay as f32, EPSILON as f32);
        update(first, gradient, |m, g| {
            beta_1 * m + (1.0 - beta_1) * clip * g
        })?;
        update(second, gradient, |v, g| {
            beta_2 * v + (1.0 - beta_2) * (clip * g) * (clip * g)
        })?;
        update_by_two(var.as_tensor(), [first, second], |value, m, v| {
            kept * value - rate * (m / bias_1) / ((v / bias_2).sqrt() + epsilon)
        })
    }

    fn step_by_tensors(&mut self, gradient: &Tensor, step: &Step<'_>) -> Result<()> {
        let gradient = gradient.detach().broadcast_mul(step.clip)?;
        self.first = ((&self.first * BETA_1)? + (&gradient * (1.0 - BETA_1))?)?;
        self.second = ((&self.second * BETA_2)? + (gradient.sqr()? * (1.0 - BETA_2))?)?;
        let root = ((&self.second / step.bias_2)?.sqrt()? + EPSILON)?;
        let change = ((&self.first / step.bias_1)? / root)?;
        let value = ((self.var.as_tensor() * (1.0 - step.decay))? - (change * step.rate)?)?;
        self.var.set(&value.detach())
    }
}

/// AdamW over named variables. Everything it knows can be saved and restored.
pub struct AdamW {
    settings: Optimisation,
    slots: BTreeMap<String, Slot>,
    step: usize,
}

impl AdamW {
    /// For variables by name; `true` where weight decay applies.
    ///
    /// # Errors
    /// If candle fails.
    pub fn new(
        settings: Optimisation,
        vars: impl IntoIterator<Item = (String, Var, bool)>,
    ) -> Result<Self> {
        let slot = |(name, var, decays): (String, Var, bool)| {
            Ok((
                name,
                Slot {
                    first: var.as_tensor().zeros_like()?.detach(),
                    second: var.as_tensor().zeros_like()?.detach(),
                    var,
                    decays,
                },
            ))
        };
        let slots = vars.into_iter().map(slot).collect::<Result<_>>()?;
        Ok(Self {
            settings,
            slots,
            step: 0,
        })
    }

    /// One step at the rate of the schedule over `steps` steps.
    ///
    /// # Errors
    /// If candle fails.
    pub fn step(&mut self, gradients: &GradStore, steps: usize) -> Result<()> {
        let rate = self.settings.rate(self.step, steps);
        self.step += 1;
        let Some(clip) = self.clip(gradients)? else {
            return Ok(()); // nothing depends on what learns
        };
        let bias_1 = 1.0 - BETA_1.powi(self.step as i32);
        let bias_2 = 1.0 - BETA_2.powi(self.step as i32);
        for slot in self.slots.values_mut() {
            let Some(gradient) = gradients.get(&slot.var) else {
                continue;
            };
            let decay = if slot.decays {
                rate * self.settings.weight_decay
            } else {
                0.0
            };
            slot.step(
                &gradient.contiguous()?,
                &Step {
                    clip: &clip,
                    rate,
                    decay,
                    bias_1,
                    bias_2,
                },
            )?;
        }
        Ok(())
    }

    /// The factor that clips the gradients, a scalar. It stays on the device: a GPU that is
    /// waited for here would have nothing to do while the rest of the step is prepared.
    fn clip(&self, gradients: &GradStore) -> Result<Option<Tensor>> {
        let of_slots = self.slots.values();
        let squares = of_slots
            .filter_map(|slot| gradients.get(&slot.var))
            .map(|gradient| gradient.sqr()?.sum_all())
            .collect::<Result<Vec<_>>>()?;
        if squares.is_empty() {
            return Ok(None);
        }
        let norm = Tensor::stack(&squares, 0)?.sum_all()?.sqrt()?;
        let clip = (norm.maximum(1e-12)?.recip()? * self.settings.clip_norm)?;
        Ok(Some(clip.minimum(1.0)?))
    }

    /// Steps done so far.
    pub fn steps_done(&self) -> usize {
        self.step
    }

    /// The moments by name, to save before the next step changes them.
    pub fn moments(&self) -> BTreeMap<String, Tensor> {
        let parts = |(name, slot): (&String, &Slot)| {
            [
                (format!("first.{name}"), slot.first.clone()),
                (format!("second.{name}"), slot.second.clone()),
            ]
        };
        self.slots.iter().flat_map(parts).collect()
    }

    /// Takes up where [`moments`](Self::moments) were saved, after `steps_done` steps.
    ///
    /// # Errors
    /// If a moment is missing or has another shape.
    pub fn restore(
        &mut self,
        moments: &BTreeMap<String, Tensor>,
        steps_done: usize,
    ) -> anyhow::Result<()> {
        for (name, slot) in &mut self.slots {
            let find = |part: &str| saved_like(&slot.var, &format!("{part}.{name}"), moments);
            (slot.first, slot.second) = (find("first")?, find("second")?);
        }
        self.step = steps_done;
        Ok(())
    }
}

/// The saved tensor `name`, which must be as `var` is.
pub(crate) fn saved_like(
    var: &Var,
    name: &str,
    saved: &BTreeMap<String, Tensor>,
) -> anyhow::Result<Tensor> {
    let Some(tensor) = saved.get(name) else {
        anyhow::bail!("{name} is missing")
    };
    if (tensor.dims(), tensor.dtype()) != (var.dims(), var.dtype()) {
        anyhow::bail!("{name} is {:?}, not {:?}", tensor.dims(), var.dims())
    }
    Ok(tensor.clone())
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn the_rate_rises_and_falls() {
        let settings = Optimisation::default();
        let rates: Vec<f64> = (0..100).map(|step| settings.rate(step, 100)).collect();
        let top = rates.iter().copied().fold(0.0, f64::max);
        assert!(rates[0] < 0.2 * top && rates[99] < 1e-3 * top);
        assert!((top - settings.learning_rate).abs() < 0.05 * top);
    }

    #[test]
    fn it_finds_the_bottom_and_resumes_exactly() {
        let run = |pause: bool| {
            let var = Var::new(&[3f32, -2.0], &Device::Cpu).unwrap();
            let make = || {
                let vars = [("x".to_owned(), var.clone(), false)];
                let settings = Optimisation {
                    learning_rate: 0.1,
                    ..Optimisation::default()
                };
                AdamW::new(settings, vars).unwrap()
            };
            let mut adam = make();
            for step in 0..200 {
                if pause && step == 90 {
                    let (moments, done) = (adam.moments(), adam.steps_done());
                    adam = make();
                    adam.restore(&moments, done).unwrap();
                }
                let loss = var.as_tensor().sqr().unwrap().sum_all().unwrap();
                adam.step(&loss.backward().unwrap(), 200).unwrap();
            }
            var.as_tensor().to_vec1::<f32>().unwrap()
        };
        let through = run(false);
        assert!(through.iter().all(|x| x.abs() < 0.05), "{through:?}");
        assert_eq!(through, run(true));
    }
}
