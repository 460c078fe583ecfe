use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use super::activation::{sigmoid, softmax};
use super::calibration::Calibration;
use super::card::{Card, TaskKind};
use super::cost::Limits;
use super::error::ModelError;
use super::file::{ModelFile, read_bytes};
use super::hash::sha256;
use super::on_levels::OnLevels;
use super::probe::Probe;
use crate::Interrupt;
use crate::audio::LOUDEST;
use crate::features::{FrontEnd, quaternion_frames};
use crate::network::CLIP_CHUNK;
use crate::network::streaming::{PackedNetwork, StreamingNetwork};

/// A logit of the probe may be off by this share of the largest logit, or of 1 if all are smaller: kernels
/// add in different orders, and a damaged file is off by far more.
const PROBE_TOLERANCE: f32 = 1e-3;

/// Options for loading a model.
#[derive(Debug, Clone)]
pub struct LoadOptions {
    /// The most that it may cost.
    pub limits: Limits,
    /// Ends the loading early.
    pub interrupt: Interrupt,
    /// Whether convolutions are computed in bfloat16 [where that is faster](PackedNetwork::in_bfloat16). Tags change a little.
    pub bfloat16: bool,
}

impl Default for LoadOptions {
    /// Within the [limits of the environment](Limits::from_environment), never interrupted; in bfloat16 if the variable
    /// `HAMILTONE_BFLOAT16` is `1`.
    fn default() -> Self {
        Self {
            limits: Limits::from_environment(),
            interrupt: Interrupt::default(),
            bfloat16: std::env::var_os("HAMILTONE_BFLOAT16").is_some_and(|value| value == "1"),
        }
    }
}

impl LoadOptions {
    pub(super) fn go_on(&self) -> Result<(), ModelError> {
        match self.interrupt.is_raised() {
            true => Err(ModelError::Interrupted),
            false => Ok(()),
        }
    }
}

/// A model that has passed all checks and is packed to run. Immutable: share it in an `Arc`.
pub struct Model {
    card: Card,
    hash: String,
    size_bytes: usize,
    network: Arc<PackedNetwork>,
}

impl Model {
    /// Reads a model file within the [limits of the environment](Limits::from_environment). Takes milliseconds
    /// to tenths of a second, by the size of the network.
    ///
    /// # Errors
    /// If it cannot be read, costs more than the limits, or fails a check.
    pub fn read(path: &Path) -> Result<Self, ModelError> {
        Self::load(read_bytes(path)?.into(), &LoadOptions::default())
    }

