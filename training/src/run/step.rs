//! One step of training: forward, back, and what follows from it.

use candle_core::{Device, Result, Tensor};
use hamiltone_engine::features::{COMPONENTS, FeatureSettings};
use hamiltone_engine::model::TaskKind;
use hamiltone_engine::network::Architecture;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::batch::{Batch, Input};
use super::loss::training_loss;
use super::network::{TrainingNetwork, initial_weights};
use crate::optimisation::{AdamW, Optimisation};
use crate::random::stream;

/// One step on a batch, of `steps` in all. Returns the loss.
pub(super) fn step(
    (network, adam): (&mut TrainingNetwork, &mut AdamW),
    (batch, kind): (&Batch, TaskKind),
    (dropout, average_decay): (f32, f64),
    steps: usize,
    random: &mut impl Rng,
) -> Result<f64> {
    let (loss, statistics) = training_loss(
        &network.network,
        network.frozen,
        (batch, kind),
        dropout,
        random,
    )?;
    adam.step(&loss.backward()?, steps)?;
    network.take_statistics(statistics)?;
    network.take_average(average_decay, adam.steps_done())?;
    Ok(f64::from(loss.to_scalar::<f32>()?))
}

/// A network in training without data, settings or checkpoints around it: to measure steps.
pub struct BareTraining {
    network: TrainingNetwork,
    adam: AdamW,
    random: ChaCha8Rng,
}

impl BareTraining {
    /// Fresh weights from a seed, on the CPU.
    ///
    /// # Errors
    /// If candle fails.
    pub fn new(architecture: &Architecture, seed: u64) -> anyhow::Result<Self> {
        let (features, mut random) = (FeatureSettings::default(), stream(seed, &[]));
        let inputs = COMPONENTS * features.mel_bands;
        let norm = (vec![0.0; inputs], vec![1.0; inputs]);
        let device = Device::Cpu;
        let weights = initial_weights(architecture, &features, norm, &mut random);
        let network = TrainingNetwork::new(architecture, &features, &weights, &device)?;
        let adam = AdamW::new(Optimisation::default(), network.trained())?;
        Ok(Self {
            network,
            adam,
            random,
        })
    }

    /// One step; shapes as the network has them. Returns the loss.
    ///
    /// # Errors
    /// If the shapes do not fit or candle fails.
    pub fn step(&mut self, frames: &Tensor, targets: &Tensor) -> Result<f64> {
        const STEPS: usize = 1_000_000; // never done
        let both = (&mut self.network, &mut self.adam);
        let batch = Batch {
            input: Input::Frames(frames.clone()),
            targets: targets.clone(),
            guidance: None,
        };
        step(
            both,
            (&batch, TaskKind::SingleLabel),
            (0.2, 0.99),
            STEPS,
            &mut self.random,
        )
    }
}
