//! Temporal pooling of candle tensors: from the outputs of the trunk to the features that the head reads.

use candle_core::{Result, Tensor};

use super::temporal_pooling::{FeatureLayout, VARIANCE_EPSILON};
use crate::features::COMPONENTS;

/// The means over mel of the blocks that feed the head (`batch × rows × channels` each, in their order) to columns
/// (`batch × columns × column size`). `rows_per_column`: rows of each block for a column; 1 for the last.
/// Rows that make no whole column are left out.
pub(super) fn join(
    levels: &[Tensor],
    rows_per_column: impl Iterator<Item = usize>,
) -> Result<Tensor> {
    let columns = match levels {
        [only] => return only.contiguous(),
        several => several.last().map_or(Ok(0), |last| last.dim(1))?,
    };
    let parts = levels.iter().zip(rows_per_column).map(|(level, rows)| {
        let (batch, _, channels) = level.dims3()?;
        let whole = level.narrow(1, 0, columns * rows)?.contiguous()?;
        let of_columns = whole.reshape((batch, columns, rows, channels))?.mean(2)?;
        of_columns.reshape((batch, columns, COMPONENTS, channels / COMPONENTS))
    });
    let parts = parts.collect::<Result<Vec<_>>>()?;
    Tensor::cat(&parts, 3)?.flatten_from(2)
}

impl FeatureLayout {
    /// Columns (`batch × columns × units`) to features of the window that they make up (`batch × features`).
    pub(super) fn features_of(&self, columns: &Tensor) -> Result<Tensor> {
        let (batch, count, _) = columns.dims3()?;
        let columns = columns.reshape((batch, count, COMPONENTS, self.column))?;
        let last = columns.narrow(3, self.column - self.last, self.last)?;
        let mut parts = vec![(last.mean(1)? + last.max(1)?)?];
        if self.statistics {
            let mean = columns.mean_keepdim(1)?;
            let variance = columns.broadcast_sub(&mean)?.sqr()?.mean(1)?;
            parts.push(mean.squeeze(1)?);
            let epsilon = f64::from(VARIANCE_EPSILON);
            parts.push(((variance + epsilon)?.sqrt()? - epsilon.sqrt())?);
        }
        Tensor::cat(&parts, 2)?.flatten_from(1)
    }
}
