//! Which convolutions keep the same filters.
//!
//! The filters of an expansion and of the depthwise convolution behind it are the same units. A residual unit adds its
//! input to its output, so the two have the same filters: those of the projections along a chain of residual units, and of
//! the convolution before it.

use hamiltone_engine::network::{Architecture, ConvolutionKind, Separable};

/// Convolutions with the same filters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tie {
    /// Their numbers among [`Architecture::layers`], in order.
    pub(super) layers: Vec<usize>,
    /// Whether the network's input is added to them: then all filters stay.
    pub(super) fixed: bool,
}

/// Every convolution in one tie, in the order of the first of each.
pub(super) fn ties(architecture: &Architecture) -> Vec<Tie> {
    let layers = architecture.layers();
    let mut ties: Vec<Tie> = Vec::new();
    let mut tie_of: Vec<usize> = Vec::new();
    for (index, layer) in layers.iter().enumerate() {
        // The convolution that made the input of the unit.
        let before_unit = (index + 1).checked_sub(Separable::LAYERS + 1);
        let (with, fixed) = match layer.kind {
            ConvolutionKind::Depthwise => (index.checked_sub(1), false),
            _ if layer.residual => (before_unit, before_unit.is_none()),
            _ => (None, false),
        };
        match with {
            Some(with) => {
                tie_of.push(tie_of[with]);
                ties[tie_of[index]].layers.push(index);
            }
            None => {
                tie_of.push(ties.len());
                ties.push(Tie {
                    layers: vec![index],
                    fixed,
                });
            }
        }
    }
    ties
}

#[cfg(test)]
mod tests {
    use hamiltone_engine::network::Block;

    use super::*;

    #[test]
    fn units_and_residual_chains_are_tied() {
        let architecture = Architecture {
            blocks: vec![
                Block::new(vec![4], true),
                Block::separable(vec![4, 4, 6], vec![8, 8, 8], 3, true),
            ],
            ..Architecture::doubling(16, 1, true, 1.0, 3)
        };
        let layers = |tie: &Tie| tie.layers.clone();
        let all: Vec<_> = ties(&architecture).iter().map(layers).collect();
        // The second unit is residual; the first begins a block, the third pools.
        let want = [&[0][..], &[1, 2], &[3, 6], &[4, 5], &[7, 8], &[9]];
        assert_eq!(all, want);
    }

    #[test]
    fn what_is_added_to_the_input_stays() {
        let mut block = Block::separable(vec![1, 1], vec![3, 3], 3, false);
        block.separable.as_mut().unwrap().residual = vec![true, true];
        let architecture = Architecture {
            blocks: vec![block],
            ..Architecture::doubling(16, 1, true, 1.0, 3)
        };
        let fixed: Vec<_> = ties(&architecture)
            .into_iter()
            .filter(|tie| tie.fixed)
            .collect();
        assert_eq!(fixed.len(), 1);
        assert_eq!(fixed[0].layers, [2, 5]);
    }
}
