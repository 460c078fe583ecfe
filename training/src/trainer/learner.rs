//! A network and what adjusts it.

use std::collections::BTreeMap;

use candle_core::{Device, Result, Tensor};
use hamiltone_engine::features::FeatureSettings;
use hamiltone_engine::network::Architecture;
use hamiltone_engine::network::streaming::Weights;
use hamiltone_engine::network::whole_clip::NormStatistics;

use super::network::TrainingNetwork;
use super::optimisation::{AdamW, Optimisation};

/// A network in training: variables, running statistics, running average, optimiser.
pub struct Learner {
    network: TrainingNetwork,
    adam: AdamW,
    average_decay: f64,
    device: Device,
}

impl Learner {
    /// A network before its first step. With `frozen`, only its head learns.
    ///
    /// # Errors
    /// If the weights lack a tensor of the architecture, or candle fails.
    pub fn new(
        (architecture, weights): (&Architecture, &Weights),
        frozen: bool,
        features: &FeatureSettings,
        optimisation: Optimisation,
        device: Device,
    ) -> anyhow::Result<Self> {
        let mut network = TrainingNetwork::new(architecture, features, weights, &device)?;
        network.freeze_trunk(frozen);
        let average_decay = optimisation.average_decay;
        let adam = AdamW::new(optimisation, network.trained())?;
        Ok(Self {
            network,
            adam,
            average_decay,
            device,
        })
    }

    /// The network, to compute a loss with.
    pub fn network(&self) -> &TrainingNetwork {
        &self.network
    }

    /// Where it computes.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Steps done so far.
    pub fn steps(&self) -> usize {
        self.adam.steps_done()
    }

    /// One step down the gradient of `loss`, at the rate of a schedule over `total` steps; `statistics` are those of
    /// the batch. Returns the loss. Waits for the device.
    ///
    /// # Errors
    /// If candle fails.
    pub fn step(
        &mut self,
        (loss, statistics): (Tensor, NormStatistics),
        total: usize,
    ) -> Result<f64> {
        self.adam.step(&loss.backward()?, total)?;
        self.network.take_statistics(statistics)?;
        let steps = self.adam.steps_done();
        self.network.take_average(self.average_decay, steps)?;
        Ok(f64::from(loss.to_scalar::<f32>()?))
    }

    /// The running average of the weights, as a model file holds them.
    ///
    /// # Errors
    /// If candle fails.
    pub fn averaged_weights(&self) -> Result<Weights> {
        self.network.averaged_weights()
    }

    /// Everything that a checkpoint needs, by name.
    pub fn tensors(&self) -> BTreeMap<String, Tensor> {
        let mut tensors = self.network.state();
        tensors.extend(self.adam.moments());
        tensors
    }

    /// Resumes from the [`tensors`](Self::tensors) of a checkpoint after so many steps.
    ///
    /// # Errors
    /// If a tensor is missing or has another shape.
    pub fn restore(
        &mut self,
        tensors: &BTreeMap<String, Tensor>,
        steps: usize,
    ) -> anyhow::Result<()> {
        self.network.restore(tensors)?;
        self.adam.restore(tensors, steps)
    }
}
