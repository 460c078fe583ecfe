//! The end of a convolution: scale, shift and ReLU, and where results are stored.

use super::InstructionSet;
use super::buffer::Buffer;
use super::eight::SIGN;
use super::lanes::Lanes;
use super::packing::LayerToPack;
use super::unit_convolution::UnitConvolution;

/// Applied to a sum before it is stored: `max(floor, scale · sum + shift)`, with a scale and a shift for each output
/// channel, in the order of a map.
pub(super) struct Finish {
    scale: Buffer,
    shift: Buffer,
    /// Zero for ReLU, minus infinity for none.
    floor: f32,
}

impl Finish {
    /// Of a layer. `by_eight`: the sums come from the eight products, which leave the sign of the first component to
    /// the scale. `powers`: factors of the output units, if their weights were divided by them.
    ///
    /// # Panics
    /// If there are not as many scales and shifts as output channels.
    pub(super) fn new(layer: &LayerToPack<'_>, by_eight: bool, powers: Option<&[f32]>) -> Self {
        let convolution = layer.convolution;
        let of_layer = UnitConvolution {
            weights: &[],
            group: convolution.weights.group(),
            counts: convolution.counts,
            scale: convolution.scale,
            shift: convolution.shift,
            relu: convolution.relu,
        };
        Self::with_powers(&of_layer, by_eight, powers, layer.set)
    }

    /// Of a convolution of a separable unit, which is computed by eight products where it can be.
    ///
    /// # Panics
    /// As [`new`](Self::new).
    pub(super) fn of(convolution: &UnitConvolution<'_>, set: InstructionSet) -> Self {
        Self::with_powers(convolution, convolution.group == 4, None, set)
    }

    fn with_powers(
        convolution: &UnitConvolution<'_>,
        by_eight: bool,
        powers: Option<&[f32]>,
        set: InstructionSet,
    ) -> Self {
        let (group, outputs) = (convolution.group, convolution.counts.outputs);
        let in_map_order = |values: &[f32], factor: &dyn Fn(usize, usize) -> f32| {
            assert_eq!(values.len(), group * outputs, "a number a channel");
            let mut buffer = Buffer::new(values.len().next_multiple_of(set.lanes()));
            for (index, value) in values.iter().enumerate() {
                let (component, unit) = (index / outputs, index % outputs);
                buffer[unit * group + component] = factor(component, unit) * value;
            }
            buffer
        };
        let scale = |component: usize, unit: usize| {
            let sign = if by_eight { SIGN[component] } else { 1.0 };
            sign * powers.map_or(1.0, |powers| powers[unit])
        };
        Self {
            scale: in_map_order(convolution.scale, &scale),
            shift: in_map_order(convolution.shift, &|_, _| 1.0),
            floor: match convolution.relu {
                true => 0.0,
                false => f32::NEG_INFINITY,
            },
        }
    }

    pub(super) fn size_bytes(&self) -> usize {
        size_of::<f32>() * (self.scale.len() + self.shift.len())
    }

    pub(super) fn view(&self) -> FinishView<'_> {
        FinishView {
            scale: &self.scale,
            shift: &self.shift,
            floor: self.floor,
        }
    }
}

/// A [`Finish`] as kernels hold it in registers.
#[derive(Clone, Copy)]
pub(super) struct FinishView<'a> {
    scale: &'a [f32],
    shift: &'a [f32],
    floor: f32,
}

impl FinishView<'_> {
    /// Scale and shift of a block, and the floor.
    ///
    /// # Safety
    /// There is such a block.
    #[inline(always)]
    pub(super) unsafe fn of_block<V: Lanes>(&self, block: usize) -> (V, V, V) {
        // SAFETY: there are `COUNT` scales and shifts for each block.
        unsafe {
            (
                V::load(self.scale.as_ptr().add(block * V::COUNT)),
                V::load(self.shift.as_ptr().add(block * V::COUNT)),
                V::splat(self.floor),
            )
        }
    }
}

/// Where results go: `blocks × rows × pixels × lanes` with any strides.
#[derive(Clone, Copy)]
pub(super) struct Target {
    pub(super) first: *mut f32,
    pub(super) block_stride: usize,
    pub(super) row_stride: usize,
}
