//! Which blocks of a network feed its head, and how their outputs lie in a column.

use super::architecture::Architecture;
use super::temporal_pooling::{FeatureLayout, TemporalPooling};
use crate::features::COMPONENTS;

impl Architecture {
    /// Whether the output of a block is part of a column, and so of what the head reads.
    pub fn feeds_head(&self, block: usize) -> bool {
        self.temporal_pooling == TemporalPooling::Statistics || block + 1 == self.blocks.len()
    }

    /// Rows of a block's output that make a column.
    #[cfg(feature = "training")]
    pub(super) fn rows_per_column(&self, block: usize) -> usize {
        let later = self.blocks[block + 1..].iter();
        later
            .map(|b| if b.pools { crate::kernels::POOLING } else { 1 })
            .product()
    }

    /// Quaternion units of a block's output.
    pub(super) fn units(&self, block: usize) -> usize {
        self.blocks[block].filters.last().copied().unwrap_or(1)
    }

    /// How a column and the features of a window are laid out.
    pub fn feature_layout(&self) -> FeatureLayout {
        let blocks = 0..self.blocks.len();
        let feeding = blocks.filter(|&block| self.feeds_head(block));
        FeatureLayout {
            column: feeding.map(|block| self.units(block)).sum(),
            last: match self.blocks.len() {
                0 => 0,
                count => self.units(count - 1),
            },
            statistics: self.temporal_pooling == TemporalPooling::Statistics,
        }
    }

    /// Numbers in a column of the trunk's output.
    pub fn column_size(&self) -> usize {
        COMPONENTS * self.feature_layout().column
    }

    /// Numbers of a window's features, which the head reads.
    pub fn features(&self) -> usize {
        COMPONENTS * self.feature_layout().units()
    }
}
