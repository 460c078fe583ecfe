//! The table of convolution kernels.

use half::f16;

use super::InstructionSet;
use super::kernel::{ConvolutionKernel, LayerShape, Work};
use super::packing::LayerToPack;
use super::tile::BfloatPair;

/// Makes [`Method`] and its table from rows of documentation, name and kernel. A new kernel needs one row.
macro_rules! methods {
    ($($(#[$doc:meta])+ $name:ident: $kernel:ty,)+) => {
        /// How a convolution is computed. All methods give the same results to rounding.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Method {
            $($(#[$doc])+ $name,)+
        }

        impl Method {
            /// Every method.
            pub const ALL: [Self; [$(Self::$name),+].len()] = [$(Self::$name),+];

            fn row(self) -> Row {
                match self {
                    $(Self::$name => Row::of::<$kernel>(),)+
                }
            }
        }
    };
}

methods! {
    /// Pixel by pixel; quaternions by eight products.
    Direct: super::direct::Direct,
    /// Quaternions by sixteen products from weights that are read once.
    Shared: super::shared::Shared,
    /// Winograd F(2×2, 3×3), quaternions by eight products.
    WinogradTwo: super::winograd::WinogradTwo<f32>,
    /// Winograd F(4×4, 3×3), quaternions by eight products.
    WinogradFour: super::winograd::WinogradFour<f32>,
    /// F(2×2, 3×3) with its weights in half precision: half the bytes to read, results rounded at about a thousandth.
    WinogradTwoHalf: super::winograd::WinogradTwo<f16>,
    /// F(4×4, 3×3) with its weights in half precision.
    WinogradFourHalf: super::winograd::WinogradFour<f16>,
    /// F(2×2, 3×3) in bfloat16: half the products, results rounded at about a hundredth.
    WinogradTwoBfloat: super::winograd::WinogradTwo<BfloatPair>,
    /// F(4×4, 3×3) in bfloat16.
    WinogradFourBfloat: super::winograd::WinogradFour<BfloatPair>,
}

/// What the table knows of a kernel: the functions of [`ConvolutionKernel`] that need no packed layer.
struct Row {
    fits: fn(usize) -> bool,
    halves: fn() -> bool,
    pairs: fn() -> bool,
    pools: fn() -> bool,
    work: fn(LayerShape, InstructionSet) -> Work,
    pack: fn(&LayerToPack<'_>) -> Box<dyn ConvolutionKernel>,
}

impl Row {
    fn of<K: ConvolutionKernel + 'static>() -> Self {
        Self {
            fits: K::fits,
            halves: K::halves,
            pairs: K::pairs,
            pools: K::pools,
            work: K::work,
            pack: |layer| Box::new(K::pack(layer)),
        }
    }
}

impl Method {
    /// Whether it can compute a convolution whose units have `group` channels: 4 for quaternions, 1 for real numbers.
    pub fn fits(self, group: usize) -> bool {
        (self.row().fits)(group)
    }

    /// Whether it can compute such a convolution on an instruction set of this machine.
    pub fn runs_on(self, set: InstructionSet, group: usize) -> bool {
        set.is_available() && self.fits(group) && (!self.pairs() || set.runs_pairs())
    }

    /// Whether its weights are in half precision.
    pub fn halves(self) -> bool {
        (self.row().halves)()
    }

    /// Whether it multiplies in bfloat16.
    pub fn pairs(self) -> bool {
        (self.row().pairs)()
    }

    /// Whether its kernel stores 2×2 means itself where a layer pools.
    pub(super) fn pools(self) -> bool {
        (self.row().pools)()
    }

    pub(super) fn work(self, layer: LayerShape, set: InstructionSet) -> Work {
        (self.row().work)(layer, set)
    }

    pub(super) fn pack(self, layer: &LayerToPack<'_>) -> Box<dyn ConvolutionKernel> {
        (self.row().pack)(layer)
    }
}
