//! The networks that are timed.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use candle_core::{Device, Tensor};
use hamiltone_engine::features::COMPONENTS;
use hamiltone_engine::kernels::InstructionSet;
use hamiltone_engine::network::streaming::{PackedNetwork, StreamingNetwork, Weights};
use hamiltone_engine::network::{Architecture, Block, ParameterKind};
use serde_json::{Value, json};

use crate::rounds::{Contender, Ours, median};

/// Mels of every network here.
pub(crate) const MELS: usize = 64;
/// Frames of a second.
pub(crate) const FRAMES: usize = 100;

/// Repeatable numbers in −1..1.
pub(crate) fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// Random weights of a sensible size.
pub(crate) fn weights(architecture: &Architecture) -> Weights {
    let mut weights = BTreeMap::new();
    for (index, shape) in architecture.parameters(MELS).into_iter().enumerate() {
        let values = match shape.kind {
            ParameterKind::Weight => {
                let fan: usize = shape.shape.iter().skip(1).product();
                let scale = 1.0 / (fan.max(1) as f32).sqrt();
                let numbers = numbers(shape.count(), index as u64 + 1);
                numbers.into_iter().map(|number| number * scale).collect()
            }
            ParameterKind::Scale => vec![1.0; shape.count()],
            ParameterKind::Statistic if shape.name.ends_with("variance") => {
                vec![1.0; shape.count()]
            }
            ParameterKind::Shift | ParameterKind::Statistic => vec![0.1; shape.count()],
        };
        weights.insert(shape.name, values);
    }
    weights
}

/// The network ready to stream.
pub(crate) fn packed(architecture: &Architecture, set: InstructionSet) -> Arc<PackedNetwork> {
    let weights = weights(architecture);
    Arc::new(PackedNetwork::for_instructions(
        architecture,
        MELS,
        &weights,
        set,
    ))
}

/// The same in bfloat16, where the processor has it.
pub(crate) fn packed_in_bfloat16(
    architecture: &Architecture,
    set: InstructionSet,
) -> Option<Arc<PackedNetwork>> {
    let network = PackedNetwork::for_instructions(architecture, MELS, &weights(architecture), set);
    set.multiplies_pairs()
        .then(|| Arc::new(network.in_bfloat16()))
}

/// A clip of frames, a whole number of columns, run in chunks of `columns` from the start again
/// and again.
pub(crate) struct Clip {
    stream: StreamingNetwork,
    frames: Vec<f32>,
    chunk: usize,
}

impl Clip {
    /// Frames are rounded up to whole columns.
    pub(crate) fn new(network: Arc<PackedNetwork>, frames: usize, columns: usize) -> Self {
        let column = network.architecture().frames_per_column();
        let count = frames.div_ceil(column) * column * COMPONENTS * MELS;
        Self {
            chunk: columns * column * COMPONENTS * MELS,
            stream: StreamingNetwork::new(network, columns),
            frames: numbers(count, 5),
        }
    }

    /// Runs over the clip once.
    pub(crate) fn run(&mut self) {
        for chunk in self.frames.chunks(self.chunk) {
            self.stream.advance(chunk, &mut |column| {
                std::hint::black_box(column);
            });
        }
    }
}

/// The trunk in candle's own operations: convolution of the expanded kernel, ReLU, pooling. Batch
/// norm is left out, so candle does a little less than the others: ours have its scale and shift
/// folded in.
pub(crate) struct Candle {
    layers: Vec<(Tensor, bool)>,
    input: Tensor,
}

impl Candle {
    /// With random weights.
    ///
    /// # Errors
    /// If candle fails.
    pub(crate) fn new(architecture: &Architecture, frames: usize) -> Result<Self> {
        let (mut layers, mut inputs) = (Vec::new(), COMPONENTS);
        for block in &architecture.blocks {
            for (place, filters) in block.filters.iter().enumerate() {
                let outputs = COMPONENTS * filters;
                let kernel = numbers(outputs * inputs * 9, 3);
                let kernel = Tensor::from_vec(kernel, (outputs, inputs, 3, 3), &Device::Cpu)?;
                let scale = 1.0 / (9.0 * inputs as f64).sqrt();
                let pools = block.pools && place + 1 == block.filters.len();
                layers.push(((kernel * scale)?, pools));
                inputs = outputs;
            }
        }
        let input = numbers(COMPONENTS * frames * MELS, 5);
        let input = Tensor::from_vec(input, (1, COMPONENTS, frames, MELS), &Device::Cpu)?;
        Ok(Self { layers, input })
    }

    /// One pass.
    ///
    /// # Errors
    /// If candle fails.
    pub(crate) fn run(&self) -> Result<()> {
        let mut x = self.input.clone();
        for (kernel, pools) in &self.layers {
            x = x.conv2d(kernel, 1, 1, 1, 1)?.relu()?;
            if *pools {
                x = x.avg_pool2d(2)?;
            }
        }
        std::hint::black_box(x.mean(3)?);
        Ok(())
    }
}

/// What the Python process needs to know to make the same shape.
pub(crate) fn shape(architecture: &Architecture, frames: usize, folder: &std::path::Path) -> Value {
    let blocks: Vec<Value> = architecture
        .blocks
        .iter()
        .map(|block| {
            let channels: Vec<usize> = block.filters.iter().map(|f| COMPONENTS * f).collect();
            json!({"channels": channels, "pools": block.pools})
        })
        .collect();
    json!({"blocks": blocks, "frames": frames, "mels": MELS, "folder": folder})
}

/// Columns a chunk that take the least time for a clip: a short look at powers of two.
pub(crate) fn best_chunk(network: &Arc<PackedNetwork>, frames: usize, most: usize) -> usize {
    let powers = (0..)
        .map(|power| 1 << power)
        .take_while(|&columns| columns < most);
    let took = |columns: usize| {
        let mut clip = Clip::new(network.clone(), frames, columns);
        let run = Ours(move || {
            clip.run();
            Ok(())
        });
        let mut run = run;
        run.run(0.05).map_or(f64::INFINITY, median)
    };
    powers
        .chain([most])
        .map(|columns| (columns, took(columns)))
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .map_or(most, |(columns, _)| columns)
}

/// About half the multiply-adds: filters times √½, rounded to the step.
pub(crate) fn halved(net: &Architecture, step: usize) -> Architecture {
    let fewer = |filters: usize| {
        let target = filters as f64 * 0.5f64.sqrt();
        (((target / step as f64).round() as usize) * step).clamp(step.min(filters), filters)
    };
    Architecture {
        blocks: net
            .blocks
            .iter()
            .map(|block| {
                let filters = block.filters.iter().map(|&filters| fewer(filters));
                Block::new(filters.collect(), block.pools)
            })
            .collect(),
        ..net.clone()
    }
}
