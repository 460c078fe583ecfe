//! From the outputs of the trunk to the features of a window, which the head reads.

use candle_core::{Result, Tensor};
use serde::{Deserialize, Serialize};

use crate::features::COMPONENTS;

/// A deviation is √(variance + ε) − √ε: that of what never changes is 0, and has a gradient.
pub(super) const VARIANCE_EPSILON: f32 = 1e-5;

/// How the columns of a window become the features that the head reads. A column is a mean over mel (and over
/// the rows that a column has on the map's time scale); units of one map follow those of the map before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TemporalPooling {
    /// Mean + max of each channel of the last block (arXiv 2510.21388, as in CNN14).
    #[default]
    MeanMax,
    /// That, and mean and standard deviation of each channel of every block: statistics pooling (Snyder et
    /// al., *X-vectors*, ICASSP 2018) of several levels (Lee and Nam, arXiv 1703.01793). For a few percent more
    /// parameters the head can tell textures apart, which the last block no longer represents.
    Statistics,
}

impl TemporalPooling {
    /// Whether it is the default, which cards leave out.
    #[allow(clippy::trivially_copy_pass_by_ref)] // serde asks for a reference
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Quaternion units in a column and in a window's features. Each of the four components has all of its
/// numbers in a row, those of r first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeatureLayout {
    /// Units of a column.
    pub column: usize,
    /// The units of the last block, which are the last ones of a column.
    pub last: usize,
    /// Whether mean and deviation of each unit of a column are features, after mean + max of the last
    /// block's.
    pub statistics: bool,
}

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

    /// Units of a window's features.
    pub fn units(&self) -> usize {
        self.last + if self.statistics { 2 * self.column } else { 0 }
    }
}
