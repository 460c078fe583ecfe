//! The loss: cross-entropy of a batch, with dropout in the head.

use candle_core::{Result, Tensor};
use hamiltone_engine::model::TaskKind;
use hamiltone_engine::network::whole_clip::{Network, NormStatistics};
use rand::Rng;

use super::batch::{Batch, Input};
use crate::trainer::{binary_cross_entropy, cross_entropy, divergence, drop_some, sigmoid};

/// Mean cross-entropy of the network's answers to a batch against its targets, mixed with the
/// divergence from the teacher's where it has one, and the statistics of its batch norms. A frozen
/// trunk has no gradients and no statistics.
pub(super) fn training_loss(
    network: &Network,
    frozen: bool,
    (batch, kind): (&Batch, TaskKind),
    dropout: f32,
    random: &mut impl Rng,
) -> Result<(Tensor, NormStatistics)> {
    let (features, statistics) = match &batch.input {
        Input::Features(features) => (features.clone(), Vec::new()),
        Input::Frames(frames) if frozen => {
            let columns = network.columns(frames)?.detach();
            (network.window_features(&columns)?, Vec::new())
        }
        Input::Frames(frames) => {
            let (columns, statistics) = network.training_columns(frames)?;
            (network.window_features(&columns)?, statistics)
        }
    };
    let features = drop_some(&features, dropout, random)?;
    let hidden = match network.architecture().hidden {
        0 => features,
        _ => drop_some(&network.hidden(&features)?, dropout, random)?,
    };
    let logits = network.logits(&hidden)?;
    let loss = match kind {
        TaskKind::SingleLabel => cross_entropy(&logits, &batch.targets)?,
        TaskKind::MultiLabel => binary_cross_entropy(&logits, &batch.targets)?,
    };
    let Some(guidance) = &batch.guidance else {
        return Ok((loss, statistics));
    };
    let share = f64::from(guidance.weight);
    let of_teacher = match kind {
        TaskKind::SingleLabel => divergence(&logits, &guidance.logits, guidance.temperature)?,
        TaskKind::MultiLabel => {
            // Each label is a choice of two, softened in the same way.
            let temperature = f64::from(guidance.temperature);
            let targets = sigmoid(&(&guidance.logits / temperature)?)?;
            let softened = binary_cross_entropy(&(&logits / temperature)?, &targets)?;
            (softened * (temperature * temperature))?
        }
    };
    Ok((
        ((loss * (1.0 - share))? + (of_teacher * share)?)?,
        statistics,
    ))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use candle_core::{Device, Var};
    use hamiltone_engine::network::{Algebra, Architecture, Block, ParameterKind, TemporalPooling};

    use super::super::batch::Guidance;
    use super::*;
    use crate::random::{normal, stream};

    /// A small network of random weights, a batch for it, and its variables by name.
    struct Trial {
        network: Network,
        vars: BTreeMap<String, Var>,
        batch: Batch,
        kind: TaskKind,
    }

    impl Trial {
        fn new(frames: usize, mels: usize, architecture: Architecture, kind: TaskKind) -> Self {
            let (batch, labels) = (5, architecture.labels);
            let mut random = stream(11, &[frames as u64, mels as u64]);
            let vars: BTreeMap<String, Var> = architecture
                .parameters(mels)
                .into_iter()
                .map(|parameter| {
                    let count: usize = parameter.shape.iter().product();
                    let values: Vec<f32> = (0..count)
                        .map(|_| match parameter.kind {
                            ParameterKind::Weight => 0.5 * normal(&mut random),
                            ParameterKind::Shift => 0.3 * normal(&mut random),
                            _ => 1.0 + 0.5 * random.random::<f32>(),
                        })
                        .collect();
                    let tensor = Tensor::from_vec(values, parameter.shape, &Device::Cpu).unwrap();
                    (parameter.name, Var::from_tensor(&tensor).unwrap())
                })
                .collect();
            let tensors = vars
                .iter()
                .map(|(name, var)| (name.clone(), var.as_tensor().clone()))
                .collect();
            let shape = (batch, 4, frames, mels);
            let input: Vec<f32> = (0..batch * 4 * frames * mels)
                .map(|_| normal(&mut random))
                .collect();
            let targets = (0..batch).flat_map(|clip| {
                let mut row = [0.1f32; 3];
                row[clip % 3] = 0.8;
                row
            });
            let taught = (0..batch * labels).map(|_| 2.0 * normal(&mut random));
            let device = Device::Cpu;
            let of_labels = (batch, labels);
            let batch = Batch {
                input: Input::Frames(Tensor::from_vec(input, shape, &device).unwrap()),
                targets: Tensor::from_vec(targets.collect(), of_labels, &device).unwrap(),
                guidance: Some(Guidance {
                    logits: Tensor::from_vec(taught.collect(), of_labels, &device).unwrap(),
                    temperature: 2.0,
                    weight: 0.4,
                }),
            };
            Self {
                network: Network::new(&architecture, mels, &tensors).unwrap(),
                batch,
                kind,
                vars,
            }
        }

        /// The same parts of the head are dropped every time.
        fn loss(&self) -> Tensor {
            training_loss(
                &self.network,
                false,
                (&self.batch, self.kind),
                0.2,
                &mut stream(4, &[]),
            )
            .unwrap()
            .0
        }

        /// The slope of the loss along each number of a variable, by central differences.
        fn slopes(&self, var: &Var) -> Vec<f64> {
            // Wide enough for single precision to see, narrow enough to cross few bends of ReLU.
            const NUDGE: f32 = 2e-3;
            let shape = var.shape().clone();
            let values = var.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            let set = |values: Vec<f32>| {
                let tensor = Tensor::from_vec(values, shape.clone(), &Device::Cpu).unwrap();
                var.set(&tensor).unwrap();
            };
            let slopes = (0..values.len())
                .map(|index| {
                    let nudged = |by: f32| {
                        let mut nudged = values.clone();
                        nudged[index] += by;
                        set(nudged);
                        f64::from(self.loss().to_scalar::<f32>().unwrap())
                    };
                    (nudged(NUDGE) - nudged(-NUDGE)) / f64::from(2.0 * NUDGE)
                })
                .collect();
            set(values.clone());
            slopes
        }
    }

    fn shape(blocks: Vec<Block>) -> Architecture {
        Architecture {
            blocks,
            hidden: 2,
            labels: 3,
            algebra: Default::default(),
            temporal_pooling: Default::default(),
        }
    }

    fn block(filters: &[usize], pools: bool) -> Block {
        Block::new(filters.to_vec(), pools)
    }

    /// Every number that training adjusts, through the whole network: convolutions, separable units, batch norms,
    /// pooling over odd and even sides, the mean over mels, what is taken over time, both layers of
    /// the head or the only one, dropout and the cross-entropy.
    #[test]
    fn the_gradient_of_the_whole_network_is_the_slope_of_the_loss() {
        let two = || vec![block(&[2, 1], true), block(&[2], false)];
        let told_more = |hidden: usize| Architecture {
            hidden,
            temporal_pooling: TemporalPooling::Statistics,
            ..shape(two())
        };
        let separable = |residual: bool| {
            let mut units = Block::separable(vec![2, 1], vec![2, 3], 5, true);
            units.separable.as_mut().unwrap().residual = vec![residual, false];
            let last = Block::separable(vec![1, 2], vec![2, 2], 3, false);
            vec![block(&[2], true), units, last]
        };
        let told_more_of = |blocks: Vec<Block>| Architecture {
            algebra: Algebra::Real,
            temporal_pooling: TemporalPooling::Statistics,
            ..shape(blocks)
        };
        for (frames, mels, architecture) in [
            (13, 9, shape(two())),
            (12, 9, told_more(2)),
            (12, 9, told_more(0)),
            (8, 10, shape(vec![block(&[1], true), block(&[2, 2], true)])),
            (7, 5, shape(vec![block(&[2], false)])),
            (6, 6, shape(vec![block(&[2], true)])),
            (12, 9, shape(separable(true))),
            (10, 8, told_more_of(separable(false))),
        ] {
            let kind = match frames {
                6 => TaskKind::MultiLabel,
                _ => TaskKind::SingleLabel,
            };
            // Batch norm takes away what the bias of a projection before it adds, so that gradient may be zero.
            let layers = architecture.layers().into_iter();
            let projections = layers.filter(|layer| !layer.relu);
            let biases: Vec<String> = projections
                .map(|layer| format!("{}.bias", layer.norm()))
                .collect();
            let trial = Trial::new(frames, mels, architecture, kind);
            let gradients = trial.loss().backward().unwrap();
            for (name, _, _) in trial.network.trained() {
                let var = &trial.vars[name];
                let gradient = gradients.get(var).expect("every trained tensor has one");
                let gradient = gradient.flatten_all().unwrap().to_vec1::<f32>().unwrap();
                let slopes = trial.slopes(var);
                let norm = |values: &mut dyn Iterator<Item = f64>| -> f64 {
                    values.map(|value| value * value).sum::<f64>().sqrt()
                };
                let size = norm(&mut slopes.iter().copied());
                let off = norm(
                    &mut slopes
                        .iter()
                        .zip(&gradient)
                        .map(|(slope, gradient)| slope - f64::from(*gradient)),
                );
                let least = match biases.iter().any(|bias| bias == name) {
                    true => 0.05,
                    false => 0.0,
                };
                assert!(
                    size.max(least) > 1e-3 && off < 0.02 * size.max(least),
                    "{frames}×{mels} {name}: the gradient is off by {off:.2e} of {size:.2e}"
                );
            }
        }
    }
}
