//! 2×2 average pooling with a correct gradient.

use candle_core::{Result, Tensor};

use crate::kernels::POOLING;

/// The mean over 2×2 (time, mel) of `batch × channels × time × mel`; an odd last row or mel is
/// dropped. Differentiable on any device.
///
/// Not candle's `avg_pool2d`: its gradient is silently wrong where a side is odd (candle 0.11.1).
///
/// # Errors
/// If `x` has not four dimensions or candle fails.
pub fn average_pool(x: &Tensor) -> Result<Tensor> {
    let (batch, channels, time, mel) = x.dims4()?;
    let (rows, columns) = (time / POOLING, mel / POOLING);
    x.narrow(2, 0, rows * POOLING)?
        .narrow(3, 0, columns * POOLING)?
        .contiguous()?
        .reshape((batch, channels, rows, POOLING, columns, POOLING))?
        .mean(5)?
        .mean(3)
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

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
