//! The network in training: variables, running statistics, running average.

use std::collections::BTreeMap;

use anyhow::Context;
use candle_core::{Device, Tensor, Var};
use hamiltone_engine::features::{COMPONENTS, FeatureSettings};
use hamiltone_engine::network::streaming::Weights;
use hamiltone_engine::network::whole_clip::{Network, NormStatistics};
use hamiltone_engine::network::{
    Architecture, ConvolutionKind, ParameterKind, ParameterShape, TrunkConvolution,
};
use hamiltone_engine::quaternion::initial_quarters;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::in_place::update;
use super::optimisation::saved_like;
use crate::random::normal;

/// Share of the old running statistics of a batch norm that each batch keeps.
const STATISTICS_DECAY: f64 = 0.9;

/// Every tensor of a network as a variable, and the average of each over the steps.
pub struct TrainingNetwork {
    vars: BTreeMap<String, Var>,
    average: BTreeMap<String, Tensor>,
    /// The network.
    pub network: Network,
    /// Whether only the head learns.
    pub frozen: bool,
}

impl TrainingNetwork {
    /// With these weights.
    pub fn new(
        architecture: &Architecture,
        features: &FeatureSettings,
        weights: &Weights,
        device: &Device,
    ) -> anyhow::Result<Self> {
        let mut vars = BTreeMap::new();
        for shape in architecture.parameters(features.mel_bands) {
            let values = weights
                .get(&shape.name)
                .with_context(|| format!("the weights lack {}", shape.name))?;
            let tensor = Tensor::from_slice(values, shape.shape.as_slice(), device)?;
            vars.insert(shape.name, Var::from_tensor(&tensor)?);
        }
        let tensors: BTreeMap<String, Tensor> = vars
            .iter()
            .map(|(name, var)| (name.clone(), var.as_tensor().clone()))
            .collect();
        let average = vars
            .iter()
            .map(|(name, var)| Ok((name.clone(), var.as_tensor().copy()?.detach())))
            .collect::<candle_core::Result<_>>()?;
        let network = Network::new(architecture, features.mel_bands, &tensors)?;
        Ok(Self {
            vars,
            average,
            network,
            frozen: false,
        })
    }

    /// Says whether only the head learns from now on.
    pub fn freeze_trunk(&mut self, frozen: bool) {
        self.frozen = frozen;
    }

    /// The variables that the optimiser adjusts; `true` where weight decay applies.
    pub fn trained(&self) -> Vec<(String, Var, bool)> {
        let names = self.network.trained().map(|(name, _, kind)| (name, kind));
        names
            .filter(|(name, _)| !self.frozen || name.starts_with("head."))
            .map(|(name, kind)| {
                (
                    name.to_owned(),
                    self.vars[name].clone(),
                    kind == ParameterKind::Weight,
                )
            })
            .collect()
    }

    /// Takes a batch's statistics into the running ones.
    pub fn take_statistics(&self, statistics: NormStatistics) -> candle_core::Result<()> {
        for (name, of_batch) in statistics {
            for (part, values) in ["mean", "variance"].into_iter().zip(of_batch) {
                let var = &self.vars[&format!("{name}.{part}")];
                let running = (var.as_tensor() * STATISTICS_DECAY)?;
                var.set(&(running + (values * (1.0 - STATISTICS_DECAY))?)?.detach())?;
            }
        }
        Ok(())
    }

    /// Takes the present values into the average. In the first steps it follows faster.
    pub fn take_average(&mut self, decay: f64, steps_done: usize) -> candle_core::Result<()> {
        let decay = decay.min((1.0 + steps_done as f64) / (10.0 + steps_done as f64));
        for (name, average) in &mut self.average {
            let now = self.vars[name].as_tensor();
            if let Device::Cpu = now.device() {
                // In this form what does not change stays exactly.
                let taken = 1.0 - decay as f32;
                update(average, now, |old, now| old + taken * (now - old))?;
            } else {
                let taken = ((now - &*average)? * (1.0 - decay))?;
                *average = (&*average + taken)?.detach();
            }
        }
        Ok(())
    }

