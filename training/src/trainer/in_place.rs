//! Element-wise updates of tensors in place, in one pass and without a new tensor.

use candle_core::{CpuStorage, InplaceOp2, InplaceOp3, Layout, Result, Tensor};

/// A function of an element and of those with its index in other tensors.
struct Update<F>(F);

fn elements<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(elements), Some((start, end))) => Ok(&elements[start..end]),
        _ => candle_core::bail!("updates in place take contiguous f32 tensors"),
    }
}

fn elements_mut<'a>(storage: &'a mut CpuStorage, layout: &Layout) -> Result<&'a mut [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(elements), Some((start, end))) => Ok(&mut elements[start..end]),
        _ => candle_core::bail!("updates in place take contiguous f32 tensors"),
    }
}

impl<F: Fn(f32, f32) -> f32> InplaceOp2 for Update<F> {
    fn name(&self) -> &'static str {
        "update-in-place"
    }

    fn cpu_fwd(
        &self,
        target: &mut CpuStorage,
        target_layout: &Layout,
        other: &CpuStorage,
        other_layout: &Layout,
    ) -> Result<()> {
        let other = elements(other, other_layout)?;
        let target = elements_mut(target, target_layout)?;
        for (value, other) in target.iter_mut().zip(other) {
            *value = (self.0)(*value, *other);
        }
        Ok(())
    }
}

/// The same with two others.
struct UpdateByTwo<F>(F);

impl<F: Fn(f32, f32, f32) -> f32> InplaceOp3 for UpdateByTwo<F> {
    fn name(&self) -> &'static str {
        "update-in-place"
    }

    fn cpu_fwd(
        &self,
        target: &mut CpuStorage,
        target_layout: &Layout,
        first: &CpuStorage,
        first_layout: &Layout,
        second: &CpuStorage,
        second_layout: &Layout,
    ) -> Result<()> {
        let first = elements(first, first_layout)?;
        let second = elements(second, second_layout)?;
        let target = elements_mut(target, target_layout)?;
        for ((value, first), second) in target.iter_mut().zip(first).zip(second) {
            *value = (self.0)(*value, *first, *second);
        }
        Ok(())
    }
}

/// Replaces each element of `target` by `of(element, that of other)`. On the CPU only.
///
/// # Errors
/// If the tensors are not contiguous `f32` of one shape on the CPU, or share their storage.
pub(crate) fn update(target: &Tensor, other: &Tensor, of: impl Fn(f32, f32) -> f32) -> Result<()> {
    same_shape(target, other)?;
    target.inplace_op2(other, &Update(of))
}

/// Replaces each element of `target` by `of(element, that of first, that of second)`. On the CPU
/// only.
///
/// # Errors
/// As [`update`].
pub(crate) fn update_by_two(
    target: &Tensor,
    [first, second]: [&Tensor; 2],
    of: impl Fn(f32, f32, f32) -> f32,
) -> Result<()> {
    same_shape(target, first)?;
    same_shape(target, second)?;
    target.inplace_op3(first, second, &UpdateByTwo(of))
}

fn same_shape(a: &Tensor, b: &Tensor) -> Result<()> {
    if a.dims() != b.dims() {
        candle_core::bail!("an update of {:?} by {:?}", a.dims(), b.dims());
    }
    Ok(())
}
