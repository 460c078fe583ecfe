//! The quaternion convolution as a differentiable candle operation.

use candle_core::{CpuStorage, CustomOp2, Device, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::{contract, expand, expand_tensor};
use crate::kernels::{Grid, Reach, TAPS, convolve, kernel_gradient};
use crate::storage::{contiguous_f32, with_elements};

/// Samples whose kernel gradients are summed by one task. Fixed, so that the order of the sums,
/// and with it the result, does not depend on the number of threads.
const SAMPLES_A_TASK: usize = 4;

/// `x` (`batch × 4·inputs × time × mel`, channels blocked) through quarter kernels
/// (`4 × outputs × inputs × 3 × 3`): `batch × 4·outputs × time × mel`.
///
/// Causal in time (two rows of zeros before, none after), one zero on both sides in mel, no bias.
/// On the CPU this is [`QuaternionConvolution`], on other devices [`convolve_by_expansion`].
///
/// # Errors
/// If the shapes do not go together or candle fails.
pub fn quaternion_convolution(x: &Tensor, quarters: &Tensor) -> Result<Tensor> {
    match x.device() {
        Device::Cpu => x
            .contiguous()?
            .apply_op2(&quarters.contiguous()?, QuaternionConvolution),
        _ => convolve_by_expansion(x, quarters),
    }
}

/// The same by candle's own operations: the expanded kernel and one real convolution. Runs on any
/// device, differentiable; the reference for the CPU operation.
///
/// # Errors
/// If the shapes do not go together or candle fails.
pub fn convolve_by_expansion(x: &Tensor, quarters: &Tensor) -> Result<Tensor> {
    let padded = x.pad_with_zeros(2, 2, 0)?.pad_with_zeros(3, 1, 1)?;
    padded.conv2d(&expand_tensor(quarters)?, 0, 1, 1, 1)
}

/// The CPU operation behind [`quaternion_convolution`], with its own gradients. Both arguments
/// must be contiguous `f32`. Samples of a batch run in parallel on the current rayon pool; the
/// result does not depend on the number of threads.
pub struct QuaternionConvolution;

/// Sizes of one call.
#[derive(Clone, Copy)]
struct Sizes {
    batch: usize,
    /// Quaternion filters in and out.
    inputs: usize,
    outputs: usize,
    time: usize,
    mel: usize,
}

impl Sizes {
    fn new(x: &Shape, quarters: &Shape) -> Result<Self> {
        let (batch, channels, time, mel) = x.dims4()?;
        let (four, outputs, inputs, height, width) = quarters.dims5()?;
        if (four, 4 * inputs, height * width, height) != (4, channels, TAPS, 3) {
            candle_core::bail!(
                "quaternion convolution: kernel {quarters:?} does not fit input {x:?}"
            );
        }
        Ok(Self {
            batch,
            inputs,
            outputs,
            time,
            mel,
        })
    }

    fn input(&self) -> Grid {
        Grid::dense(4 * self.inputs, self.time, self.mel)
    }

    fn output(&self) -> Grid {
        Grid::dense(4 * self.outputs, self.time, self.mel)
    }
}

fn size_of(grid: Grid) -> usize {
    grid.channels * grid.channel_stride
}

impl CustomOp2 for QuaternionConvolution {
    fn name(&self) -> &'static str {
        "quaternion-convolution"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        quarters: &CpuStorage,
        quarters_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let sizes = Sizes::new(x_layout.shape(), quarters_layout.shape())?;
        let x = contiguous_f32(x, x_layout)?;
        let quarters = contiguous_f32(quarters, quarters_layout)?;
        let kernel = expand(quarters, sizes.outputs, sizes.inputs, TAPS);
        let output = convolve_batch(&kernel, (x, sizes.input()), sizes.output(), Reach::Past);
        let shape = (sizes.batch, 4 * sizes.outputs, sizes.time, sizes.mel);
        Ok((CpuStorage::F32(output), shape.into()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        quarters: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let sizes = Sizes::new(x.shape(), quarters.shape())?;
        let of_quarters = with_elements(x, |x| {
            with_elements(gradient, |gradient| {
                gradient_of_quarters(x, gradient, sizes)
            })
        })??;
        let of_quarters = Tensor::from_vec(of_quarters, quarters.shape(), quarters.device())?;
        if !x.track_op() {
            return Ok((None, Some(of_quarters))); // the network's first layer: nothing wants it
        }
        let turned = with_elements(quarters, |quarters| {
            let kernel = expand(quarters, sizes.outputs, sizes.inputs, TAPS);
            turn(&kernel, 4 * sizes.outputs, 4 * sizes.inputs)
        })?;
        let of_x = with_elements(gradient, |gradient| {
            convolve_batch(
                &turned,
                (gradient, sizes.output()),
                sizes.input(),
                Reach::Future,
            )
        })?;
        Ok((
            Some(Tensor::from_vec(of_x, x.shape(), x.device())?),
            Some(of_quarters),
        ))
    }
}

fn convolve_batch(
    kernel: &[f32],
    (input, from): (&[f32], Grid),
    to: Grid,
    reach: Reach,
) -> Vec<f32> {
    let batch = input.len() / size_of(from).max(1);
    let mut output = vec![0.0; batch * size_of(to)];
    output
        .par_chunks_mut(size_of(to).max(1))
        .zip(input.par_chunks(size_of(from).max(1)))
        .for_each(|(output, input)| convolve(kernel, (input, from), (output, to), reach));
    output
}

fn gradient_of_quarters(x: &[f32], gradient: &[f32], sizes: Sizes) -> Vec<f32> {
    let (from, to) = (sizes.input(), sizes.output());
    let partial: Vec<Vec<f32>> = x
        .par_chunks(SAMPLES_A_TASK * size_of(from))
        .zip(gradient.par_chunks(SAMPLES_A_TASK * size_of(to)))
        .map(|(x, gradient)| {
            let mut sum = vec![0.0; from.channels * to.channels * TAPS];
            for (x, gradient) in x.chunks(size_of(from)).zip(gradient.chunks(size_of(to))) {
                kernel_gradient(&mut sum, (x, from), (gradient, to), Reach::Past);
            }
            sum
        })
        .collect();
    let mut total = vec![0.0; from.channels * to.channels * TAPS];
    for part in partial {
        total
            .iter_mut()
            .zip(part)
            .for_each(|(total, part)| *total += part);
    }
    contract(&total, sizes.outputs, sizes.inputs, TAPS)
}

/// The kernel of the input gradient: inputs and outputs exchanged, taps reversed.
fn turn(kernel: &[f32], outputs: usize, inputs: usize) -> Vec<f32> {
    let mut turned = vec![0.0; kernel.len()];
    for output in 0..outputs {
        for input in 0..inputs {
            for tap in 0..TAPS {
                turned[(input * outputs + output) * TAPS + TAPS - 1 - tap] =
                    kernel[(output * inputs + input) * TAPS + tap];
            }
        }
    }
    turned
}

#[cfg(test)]
mod tests {
    use candle_core::Var;
    use proptest::prelude::*;

    use super::*;

    fn worst(a: &Tensor, b: &Tensor) -> f32 {
        let difference = (a - b).unwrap().abs().unwrap().max_all().unwrap();
        difference.to_scalar::<f32>().unwrap()
            / (1.0
                + b.abs()
                    .unwrap()
                    .max_all()
                    .unwrap()
                    .to_scalar::<f32>()
                    .unwrap())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]
        #[test]
        fn forward_and_gradients_equal_candles_own(
            batch in 1usize..7, inputs in 1usize..5, outputs in 1usize..6,
            time in 1usize..11, mel in 1usize..12,
        ) {
            let device = Device::Cpu;
            let x = Var::randn(0f32, 1.0, (batch, 4 * inputs, time, mel), &device).unwrap();
            let w = Var::randn(0f32, 1.0, (4, outputs, inputs, 3, 3), &device).unwrap();
            let ours = quaternion_convolution(&x, &w).unwrap();
            let reference = convolve_by_expansion(&x, &w).unwrap();
            prop_assert!(worst(&ours, &reference) < 1e-5);
            let weights = Tensor::randn(0f32, 1.0, reference.shape(), &device).unwrap();
            let gradients = |y: &Tensor| (y * &weights).unwrap().sum_all().unwrap().backward().unwrap();
            let (ours, reference) = (gradients(&ours), gradients(&reference));
            for var in [&x, &w] {
                prop_assert!(worst(ours.get(var).unwrap(), reference.get(var).unwrap()) < 1e-5);
            }
        }
    }

    #[test]
    fn a_kernel_that_does_not_fit_is_an_error() {
        let x = Tensor::zeros((1, 8, 4, 4), candle_core::DType::F32, &Device::Cpu).unwrap();
        let w = Tensor::zeros((4, 2, 3, 3, 3), candle_core::DType::F32, &Device::Cpu).unwrap();
        assert!(quaternion_convolution(&x, &w).is_err());
    }
}
