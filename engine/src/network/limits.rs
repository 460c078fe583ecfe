//! The sizes of networks that are accepted.

use super::architecture::{Architecture, Block, CLIP_CHUNK, Separable};
use super::layers::TrunkConvolution;
use crate::features::COMPONENTS;
use crate::kernels::{InstructionSet, KERNEL_SIZE, POOLING};

/// More than any network here needs. A hostile file must not make the loader ask for all memory.
const MOST_BLOCKS: usize = 8;
const MOST_CONVOLUTIONS: usize = 8;
const MOST_FILTERS: usize = 2_048;
/// The kernel size of separable blocks that span more.
const LARGE_KERNEL: usize = 5;
const MOST_LABELS: usize = 10_000;
/// Floats of the activations of a chunk of [`CLIP_CHUNK`] columns, and of the head's first matrix written out as
/// real numbers: 128 MiB, seven times what QCNN14 needs. The size of the file does not bound them: a layer of many
/// filters with few inputs has few weights and a large map.
const MOST_FLOATS: f64 = (32u32 << 20) as f64;

impl Architecture {
    /// The first size that is out of range, for inputs of `mel_bands` bands; `None` if all are accepted.
    pub fn problem(&self, mel_bands: usize) -> Option<String> {
        within("the number of blocks", self.blocks.len(), MOST_BLOCKS)
            .or_else(|| {
                let hidden = self.hidden;
                (hidden > MOST_FILTERS)
                    .then(|| format!("hidden is {hidden}, not 0 to {MOST_FILTERS}"))
            })
            .or_else(|| within("the number of labels", self.labels, MOST_LABELS))
            .or_else(|| {
                self.blocks.iter().find_map(|block| {
                    within(
                        "the convolutions of a block",
                        block.filters.len(),
                        MOST_CONVOLUTIONS,
                    )
                })
            })
            .or_else(|| self.blocks.iter().find_map(Block::problem))
            .or_else(|| self.residual_problem())
            .or_else(|| {
                (self.mels_left(mel_bands) == 0)
                    .then(|| format!("{mel_bands} mel bands are pooled away: use more bands, or fewer blocks that pool"))
            })
            .or_else(|| {
                let hidden = (COMPONENTS * self.hidden) as f64 * self.features() as f64;
                let activations = self.activations(mel_bands);
                let too_many = |what: &str, floats: f64| {
                    (floats > MOST_FLOATS)
                        .then(|| format!("{what} {floats:.0} numbers, more than {MOST_FLOATS}"))
                };
                let chunk = format!("its activations for {CLIP_CHUNK} columns are");
                too_many("its hidden layer has", hidden).or_else(|| too_many(&chunk, activations))
            })
    }

    /// The first unit of a separable block that cannot add its input to its output.
    fn residual_problem(&self) -> Option<String> {
        let layers = self.layers();
        let units = layers
            .windows(Separable::LAYERS)
            .filter(|unit| unit[2].residual);
        units.into_iter().find_map(|unit| {
            let (input, output) = (unit[0].inputs, unit[2].outputs);
            let number = unit[0].index / Separable::LAYERS;
            (input != output || unit[1].pools).then(|| {
                format!(
                    "unit {number} of block {} cannot be residual: it has {input} filters in and {output} out{}",
                    unit[0].block,
                    if unit[1].pools { ", and it pools" } else { "" }
                )
            })
        })
    }

    /// Floats of all maps of a stream that takes [`CLIP_CHUNK`] columns at a time, as if no layer pooled. Not in
    /// integers: there can be more than they hold.
    pub(super) fn activations(&self, mel_bands: usize) -> f64 {
        let frames = (CLIP_CHUNK * self.frames_per_column()) as f64;
        let lanes = InstructionSet::Avx512.lanes(); // the widest: channels fill them up
        let layers = self.layers();
        // Zeros: as many rows before a map and mels beside it as the largest kernel needs.
        let zeros = layers
            .iter()
            .map(TrunkConvolution::history)
            .max()
            .unwrap_or(0) as f64;
        let of_layer = |layer: &TrunkConvolution| {
            let channels = (COMPONENTS * layer.outputs).next_multiple_of(lanes);
            let rows = frames / POOLING.pow(layer.poolings) as f64 + zeros;
            channels as f64 * rows * (layer.mels(mel_bands) as f64 + zeros)
        };
        layers.iter().map(of_layer).sum()
    }
}

impl Block {
    /// The first count that is out of range.
    fn problem(&self) -> Option<String> {
        let count = |count: &usize| within("a filter count", *count, MOST_FILTERS);
        let units = self.separable.as_ref();
        self.filters.iter().find_map(count).or_else(|| {
            let Separable {
                kernel_size,
                expanded,
                residual,
            } = units?;
            let outputs = self.filters.len();
            if (expanded.len(), residual.len()) != (outputs, outputs) {
                return Some(format!(
                    "a separable block of {outputs} units has {} expansions and {} residual flags",
                    expanded.len(),
                    residual.len()
                ));
            }
            let size = (![KERNEL_SIZE, LARGE_KERNEL].contains(kernel_size))
                .then(|| format!("the kernel size of a separable block is {kernel_size}, not {KERNEL_SIZE} or {LARGE_KERNEL}"));
            size.or_else(|| expanded.iter().find_map(count))
        })
    }
}

/// The problem of a count that is not 1 to `most`.
fn within(what: &str, count: usize, most: usize) -> Option<String> {
    (!(1..=most).contains(&count)).then(|| format!("{what} is {count}, not 1 to {most}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_out_of_range_are_refused() {
        let net = Architecture::qcnn10(0.25, 10);
        assert!(net.problem(8).unwrap().contains("pooled away"));
        // A file of 3 MB, and maps of 69 GB.
        let wide = Block::new([2_048, 1].repeat(4), true);
        let narrow = Block::new(vec![1], true);
        let large = Architecture {
            blocks: [vec![wide], vec![narrow; 7]].concat(),
            ..net.clone()
        };
        assert!(large.parameter_count(256) < 1_000_000);
        assert!(large.problem(256).unwrap().contains("activations"));
        for broken in [
            Architecture {
                blocks: vec![],
                ..net.clone()
            },
            Architecture {
                hidden: usize::MAX,
                ..net.clone()
            },
            Architecture {
                labels: usize::MAX,
                ..net.clone()
            },
            Architecture {
                blocks: vec![Block::new(vec![], true)],
                ..net.clone()
            },
            Architecture {
                blocks: vec![Block::new(vec![0], true)],
                ..net
            },
        ] {
            assert!(broken.problem(64).is_some(), "{broken:?}");
        }
    }
}
