//! Training without data, settings or checkpoints around it: to measure steps.

use candle_core::{Device, Result, Tensor};
use hamiltone_engine::features::{COMPONENTS, FeatureSettings};
use hamiltone_engine::model::TaskKind;
use hamiltone_engine::network::Architecture;
use rand_chacha::ChaCha8Rng;

use super::batch::{Batch, Input};
use super::loss::training_loss;
use crate::random::stream;
use crate::trainer::{Learner, Optimisation, initial_weights};

/// A network in training.
pub struct BareTraining {
    learner: Learner,
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
        let network = (architecture, &weights);
        let learner = Learner::new(network, false, &features, Optimisation::default(), device)?;
        Ok(Self { learner, random })
    }

    /// One step; shapes as the network has them. Returns the loss.
    ///
    /// # Errors
    /// If the shapes do not fit or candle fails.
    pub fn step(&mut self, frames: &Tensor, targets: &Tensor) -> Result<f64> {
        const STEPS: usize = 1_000_000; // never done
        let batch = Batch {
            input: Input::Frames(frames.clone()),
            targets: targets.clone(),
            guidance: None,
        };
        let loss = training_loss(
            &self.learner.network().network,
            false,
            (&batch, TaskKind::SingleLabel),
            0.2,
            &mut self.random,
        )?;
        self.learner.step(loss, STEPS)
    }
}
