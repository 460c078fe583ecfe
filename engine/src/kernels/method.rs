//! The ways to compute a convolution; `choice` says which is taken.

use super::eight::Phase;

/// How a convolution is computed. All give the same results to rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Method {
    /// Pixel by pixel; quaternions with eight products.
    Direct,
    /// Quaternions with sixteen products from weights that are read once.
    Shared,
    /// Winograd F(2×2, 3×3), quaternions with eight products.
    WinogradTwo,
    /// Winograd F(4×4, 3×3), quaternions with eight products.
    WinogradFour,
    /// F(2×2, 3×3) with its weights in half precision: half the bytes to read, and results that are
    /// rounded at about a thousandth.
    WinogradTwoHalf,
    /// F(4×4, 3×3) like that.
    WinogradFourHalf,
}

impl Method {
    /// All there are.
    pub const ALL: [Self; 6] = [
        Self::Direct,
        Self::Shared,
        Self::WinogradTwo,
        Self::WinogradFour,
        Self::WinogradTwoHalf,
        Self::WinogradFourHalf,
    ];

    /// Whether it can compute a convolution of units of so many channels.
    pub fn fits(self, group: usize) -> bool {
        self != Self::Shared || group == 4
    }

    /// Whether its weights are in half precision.
    pub fn halves(self) -> bool {
        matches!(self, Self::WinogradTwoHalf | Self::WinogradFourHalf)
    }

    pub(super) fn phases(self, group: usize) -> &'static [Phase] {
        match self {
            Self::Shared => &[Phase::Quarters],
            _ if group == 4 => &[Phase::Transformed, Phase::Straight],
            _ => &[Phase::Quarters],
        }
    }
}
