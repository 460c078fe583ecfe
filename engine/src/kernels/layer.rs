//! One convolution made ready: weights packed, kernel chosen, batch norm folded in.

use std::marker::PhantomData;

use half::f16;

use super::buffer::Buffer;
use super::direct::{Direct, Finish, Target};
use super::eight::SIGN;
use super::method::Method;
use super::packing::{Counts, Form, KernelWeights, Packed, pack};
use super::pool::Pool;
use super::shared::Shared;
use super::tile::Weight;
use super::winograd::{self, F2, F4, Size, Winograd};
use super::{HISTORY, InstructionSet, Map, MapShape, TAPS};

/// What is to be packed.
#[derive(Clone, Copy)]
pub struct Convolution<'a> {
    /// The weights.
    pub weights: KernelWeights<'a>,
    /// Units in and out.
    pub counts: Counts,
    /// What each output channel is multiplied with; quaternions: all r, then all i, j, k.
    pub scale: &'a [f32],
    /// What is added to it then, in the same order.
    pub shift: &'a [f32],
    /// Whether what is below zero becomes zero.
    pub relu: bool,
    /// Whether 2×2 means are put out.
    pub pools: bool,
}

/// Scratch of a thread, for any number of layers.
#[derive(Default, Clone)]
pub struct Workspace {
    scratch: Buffer,
    unpooled: Buffer,
}

enum Weights {
    Single(Packed),
    Half(Packed<f16>),
}

/// A 3×3 convolution, causal over rows, that can be run. Immutable; share it.
pub struct PackedConvolution {
    set: InstructionSet,
    method: Method,
    group: usize,
    counts: Counts,
    mels: usize,
    packed: Weights,
    scale: Buffer,
    shift: Buffer,
    floor: f32,
    pools: bool,
}

