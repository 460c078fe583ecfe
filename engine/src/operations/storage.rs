//! Candle's CPU storage as slices, for custom operations.

use candle_core::{CpuStorage, Layout, Result, Storage, Tensor};

/// The elements of a contiguous `f32` storage.
pub(crate) fn contiguous_f32<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let CpuStorage::F32(elements) = storage else {
        candle_core::bail!("this operation takes f32 tensors")
    };
    let Some((start, end)) = layout.contiguous_offsets() else {
        candle_core::bail!("this operation takes contiguous tensors")
    };
    Ok(&elements[start..end])
}

/// Calls `with` with the elements of a CPU tensor in row-major order; copies only tensors that are not contiguous.
pub(crate) fn with_elements<R>(tensor: &Tensor, with: impl FnOnce(&[f32]) -> R) -> Result<R> {
    let tensor = tensor.contiguous()?;
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cpu(storage) => Ok(with(contiguous_f32(storage, layout)?)),
        _ => candle_core::bail!("this operation takes tensors on the CPU"),
    }
}
