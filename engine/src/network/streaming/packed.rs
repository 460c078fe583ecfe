//! The weights of a network in the layout of the kernels.

use std::sync::OnceLock;

use super::Weights;
use super::affine::batch_norm_affine;
use super::head::Head;
use super::layer::{Layer, PlacedStep, steps};
use super::steady_state::SteadyStates;
use crate::features::COMPONENTS;
use crate::kernels::{InstructionSet, LayerShape, Load, Method};
use crate::network::Architecture;

/// The weights of a network, packed for the kernels, batch norm folded in. Immutable; share it in an `Arc`.
pub struct PackedNetwork {
    architecture: Architecture,
    pub(super) mel_bands: usize,
    pub(super) instructions: InstructionSet,
    /// Whether convolutions may be computed in bfloat16.
    bfloat: bool,
    pub(super) input_scale: Vec<f32>,
    pub(super) input_shift: Vec<f32>,
    pub(super) steps: Vec<PlacedStep>,
    head: Head,
    /// The head in half precision, once a stream of single columns has asked for it; none where that is in single
    /// precision.
    live_head: OnceLock<Option<Head>>,
    /// The states that streams began in, one for each chunk size and input that was asked for.
    pub(super) steady_states: SteadyStates,
}

impl PackedNetwork {
    /// Takes weights whose names and sizes are those of [`Architecture::parameters`], for the best
    /// instructions that the machine has.
    ///
    /// # Panics
    /// If one is missing or has another size.
    pub fn new(architecture: &Architecture, mel_bands: usize, weights: &Weights) -> Self {
        Self::for_instructions(architecture, mel_bands, weights, InstructionSet::best())
    }

    /// The same for a given instruction set.
    ///
    /// # Panics
    /// As [`new`](Self::new), and later if the machine does not have the instructions.
    pub fn for_instructions(
        architecture: &Architecture,
        mel_bands: usize,
        weights: &Weights,
        instructions: InstructionSet,
    ) -> Self {
        let (input_scale, input_shift) = batch_norm_affine(weights, "input_norm");
        let steps = steps(architecture, mel_bands, weights, instructions);
        Self {
            mel_bands,
            instructions,
            bfloat: false,
            input_scale,
            input_shift,
            steps,
            head: Head::new(architecture, weights, instructions),
            live_head: OnceLock::new(),
            steady_states: SteadyStates::default(),
            architecture: architecture.clone(),
        }
    }

    /// The same with its 3×3 convolutions in bfloat16, where the processor has instructions for that (AVX512-BF16) and they are
    /// faster. Activations are rounded to eight bits before they are multiplied: logits change. Never for training.
    #[must_use]
    pub fn in_bfloat16(mut self) -> Self {
        if self.instructions.multiplies_pairs() {
            self.bfloat = true;
            self.steady_states = SteadyStates::default();
            self.steps.iter_mut().for_each(PlacedStep::unpack);
        }
        self
    }

    /// The shape of the network.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// Numbers in a quaternion frame.
    pub fn frame_size(&self) -> usize {
        COMPONENTS * self.mel_bands
    }

    /// Bytes of the weights in every layout in which they are packed by now, and of the states in which streams begin.
    /// Waits while another thread computes such a state.
    pub fn size_bytes(&self) -> usize {
        let steps = self.steps.iter().map(PlacedStep::size_bytes);
        let live = self.live_head.get().into_iter().flatten();
        let heads = [&self.head].into_iter().chain(live);
        let heads = heads.map(Head::size_bytes).sum::<usize>();
        steps.sum::<usize>() + heads + self.steady_states.size_bytes()
    }

    /// The kernel of every 3×3 convolution where `columns` columns are computed at a time: one in live streams. Allocates.
    pub fn methods(&self, columns: usize) -> Vec<Method> {
        let layers: Vec<LayerShape> = self.convolutions().map(|l| l.shape(columns)).collect();
        match columns {
            1 => Method::for_live_layers(&layers, self.instructions, self.bfloat),
            _ => Method::for_layers(&layers, self.instructions, self.bfloat),
        }
    }

    fn convolutions(&self) -> impl Iterator<Item = &Layer> {
        self.steps.iter().filter_map(PlacedStep::convolution)
    }

    /// Weights to read and arithmetic of all 3×3 convolutions for a chunk of `columns` columns. Allocates.
    pub fn load(&self, columns: usize) -> Load {
        let layers = self.convolutions().zip(self.methods(columns));
        let loads = layers.map(|(l, method)| method.load(l.shape(columns), self.instructions));
        loads.fold(Load::default(), |sum, load| Load {
            weight_bytes: sum.weight_bytes + load.weight_bytes,
            multiply_adds: sum.multiply_adds + load.multiply_adds,
        })
    }

    /// Window features (see [`Architecture::features`]) to logits, one a label. `hidden` is
    /// scratch. Allocates only where the two have to grow.
    pub fn logits_into(&self, features: &[f32], hidden: &mut Vec<f32>, logits: &mut Vec<f32>) {
        self.head.logits_into(features, hidden, logits);
    }

    /// The same for live streams: where their convolutions are in half precision, a head with a hidden layer is
    /// too. Allocates only where the two have to grow, once a stream of single columns exists.
    pub fn live_logits_into(&self, features: &[f32], hidden: &mut Vec<f32>, logits: &mut Vec<f32>) {
        let head = self.live_head().unwrap_or(&self.head);
        head.logits_into(features, hidden, logits);
    }

    pub(super) fn live_head(&self) -> Option<&Head> {
        let live = self.live_head.get_or_init(|| {
            let halves = self.methods(1).into_iter().any(Method::halves);
            // A linear head is small, and the range of its weights may be too large for half precision.
            (halves && self.architecture.hidden > 0).then(|| self.head.halved())
        });
        live.as_ref()
    }
}