impl PackedConvolution {
    /// Packs for maps of `mels` mels.
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
        Self::packed(convolution, mels, (method, set), false)
    }

    /// The same with the packing shared between the threads of the current rayon pool.
    ///
    /// # Panics
    /// As [`new`](Self::new).
    pub fn new_in_parallel(
        convolution: Convolution<'_>,
        mels: usize,
        method: Method,
        set: InstructionSet,
    ) -> Self {
        Self::packed(convolution, mels, (method, set), true)
    }

    fn packed(
        convolution: Convolution<'_>,
        mels: usize,
        (method, set): (Method, InstructionSet),
        parallel: bool,
    ) -> Self {
        let counts = convolution.counts;
        let group = convolution.weights.group();
        assert!(method.fits(group), "{method:?} is for quaternions only");
        let (near_one, sizes);
        let (weights, sizes) = if method.halves() {
            (near_one, sizes) = convolution.weights.near_one(counts);
            let weights = match convolution.weights {
                KernelWeights::Quaternion(_) => KernelWeights::Quaternion(&near_one),
                KernelWeights::Real(_) => KernelWeights::Real(&near_one),
            };
            (weights, Some(&sizes))
        } else {
            (convolution.weights, None)
        };
        let phases = method.phases(group);
        let most = if method == Method::Shared {
            1
        } else {
            set.blocks_at_once()
        };
        let order = (phases, most);
        let of_method = |planes, steps, transform: fn(&[f32; TAPS], &mut [f32])| {
            let form = Form {
                planes,
                steps,
                transform,
            };
            pack(weights, counts, set, order, &form, parallel)
        };
        let packed = match method {
            Method::Direct | Method::Shared => {
                of_method(1, TAPS, |taps, numbers| numbers.copy_from_slice(taps))
            }
            Method::WinogradTwo | Method::WinogradTwoHalf => of_method(16, 1, F2::filter),
            Method::WinogradFour | Method::WinogradFourHalf => of_method(36, 1, F4::filter),
        };
        let signed = phases.len() == 2;
        let blocked = |values: &[f32], signed: bool, sizes: Option<&Vec<f32>>| {
            assert_eq!(values.len(), group * counts.outputs, "a number a channel");
            let mut buffer = Buffer::new(values.len().next_multiple_of(set.lanes()));
            for (index, value) in values.iter().enumerate() {
                let (component, unit) = (index / counts.outputs, index % counts.outputs);
                let sign = if signed { SIGN[component] } else { 1.0 };
                let size = sizes.map_or(1.0, |sizes| sizes[unit]);
                buffer[unit * group + component] = sign * size * value;
            }
            buffer
        };
        Self {
            scale: blocked(convolution.scale, signed, sizes),
            shift: blocked(convolution.shift, false, None),
            floor: if convolution.relu {
                0.0
            } else {
                f32::NEG_INFINITY
            },
            pools: convolution.pools,
            set,
            method,
            group,
            counts,
            mels,
            packed: match method.halves() {
                false => Weights::Single(packed),
                true => Weights::Half(packed.halves()),
            },
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
        let weights = match &self.packed {
            Weights::Single(packed) => size_of_val(&packed.values[..]),
            Weights::Half(packed) => size_of_val(&packed.values[..]),
        };
        weights + size_of::<f32>() * (self.scale.len() + self.shift.len())
    }

    /// Whether rows and mels are halved.
    pub fn pools(&self) -> bool {
        self.pools
    }

    /// Grows a workspace to what a run over `rows` rows needs, so that the run does not allocate.
    pub fn reserve(&self, workspace: &mut Workspace, rows: usize) {
        let lanes = self.set.lanes();
        let (inputs, outputs) = self.channels();
        let blocks = (inputs.div_ceil(lanes), outputs.div_ceil(lanes));
        let scratch = match self.method {
            Method::Direct if self.group == 4 => {
                blocks.0 * (HISTORY + rows) * (self.mels + 2) * lanes
            }
            Method::Direct | Method::Shared => 0,
            Method::WinogradTwo | Method::WinogradTwoHalf => {
                winograd::scratch(blocks, self.group, self.mels, 2, lanes)
            }
            Method::WinogradFour | Method::WinogradFourHalf => {
                winograd::scratch(blocks, self.group, self.mels, 4, lanes)
            }
        };
        workspace.scratch.reserve(scratch);
        if self.pools && matches!(self.method, Method::Direct | Method::Shared) {
            workspace
                .unpooled
                .reserve(blocks.1 * rows * self.mels * lanes);
        }
    }

    /// Computes `rows` rows: row t of the output from rows t − 2, t − 1 and t of the input, the
    /// history included. With pooling, an odd last row or mel is dropped. Allocates only where
    /// the workspace is too small.
    ///
    /// # Panics
    /// If the maps do not fit.
    pub fn run(&self, input: &Map, rows: usize, output: &mut Map, workspace: &mut Workspace) {
        let (from, to) = (input.shape(), output.shape());
        self.run_on(
            (input.values(), from),
            rows,
            (output.values_mut(), to),
            workspace,
        );
    }

    /// The same over floats that lie as in a [`Map`].
    ///
    /// # Panics
    /// If the shapes do not fit, or there are fewer floats than they say.
    pub fn run_on(
        &self,
        (input, from): (&[f32], MapShape),
        rows: usize,
        (output, to): (&mut [f32], MapShape),
        workspace: &mut Workspace,
    ) {
        let (inputs, outputs) = self.channels();
        let lanes = self.set.lanes();
        let halved = |size: usize| if self.pools { size / 2 } else { size };
        assert_eq!(
            (from.channels, from.mels, from.lanes),
            (inputs, self.mels, lanes)
        );
        assert_eq!(
            (to.channels, to.mels, to.lanes),
            (outputs, halved(self.mels), lanes)
        );
        assert!(rows <= from.rows && halved(rows) <= to.rows, "{rows} rows");
        assert!(input.len() >= from.size() && output.len() >= to.size());
        if halved(rows) == 0 {
            return;
        }
        self.reserve(workspace, rows);
        let target = Target {
            block_stride: to.block_stride(),
            row_stride: to.row_stride(),
            first: output[to.first_pixel()..].as_mut_ptr(),
        };
        let source = (input.as_ptr(), from);
        let scratch = &mut workspace.scratch;
        let packed = match (&self.packed, self.method) {
            (Weights::Half(packed), Method::WinogradTwoHalf) => {
                return self.winograd::<F2, _, 2, 4>(packed, source, rows, target, scratch);
            }
            (Weights::Half(packed), _) => {
                return self.winograd::<F4, _, 4, 6>(packed, source, rows, target, scratch);
            }
            (Weights::Single(packed), _) => packed,
        };
        match self.method {
            Method::WinogradTwo => {
                self.winograd::<F2, _, 2, 4>(packed, source, rows, target, scratch);
            }
            Method::WinogradFour => {
                self.winograd::<F4, _, 4, 6>(packed, source, rows, target, scratch);
            }
            _ if self.pools => {
                let row_stride = self.mels * lanes;
                let dense = Target {
                    first: workspace.unpooled.as_mut_ptr(),
                    block_stride: rows * row_stride,
                    row_stride,
                };
                self.direct(packed, source, rows, dense, scratch);
                self.set.run(Pool {
                    input: &workspace.unpooled,
                    blocks: to.blocks(),
                    rows,
                    mels: self.mels,
                    output: target,
                });
            }
            _ => self.direct(packed, source, rows, target, scratch),
        }
    }

    fn finish(&self) -> Finish<'_> {
        Finish {
            scale: &self.scale,
            shift: &self.shift,
            floor: self.floor,
        }
    }

    fn direct(
        &self,
        packed: &Packed,
        (input, shape): (*const f32, MapShape),
        rows: usize,
        output: Target,
        scratch: &mut [f32],
    ) {
        let (finish, units) = (self.finish(), self.counts.inputs);
        macro_rules! direct {
            ($group:literal) => {
                Direct::<$group> {
                    packed,
                    finish,
                    units,
                    input,
                    shape,
                    rows,
                    transformed: scratch,
                    output,
                }
            };
        }
        match (self.method, self.group) {
            (Method::Shared, _) => self.set.run(Shared {
                packed,
                finish,
                units,
                input,
                shape,
                rows,
                output,
            }),
            (_, 4) => self.set.run(direct!(4)),
            _ => self.set.run(direct!(1)),
        }
    }

    fn winograd<S: Size<OUT, IN>, W: Weight, const OUT: usize, const IN: usize>(
        &self,
        packed: &Packed<W>,
        (input, shape): (*const f32, MapShape),
        rows: usize,
        output: Target,
        scratch: &mut [f32],
    ) {
        macro_rules! winograd {
            ($group:literal) => {
                Winograd::<S, W, OUT, IN, $group> {
                    size: PhantomData,
                    packed,
                    finish: self.finish(),
                    units: self.counts.inputs,
                    input,
                    shape,
                    rows,
                    scratch,
                    output,
                    pools: self.pools,
                }
            };
        }
        if self.group == 4 {
            self.set.run(winograd!(4));
        } else {
            self.set.run(winograd!(1));
        }
    }
}
