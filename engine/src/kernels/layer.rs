//! A convolution that is ready to run: weights packed for one kernel, batch norm folded in.

use super::buffer::Buffer;
use super::finish::Target;
use super::kernel::{Call, ConvolutionKernel};
use super::map::{Map, MapMut, MapRef, REACH};
use super::method::Method;
use super::packing::{Convolution, LayerToPack};
use super::pool::Pool;
use super::weights::Counts;
use super::{InstructionSet, POOLING};

/// Scratch memory of a thread, for any number of layers.
#[derive(Default, Clone)]
pub struct Workspace {
    scratch: Buffer,
    /// The output before it is pooled, for kernels that do not pool.
    unpooled: Buffer,
}

/// A 3×3 convolution, causal over rows, that can be run. Immutable; share it.
pub struct PackedConvolution {
    set: InstructionSet,
    method: Method,
    group: usize,
    counts: Counts,
    mels: usize,
    pools: bool,
    kernel: Box<dyn ConvolutionKernel>,
}

impl PackedConvolution {
    /// Packs for maps of `mels` mels. Allocates.
    ///
    /// # Panics
    /// If the sizes do not go together, the machine lacks the instructions, or the method does not
    /// fit the weights.
    pub fn new(
        convolution: Convolution<'_>,
        mels: usize,
        method: Method,
        set: InstructionSet,
    ) -> Self {
        let layer = LayerToPack {
            convolution,
            mels,
            set,
            parallel: false,
        };
        Self::pack(&layer, method)
    }

    /// As [`new`](Self::new), with the work shared between the threads of the current rayon pool.
    ///
    /// # Panics
    /// As [`new`](Self::new).
    pub fn new_in_parallel(
        convolution: Convolution<'_>,
        mels: usize,
        method: Method,
        set: InstructionSet,
    ) -> Self {
        let layer = LayerToPack {
            convolution,
            mels,
            set,
            parallel: true,
        };
        Self::pack(&layer, method)
    }

    fn pack(layer: &LayerToPack<'_>, method: Method) -> Self {
        let group = layer.convolution.weights.group();
        assert!(method.fits(group), "{method:?} is for quaternions only");
        Self {
            set: layer.set,
            method,
            group,
            counts: layer.convolution.counts,
            mels: layer.mels,
            pools: layer.convolution.pools,
            kernel: method.pack(layer),
        }
    }

    /// Real channels that come in and go out.
    pub fn channels(&self) -> (usize, usize) {
        (
            self.group * self.counts.inputs,
            self.group * self.counts.outputs,
        )
    }

    /// How it is computed.
    pub fn method(&self) -> Method {
        self.method
    }

    /// Bytes of the packed weights.
    pub fn size_bytes(&self) -> usize {
        self.kernel.size_bytes()
    }

    /// Whether rows and mels are halved.
    pub fn pools(&self) -> bool {
        self.pools
    }

    /// Grows a workspace to what a run over `rows` rows needs, so that the run does not allocate.
    pub fn reserve(&self, workspace: &mut Workspace, rows: usize) {
        workspace.scratch.reserve(self.kernel.scratch(rows));
        if self.pools_in_a_second_pass() {
            let lanes = self.set.lanes();
            let blocks = self.channels().1.div_ceil(lanes);
            workspace
                .unpooled
                .reserve(blocks * rows * self.mels * lanes);
        }
    }

    /// Computes `rows` rows: row t of the output from rows t − 2, t − 1 and t of the input, the
    /// history included. With pooling, an odd last row or mel is dropped. Allocates only where
    /// the workspace is too small.
    ///
    /// # Panics
    /// If the maps do not fit.
    pub fn run(&self, input: &Map, rows: usize, output: &mut Map, workspace: &mut Workspace) {
        self.run_on(input.view(), rows, output.view_mut(), workspace);
    }

    /// The same over floats that lie as in a [`Map`].
    ///
    /// # Panics
    /// If the shapes do not fit, or there are fewer floats than they say.
    pub fn run_on(
        &self,
        input: MapRef<'_>,
        rows: usize,
        output: MapMut<'_>,
        workspace: &mut Workspace,
    ) {
        let (inputs, outputs) = self.channels();
        let lanes = self.set.lanes();
        let (from, to) = (input.shape, output.shape);
        let halved = |size: usize| if self.pools { size / POOLING } else { size };
        assert_eq!(
            (from.channels, from.mels, from.lanes, from.reach),
            (inputs, self.mels, lanes, REACH)
        );
        assert_eq!(
            (to.channels, to.mels, to.lanes),
            (outputs, halved(self.mels), lanes)
        );
        assert!(rows <= from.rows && halved(rows) <= to.rows, "{rows} rows");
        assert!(input.values.len() >= from.size() && output.values.len() >= to.size());
        if halved(rows) == 0 {
            return;
        }
        self.reserve(workspace, rows);
        let target = Target {
            block_stride: to.block_stride(),
            row_stride: to.row_stride(),
            first: output.values[to.first_pixel()..].as_mut_ptr(),
        };
        let row_stride = self.mels * lanes;
        let dense = Target {
            first: workspace.unpooled.as_mut_ptr(),
            block_stride: rows * row_stride,
            row_stride,
        };
        let second_pass = self.pools_in_a_second_pass();
        let call = Call {
            input: input.values.as_ptr(),
            shape: from,
            rows,
            scratch: &mut workspace.scratch,
            output: if second_pass { dense } else { target },
        };
        // SAFETY: the maps have the channels, rows, mels and floats that were asserted above; scratch and dense
        // target were reserved.
        unsafe { self.kernel.run(call) };
        if second_pass {
            self.set.run(Pool {
                input: &workspace.unpooled,
                blocks: to.blocks(),
                rows,
                mels: self.mels,
                output: target,
            });
        }
    }

    fn pools_in_a_second_pass(&self) -> bool {
        self.pools && !self.method.pools()
    }
}
