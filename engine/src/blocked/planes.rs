//! The fast convolution for candle tensors in candle's own order.

use candle_core::{CpuStorage, CustomOp2, Device, Layout, Result, Shape, Tensor};

use super::BatchShape;
use super::convolution::{Convolve, REACH};
use crate::operations::{contiguous_f32, with_elements};
use crate::quaternion::convolve_by_expansion;

/// `x` (`batch × channels × time × mel`) through a 3×3 kernel, causal in time (two rows of zeros
/// before, none after), one zero on both sides in mel, no bias. Differentiable.
///
/// A kernel of five dimensions (`4 × outputs × inputs × 3 × 3`) is one of quaternions: channels
/// are all r, then all i, j, k. One of four (`outputs × inputs × 3 × 3`) is real. On the CPU the
/// kernels of [`kernels`](crate::kernels) compute it, samples in parallel on the current rayon
/// pool; on other devices candle's own operations.
///
/// # Errors
/// If the shapes do not go together or candle fails.
pub fn causal_convolution(x: &Tensor, kernel: &Tensor) -> Result<Tensor> {
    match x.device() {
        Device::Cpu => x.contiguous()?.apply_op2(&kernel.contiguous()?, Planes),
        _ => convolve_by_expansion(x, kernel),
    }
}

struct Planes;

impl Planes {
    fn call(x: &Shape, kernel: &Shape) -> Result<Convolve> {
        let (batch, channels, rows, mels) = x.dims4()?;
        let group = if kernel.rank() == 5 { 4 } else { 1 };
        if x.elem_count() == 0 || !channels.is_multiple_of(group) {
            candle_core::bail!("{x:?} is not a batch of units of {group} channels");
        }
        Convolve::new(
            BatchShape::new(group, [batch, channels, rows, mels], REACH),
            kernel.dims(),
        )
    }
}

impl CustomOp2 for Planes {
    fn name(&self) -> &'static str {
        "causal-convolution"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        kernel: &CpuStorage,
        kernel_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let call = Self::call(x_layout.shape(), kernel_layout.shape())?;
        let x = call.from.block_planes(contiguous_f32(x, x_layout)?);
        let output = call.forward(&x, contiguous_f32(kernel, kernel_layout)?);
        let map = call.to.map;
        let shape = (call.to.batch, map.channels, map.rows, map.mels);
        Ok((
            CpuStorage::F32(call.to.unblock_planes(&output)),
            shape.into(),
        ))
    }

    fn bwd(
        &self,
        x: &Tensor,
        kernel: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let call = Self::call(x.shape(), kernel.shape())?;
        let gradient = with_elements(gradient, |planes| call.to.block_planes(planes))?;
        let of_kernel = with_elements(x, |x| {
            call.gradient_of_kernel(&call.from.block_planes(x), &gradient)
        })?;
        let of_kernel = Tensor::from_vec(of_kernel, kernel.shape(), kernel.device())?;
        if !x.track_op() {
            return Ok((None, Some(of_kernel)));
        }
        let of_x = with_elements(kernel, |kernel| call.gradient_of_x(&gradient, kernel))?;
        let of_x = Tensor::from_vec(call.from.unblock_planes(&of_x), x.shape(), x.device())?;
        Ok((Some(of_x), Some(of_kernel)))
    }
}
