//! 2×2 average pooling with a right gradient.

use candle_core::{CpuStorage, CustomOp1, Device, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::POOLING;
use crate::storage::{contiguous_f32, with_elements};

/// The mean over 2×2 (time, mel) of `batch × channels × time × mel`; an odd last row or mel is
/// dropped. Differentiable on any device.
///
/// Not candle's `avg_pool2d`: the gradient of that one is wrong, without a word, where a side is
/// odd (candle 0.11.1).
///
/// # Errors
/// If `x` has not four dimensions or candle fails.
pub fn average_pool(x: &Tensor) -> Result<Tensor> {
    if let Device::Cpu = x.device() {
        return x.contiguous()?.apply_op1(AveragePool);
    }
    let (batch, channels, time, mel) = x.dims4()?;
    let (rows, columns) = (time / POOLING, mel / POOLING);
    x.narrow(2, 0, rows * POOLING)?
        .narrow(3, 0, columns * POOLING)?
        .contiguous()?
        .reshape((batch, channels, rows, POOLING, columns, POOLING))?
        .mean(5)?
        .mean(3)
}

struct AveragePool;

impl CustomOp1 for AveragePool {
    fn name(&self) -> &'static str {
        "average-pool"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (batch, channels, time, mel) = layout.shape().dims4()?;
        let x = contiguous_f32(x, layout)?;
        let (rows, columns) = (time / POOLING, mel / POOLING);
        let mut output = vec![0.0; batch * channels * rows * columns];
        if !output.is_empty() {
            output
                .par_chunks_mut(rows * columns)
                .zip(x.par_chunks(time * mel))
                .for_each(|(output, plane)| pool_plane(plane, mel, output, columns));
        }
        Ok((
            CpuStorage::F32(output),
            (batch, channels, rows, columns).into(),
        ))
    }

    fn bwd(&self, x: &Tensor, _result: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let (_, _, time, mel) = x.dims4()?;
        let (rows, columns) = (time / POOLING, mel / POOLING);
        let mut of_x = vec![0.0; x.elem_count()];
        if rows * columns > 0 {
            with_elements(gradient, |gradient| {
                of_x.par_chunks_mut(time * mel)
                    .zip(gradient.par_chunks(rows * columns))
                    .for_each(|(plane, gradient)| {
                        for (row, line) in plane.chunks_mut(mel).take(rows * POOLING).enumerate() {
                            let gradient = &gradient[row / POOLING * columns..][..columns];
                            for (pair, g) in line.chunks_exact_mut(POOLING).zip(gradient) {
                                pair.fill(0.25 * g);
                            }
                        }
                    });
            })?;
        }
        Tensor::from_vec(of_x, x.shape(), x.device()).map(Some)
    }
}

/// Pools one plane of rows of `mel` into rows of `columns`.
pub(super) fn pool_plane(plane: &[f32], mel: usize, output: &mut [f32], columns: usize) {
    let pairs = plane.chunks_exact(POOLING * mel);
    for (output, pair) in output.chunks_exact_mut(columns).zip(pairs) {
        let (upper, lower) = pair.split_at(mel);
        let cells = upper.chunks_exact(POOLING).zip(lower.chunks_exact(POOLING));
        for (output, (a, b)) in output.iter_mut().zip(cells) {
            *output = 0.25 * (a[0] + a[1] + b[0] + b[1]);
        }
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Var;

    use super::*;

    /// Central differences against the gradient, on odd and even sides.
    #[test]
    fn the_gradient_is_right_on_odd_sides() {
        for (time, mel) in [(4, 6), (5, 6), (4, 7), (5, 7), (1, 3)] {
            let x = Var::randn(0f32, 1.0, (2, 3, time, mel), &Device::Cpu).unwrap();
            let y = average_pool(&x).unwrap();
            let weights = Tensor::randn(0f32, 1.0, y.shape(), &Device::Cpu).unwrap();
            let loss = |x: &Tensor| {
                (average_pool(x).unwrap() * &weights)
                    .unwrap()
                    .sum_all()
                    .unwrap()
            };
            let gradient = loss(&x).backward().unwrap().get(&x).unwrap().clone();
            let gradient = gradient.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            let values = x.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            for index in 0..values.len() {
                let nudged = |by: f32| {
                    let mut values = values.clone();
                    values[index] += by;
                    let x = Tensor::from_vec(values, x.shape(), &Device::Cpu).unwrap();
                    loss(&x).to_scalar::<f32>().unwrap()
                };
                let slope = (nudged(0.1) - nudged(-0.1)) / 0.2;
                assert!(
                    (slope - gradient[index]).abs() < 1e-3,
                    "{time}×{mel} at {index}"
                );
            }
        }
    }
}