    /// The same from memory.
    ///
    /// # Errors
    /// If it costs more than the limits or fails a check.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        Self::load(bytes.into(), &LoadOptions::default())
    }

    /// The same with the caller's limits and interrupt. Frees `bytes` as soon as they are parsed. Checks the interrupt
    /// between its steps, and between the layers that the probe runs.
    ///
    /// # Errors
    /// As [`from_bytes`](Self::from_bytes), or if it was interrupted.
    pub fn load(bytes: Cow<'_, [u8]>, options: &LoadOptions) -> Result<Self, ModelError> {
        let ModelFile { card, weights } = ModelFile::within(&bytes, &options.limits)?;
        let (hash, size_bytes) = (sha256(&bytes), bytes.len());
        drop(bytes);
        options.go_on()?;
        let network = PackedNetwork::new(&card.architecture, card.features.mel_bands, &weights);
        drop(weights);
        let model = Self {
            hash,
            size_bytes,
            network: Arc::new(network),
            card,
        };
        let probed = model.check_probe(&options.interrupt);
        options.go_on()?; // the result of an interrupted probe is meaningless
        probed?;
        let checked = model.check_extremes(&options.interrupt);
        options.go_on()?;
        checked?;
        // Only now: the probe's logits are those of single precision.
        Ok(if options.bfloat16 {
            model.in_bfloat16()
        } else {
            model
        })
    }

    fn in_bfloat16(self) -> Self {
        let network = match Arc::try_unwrap(self.network) {
            Ok(network) => Arc::new(network.in_bfloat16()),
            Err(shared) => shared, // no: the streams of the checks have ended
        };
        Self { network, ..self }
    }

    /// The description.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// SHA-256 of the file, lower-case hex: the model's identity.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Size of the file in bytes.
    pub fn size_bytes(&self) -> usize {
        self.size_bytes
    }

    /// The weights, packed to run.
    pub fn network(&self) -> &Arc<PackedNetwork> {
        &self.network
    }

    /// Logits to probabilities (0 to 1), in place, by the model's task and calibration. A label whose logit is not
    /// finite gets 0. Allocates nothing.
    pub fn activate(&self, logits: &mut [f32]) {
        if let Some(calibration) = &self.card.calibration {
            calibration.apply(logits);
        }
        match self.card.task {
            TaskKind::SingleLabel => softmax(logits),
            TaskKind::MultiLabel => sigmoid(logits),
        }
    }

    /// The probability from which each label is on.
    pub fn on_levels(&self) -> OnLevels<'_> {
        let calibration = self.card.calibration.as_ref();
        calibration.map_or(OnLevels::COMMON, Calibration::on_levels)
    }

    fn check_probe(&self, interrupt: &Interrupt) -> Result<(), ModelError> {
        let (features, architecture) = (&self.card.features, &self.card.architecture);
        let (_, frames) = Probe::frames(self.card.probe.seed, features, architecture);
        let said = self.logits_unless(interrupt, &frames, CLIP_CHUNK);
        let expected = &self.card.probe.logits;
        let largest = expected
            .iter()
            .fold(1f32, |largest, logit| largest.max(logit.abs()));
        let differences = said.iter().zip(expected).map(|(a, b)| (a - b).abs());
        // A NaN must count as the largest difference, not vanish in a maximum.
        let off = differences.fold(0f32, |worst, d| if d <= worst { worst } else { d });
        let allowed = PROBE_TOLERANCE * largest;
        if off <= allowed {
            Ok(())
        } else {
            Err(ModelError::Probe { off, allowed })
        }
    }

    /// Runs the network live, on silence and on noise at the limit of the mixdown. The probe has a moderate level, so
    /// it does not show damage to weights that only matter at other levels.
    fn check_extremes(&self, interrupt: &Interrupt) -> Result<(), ModelError> {
        let (features, architecture) = (&self.card.features, &self.card.architecture);
        let sound = Probe::sound(self.card.probe.seed, features, architecture);
        for (what, gain) in [("silence", 0.0), ("the loudest noise", LOUDEST)] {
            let samples = FrontEnd::samples_for(features, architecture.frames_per_column());
            let sound = sound.iter().take(samples);
            let sound: Vec<f32> = sound.map(|sample| gain * sample).collect();
            let frames = quaternion_frames(features, &sound);
            let logits = self.logits_unless(interrupt, &frames, 1);
            if let Some(logit) = logits.iter().find(|logit| !is_plausible(**logit)) {
                let what = format!("for {what} it gives a logit of {logit:e}");
                return Err(ModelError::Values(what));
            }
        }
        Ok(())
    }

    fn logits_unless(&self, interrupt: &Interrupt, frames: &[f32], columns: usize) -> Vec<f32> {
        let mut stream = StreamingNetwork::new(self.network.clone(), columns);
        stream.interrupt_by(interrupt.clone());
        let features = stream.into_features(frames);
        let (mut hidden, mut logits) = (Vec::new(), Vec::new());
        match columns {
            1 => self
                .network
                .live_logits_into(&features, &mut hidden, &mut logits),
            _ => self
                .network
                .logits_into(&features, &mut hidden, &mut logits),
        }
        logits
    }
}

/// Whether a logit can come from a working network. Those of the shipped models are within ±15; the bound is wide
/// enough for any scale, and for inputs between the extremes that are tried.
fn is_plausible(logit: f32) -> bool {
    logit.abs() <= 1e9
}
