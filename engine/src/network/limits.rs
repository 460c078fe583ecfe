//! The sizes of networks that are accepted.

use super::architecture::{Architecture, CLIP_CHUNK};
use crate::features::COMPONENTS;
use crate::kernels::POOLING;
use crate::kernels::{HISTORY, InstructionSet};

/// More than any network here needs. A hostile file must not make the loader ask for all memory.
const MOST_BLOCKS: usize = 8;
const MOST_CONVOLUTIONS: usize = 8;
const MOST_FILTERS: usize = 2_048;
const MOST_LABELS: usize = 10_000;
/// Floats of the activations of a chunk of [`CLIP_CHUNK`] columns, and of the head's first matrix written out as
/// real numbers: 128 MiB, seven times what QCNN14 needs. The size of the file does not bound them: a layer of many
/// filters with few inputs has few weights and a large map.
const MOST_FLOATS: f64 = (32u32 << 20) as f64;

impl Architecture {
    /// The first size that is out of range, for inputs of `mel_bands` bands; `None` if all are accepted.
    pub fn problem(&self, mel_bands: usize) -> Option<String> {
        let within = |what: &str, count: usize, most: usize| {
            (!(1..=most).contains(&count)).then(|| format!("{what} is {count}, not 1 to {most}"))
        };
        let convolutions = self.blocks.iter().flat_map(|block| &block.filters);
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
            .or_else(|| {
                convolutions
                    .clone()
                    .find_map(|&count| within("a filter count", count, MOST_FILTERS))
            })
            .or_else(|| {
                (self.mels_after(mel_bands, self.blocks.len()) == 0)
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

    /// Floats of all maps of a stream that takes [`CLIP_CHUNK`] columns at a time, as if no block
    /// pooled its last. Not in integers: there can be more than they hold.
    pub(super) fn activations(&self, mel_bands: usize) -> f64 {
        let mut rows = (CLIP_CHUNK * self.frames_per_column()) as f64;
        let mut floats = 0.0;
        for (index, block) in self.blocks.iter().enumerate() {
            let lanes = InstructionSet::Avx512.lanes(); // the widest: channels fill them up
            let channels = |filters: &usize| (COMPONENTS * filters).next_multiple_of(lanes);
            let channels: usize = block.filters.iter().map(channels).sum();
            let mels = self.mels_after(mel_bands, index) as f64 + 2.0; // and a zero on each side
            floats += channels as f64 * (rows + HISTORY as f64) * mels;
            if block.pools {
                rows /= POOLING as f64;
            }
        }
        floats
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Block;

    #[test]
    fn shapes_out_of_range_are_refused() {
        let net = Architecture::qcnn10(0.25, 10);
        assert!(net.problem(8).unwrap().contains("pooled away"));
        // A file of 3 MB, and maps of 69 GB.
        let wide = Block {
            filters: [2_048, 1].repeat(4),
            pools: true,
        };
        let narrow = Block {
            filters: vec![1],
            pools: true,
        };
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
                blocks: vec![Block {
                    filters: vec![],
                    pools: true,
                }],
                ..net.clone()
            },
            Architecture {
                blocks: vec![Block {
                    filters: vec![0],
                    pools: true,
                }],
                ..net
            },
        ] {
            assert!(broken.problem(64).is_some(), "{broken:?}");
        }
    }
}
