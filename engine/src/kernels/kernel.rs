//! What a convolution kernel is.
//!
//! A kernel is a type that holds a layer's weights in a layout of its own and implements [`ConvolutionKernel`]: which
//! layers it can compute, what they cost, how weights are packed, and how they are run. Each has a file (or a folder)
//! and a row in the table of `method.rs`; nothing else names it.

use super::finish::Target;
use super::packing::{LayerToPack, UnitPairs};
use super::{Counts, InstructionSet, MapShape};

/// A layer packed for one kernel.
pub(super) trait ConvolutionKernel: Send + Sync {
    /// Whether the kernel computes convolutions whose units have `group` channels: 4 for quaternions, 1 for real
    /// numbers.
    fn fits(group: usize) -> bool
    where
        Self: Sized;

    /// Whether it reads its weights in half precision. Only single columns run on such a kernel, and only where the
    /// instruction set converts halves as fast as it loads floats.
    fn halves() -> bool
    where
        Self: Sized,
    {
        false
    }

    /// Whether it multiplies inputs and weights in bfloat16. It is chosen only where that was asked for and the instruction set
    /// has such products.
    fn pairs() -> bool
    where
        Self: Sized,
    {
        false
    }

    /// Whether it stores 2×2 means itself where a layer pools. For a kernel that does not, a second pass pools.
    fn pools() -> bool
    where
        Self: Sized,
    {
        false
    }

    /// What a run costs; the rule in `choice.rs` compares kernels by it.
    fn work(layer: LayerShape, set: InstructionSet) -> Work
    where
        Self: Sized;

    /// Packs a layer. Allocates.
    ///
    /// # Panics
    /// If sizes do not go together.
    fn pack(layer: &LayerToPack<'_>) -> Self
    where
        Self: Sized;

    /// Bytes of weights, scales and shifts.
    fn size_bytes(&self) -> usize;

    /// Floats of scratch memory that a run over `rows` rows needs.
    fn scratch(&self, rows: usize) -> usize;

    /// Computes `call.rows` rows. Does not allocate.
    ///
    /// # Safety
    /// `call` keeps the promises of its fields, and its maps have the channels and mels that the layer was packed for.
    ///
    /// # Panics
    /// If this machine lacks the instruction set.
    unsafe fn run(&self, call: Call<'_>);
}

/// One run of a layer over a map.
pub(super) struct Call<'a> {
    /// The first of `shape.size()` floats in the layout of a [`Map`](super::Map): history, rows, borders.
    pub(super) input: *const f32,
    pub(super) shape: MapShape,
    /// Rows to compute, at most `shape.rows`.
    pub(super) rows: usize,
    /// As many floats as [`ConvolutionKernel::scratch`] says or more.
    pub(super) scratch: &'a mut [f32],
    /// Room for the rows and mels of the output (half as many of both where the kernel pools) in every output block.
    pub(super) output: Target,
}

/// The size of a layer and of the chunk that it runs over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerShape {
    /// Real channels of a unit: 4 for quaternions, 1.
    pub group: usize,
    /// Units in and out.
    pub counts: Counts,
    /// Rows of a chunk.
    pub rows: usize,
    /// Mels of a row.
    pub mels: usize,
}

impl LayerShape {
    /// Blocks of channels of a number of units.
    pub(super) fn blocks(&self, units: usize, set: InstructionSet) -> f64 {
        (units * self.group).div_ceil(set.lanes()) as f64
    }

    /// Vectors of weights for each tap and phase.
    pub(super) fn weight_vectors(&self, set: InstructionSet) -> f64 {
        self.counts.inputs as f64 * self.blocks(self.counts.outputs, set)
    }

    /// The same where units of the input are multiplied two by two.
    pub(super) fn pair_vectors(&self, set: InstructionSet) -> f64 {
        let pairs = UnitPairs {
            inputs: self.counts.inputs,
            per_block: set.lanes() / self.group,
        };
        pairs.count() as f64 * self.blocks(self.counts.outputs, set)
    }

    /// Phases of the products: two where quaternions are multiplied by eight products.
    pub(super) fn phases(&self) -> f64 {
        if self.group == 4 { 2.0 } else { 1.0 }
    }

    pub(super) fn pixels(&self) -> f64 {
        (self.rows * self.mels) as f64
    }
}

/// What a run costs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Work {
    /// Vectors of weights, each read once.
    pub(super) weights: f64,
    /// Multiply-adds of vectors.
    pub(super) products: f64,
    /// Cycles of transforms.
    pub(super) transforms: f64,
}

/// The cost of loading a vector of weights into a register, in pixels (or tiles) of multiply-adds.
pub(super) const PIXELS_A_LOAD: f64 = 1.0;