    /// The averaged weights, as a model file holds them.
    pub fn averaged_weights(&self) -> candle_core::Result<Weights> {
        let list = |(name, tensor): (&String, &Tensor)| {
            Ok((name.clone(), tensor.flatten_all()?.to_vec1::<f32>()?))
        };
        self.average.iter().map(list).collect()
    }

    /// Everything that must be saved, by name.
    pub fn state(&self) -> BTreeMap<String, Tensor> {
        let now = self
            .vars
            .iter()
            .map(|(name, var)| (format!("now.{name}"), var.as_tensor().clone()));
        let average = self
            .average
            .iter()
            .map(|(name, tensor)| (format!("average.{name}"), tensor.clone()));
        now.chain(average).collect()
    }

    /// Takes up a saved [`state`](Self::state).
    pub fn restore(&mut self, state: &BTreeMap<String, Tensor>) -> anyhow::Result<()> {
        for (name, var) in &self.vars {
            let find = |part: &str| saved_like(var, &format!("{part}.{name}"), state);
            var.set(&find("now")?)?;
            self.average.insert(name.clone(), find("average")?);
        }
        Ok(())
    }
}

/// Fresh weights; `means` and `variances` (`4 × mels`) are those of the training set.
pub fn initial_weights(
    architecture: &Architecture,
    features: &FeatureSettings,
    (means, variances): (Vec<f32>, Vec<f32>),
    random: &mut ChaCha8Rng,
) -> Weights {
    let layers = architecture.layers();
    let depthwise = layers
        .iter()
        .filter(|layer| layer.kind == ConvolutionKind::Depthwise);
    let depthwise: Vec<String> = depthwise.map(TrunkConvolution::kernel).collect();
    let of = |shape: ParameterShape| {
        let values = match shape.name.as_str() {
            "input_norm.mean" => means.clone(),
            "input_norm.variance" => variances.clone(),
            name if depthwise.iter().any(|kernel| kernel == name) => {
                initial_depthwise(&shape.shape, random)
            }
            _ => initial(&shape.name, shape.kind, &shape.shape, random),
        };
        (shape.name, values)
    };
    let parameters = architecture.parameters(features.mel_bands);
    parameters.into_iter().map(of).collect()
}

/// Fresh depthwise kernels, `4 × units × 1 × size × size` or `channels × 1 × size × size`: each as one of a convolution with one
/// input and one output.
fn initial_depthwise(shape: &[usize], random: &mut ChaCha8Rng) -> Vec<f32> {
    let ([COMPONENTS, units, 1, ..], 5) = (shape, shape.len()) else {
        return initial("", ParameterKind::Weight, shape, random); // real
    };
    let taps: usize = shape[3..].iter().product();
    let kernels: Vec<Vec<f32>> = (0..*units)
        .map(|_| initial_quarters(1, 1, taps, &mut || random.random::<f64>()))
        .collect();
    let of_component = |component: usize| {
        kernels
            .iter()
            .flat_map(move |kernel| &kernel[component * taps..][..taps])
    };
    (0..COMPONENTS).flat_map(of_component).copied().collect()
}

/// A fresh tensor: quaternion weights after Gaudet & Maida, the output layer normal with 1/√n.
fn initial(name: &str, kind: ParameterKind, shape: &[usize], random: &mut ChaCha8Rng) -> Vec<f32> {
    let count: usize = shape.iter().product();
    match kind {
        ParameterKind::Scale => vec![1.0; count],
        ParameterKind::Statistic if name.ends_with("variance") => vec![1.0; count],
        ParameterKind::Shift | ParameterKind::Statistic => vec![0.0; count],
        ParameterKind::Weight if name == "head.output.weight" => {
            let scale = 1.0 / (shape[1] as f32).sqrt();
            (0..count).map(|_| scale * normal(random)).collect()
        }
        ParameterKind::Weight if matches!(shape.len(), 2 | 4) => {
            // Real, after He et al. (arXiv 1502.01852, section 2.2).
            let inputs: usize = shape[1..].iter().product();
            let scale = (2.0 / inputs as f32).sqrt();
            (0..count).map(|_| scale * normal(random)).collect()
        }
        ParameterKind::Weight => {
            let taps = shape[3..].iter().product();
            initial_quarters(shape[1], shape[2], taps, &mut || random.random::<f64>())
        }
    }
}
