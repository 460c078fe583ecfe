//! From the outputs of the trunk to the features of a window, which the head reads.

use serde::{Deserialize, Serialize};

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

impl FeatureLayout {
    /// Units of a window's features.
    pub fn units(&self) -> usize {
        self.last + if self.statistics { 2 * self.column } else { 0 }
    }
}
