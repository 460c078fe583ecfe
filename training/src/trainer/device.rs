//! The device that trainings compute on.

use anyhow::Context;
use candle_core::Device;

/// The first GPU if the program was built with the feature `cuda`, else the CPU. On a GPU products of
/// matrices are taken in TF32 (ten bits of mantissa), as is usual in training; what is measured, is
/// measured on the CPU by the engine.
///
/// # Errors
/// If the program was built for a GPU and none works.
pub fn training_device() -> anyhow::Result<Device> {
    let device = Device::cuda_if_available(0)
        .context("no GPU that works here: build without `--features cuda` to train on the CPU")?;
    if device.is_cuda() {
        candle_core::cuda::set_gemm_reduced_precision_f32(true);
    }
    Ok(device)
}
