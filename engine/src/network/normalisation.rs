//! Batch norm and ReLU in one differentiable operation, for training.

use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{CpuStorage, CustomOp3, Device, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use crate::storage::{contiguous_f32, with_elements};

/// Added to a variance before its root is taken.
pub const BATCH_NORM_EPSILON: f32 = 1e-5;
/// Partial sums a lane, so that the compiler can add many at a time in a fixed order.
const LANES: usize = 16;

/// Mean and variance (biased) of every channel in one batch.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BatchStatistics {
    /// Mean of each channel.
    pub mean: Vec<f32>,
    /// Variance of each channel, divided by the count.
    pub variance: Vec<f32>,
}

/// ReLU(batch norm(`x`)) with the batch's own statistics, over `batch × channels × time × mel`;
/// `weight` and `bias` have one value a channel. Also returns those statistics, for the running
/// ones. Differentiable in all three.
///
/// # Errors
/// If the shapes do not go together or candle fails.
pub fn batch_norm_relu(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
) -> Result<(Tensor, BatchStatistics)> {
    if let Device::Cpu = x.device() {
        let statistics = Arc::new(Mutex::new(BatchStatistics::default()));
        let op = BatchNormRelu {
            statistics: statistics.clone(),
        };
        let y = x.contiguous()?.apply_op3(weight, bias, op)?;
        let statistics = lock(&statistics).clone();
        return Ok((y, statistics));
    }
    let channels = x.dim(1)?;
    let over = (0, 2, 3);
    let mean = x.mean_keepdim(over)?;
    let centred = x.broadcast_sub(&mean)?;
    let variance = centred.sqr()?.mean_keepdim(over)?;
    let scale = (&variance + f64::from(BATCH_NORM_EPSILON))?
        .sqrt()?
        .recip()?;
    let shape = (1, channels, 1, 1);
    let y = centred
        .broadcast_mul(&scale)?
        .broadcast_mul(&weight.reshape(shape)?)?
        .broadcast_add(&bias.reshape(shape)?)?
        .relu()?;
    let list = |t: &Tensor| t.flatten_all()?.to_vec1::<f32>();
    Ok((
        y,
        BatchStatistics {
            mean: list(&mean)?,
            variance: list(&variance)?,
        },
    ))
}

fn lock(statistics: &Mutex<BatchStatistics>) -> std::sync::MutexGuard<'_, BatchStatistics> {
    statistics.lock().unwrap_or_else(PoisonError::into_inner)
}

struct BatchNormRelu {
    statistics: Arc<Mutex<BatchStatistics>>,
}

/// One channel of a batch: its planes, one a sample.
fn planes(
    data: &[f32],
    channel: usize,
    channels: usize,
    plane: usize,
) -> impl Iterator<Item = &[f32]> + Clone {
    data.chunks_exact(plane).skip(channel).step_by(channels)
}

/// Sums `term` over two planes in `LANES` partial sums: the same order every time.
fn lane_sums(a: &[f32], b: &[f32], term: impl Fn(f32, f32) -> f32) -> f64 {
    let mut lanes = [0f32; LANES];
    let (a_blocks, b_blocks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest = a_blocks.remainder().iter().zip(b_blocks.remainder());
    let rest: f32 = rest.map(|(&a, &b)| term(a, b)).sum();
    for (a, b) in a_blocks.zip(b_blocks) {
        for lane in 0..LANES {
            lanes[lane] += term(a[lane], b[lane]);
        }
    }
    lanes.iter().map(|&lane| f64::from(lane)).sum::<f64>() + f64::from(rest)
}

impl CustomOp3 for BatchNormRelu {
    fn name(&self) -> &'static str {
        "batch-norm-relu"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (_, channels, time, mel) = x_layout.shape().dims4()?;
        let plane = time * mel;
        let x = contiguous_f32(x, x_layout)?;
        let weight = contiguous_f32(weight, weight_layout)?;
        let bias = contiguous_f32(bias, bias_layout)?;
        if (weight.len(), bias.len()) != (channels, channels) || x.is_empty() {
            candle_core::bail!("batch norm: {channels} channels need as many scales and shifts");
        }
        let moments: Vec<(f32, f32)> = (0..channels)
            .into_par_iter()
            .map(|channel| moments(planes(x, channel, channels, plane)))
            .collect();
        let mut output = vec![0.0; x.len()];
        output
            .par_chunks_mut(plane)
            .zip(x.par_chunks(plane))
            .enumerate()
            .for_each(|(index, (output, x))| {
                let channel = index % channels;
                let (mean, variance) = moments[channel];
                let scale = weight[channel] / (variance + BATCH_NORM_EPSILON).sqrt();
                let shift = bias[channel] - mean * scale;
                for (output, x) in output.iter_mut().zip(x) {
                    *output = (x * scale + shift).max(0.0);
                }
            });
        let (mean, variance) = moments.into_iter().unzip();
        *lock(&self.statistics) = BatchStatistics { mean, variance };
        Ok((CpuStorage::F32(output), x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (batch, channels, time, mel) = x.dims4()?;
        let statistics = lock(&self.statistics).clone();
        let weights = weight.to_vec1::<f32>()?;
        let layer = Layer {
            batch,
            channels,
            plane: time * mel,
            statistics,
            weights,
        };
        let (of_x, sums) = with_elements(x, |x| {
            with_elements(result, |y| {
                with_elements(gradient, |g| layer.gradients(x, y, g))
            })
        })???;
        let (of_bias, of_weight): (Vec<f32>, Vec<f32>) = sums.into_iter().unzip();
        Ok((
            Some(Tensor::from_vec(of_x, x.shape(), x.device())?),
            Some(Tensor::from_vec(
                of_weight,
                weight.shape(),
                weight.device(),
            )?),
            Some(Tensor::from_vec(of_bias, bias.shape(), bias.device())?),
        ))
    }
}

fn moments<'a>(planes: impl Iterator<Item = &'a [f32]> + Clone) -> (f32, f32) {
    let count: usize = planes.clone().map(<[f32]>::len).sum();
    let sum: f64 = planes.clone().map(|x| lane_sums(x, x, |x, _| x)).sum();
    let mean = (sum / count as f64) as f32;
    let squares: f64 = planes
        .map(|x| lane_sums(x, x, |x, _| (x - mean) * (x - mean)))
        .sum();
    (mean, (squares / count as f64) as f32)
}

struct Layer {
    batch: usize,
    channels: usize,
    plane: usize,
    statistics: BatchStatistics,
    weights: Vec<f32>,
}

impl Layer {
    /// The gradient of the input, and a channel's gradients of bias and weight.
    fn gradients(&self, x: &[f32], y: &[f32], g: &[f32]) -> (Vec<f32>, Vec<(f32, f32)>) {
        let planes_of = |data| move |channel| planes(data, channel, self.channels, self.plane);
        let (x_planes, y_planes, g_planes) = (planes_of(x), planes_of(y), planes_of(g));
        let sums: Vec<(f32, f32)> = (0..self.channels)
            .into_par_iter()
            .map(|channel| {
                let (mean, inverse) = self.mean_and_inverse(channel);
                let (mut of_bias, mut of_weight) = (0.0, 0.0);
                let mut passed = vec![0.0; self.plane];
                let planes = x_planes(channel)
                    .zip(y_planes(channel))
                    .zip(g_planes(channel));
                for ((x, y), g) in planes {
                    pass_relu(y, g, &mut passed);
                    of_bias += lane_sums(&passed, x, |passed, _| passed);
                    of_weight += lane_sums(&passed, x, |passed, x| passed * (x - mean));
                }
                (of_bias as f32, of_weight as f32 * inverse)
            })
            .collect();
        let mut of_x = vec![0.0; x.len()];
        let count = (self.batch * self.plane) as f32;
        of_x.par_chunks_mut(self.plane)
            .enumerate()
            .for_each(|(index, of_x)| {
                let channel = index % self.channels;
                let (mean, inverse) = self.mean_and_inverse(channel);
                let (of_bias, of_weight) = sums[channel];
                let scale = self.weights[channel] * inverse;
                let (even, tilt) = (of_bias / count, of_weight / count * inverse);
                let range = index * self.plane..(index + 1) * self.plane;
                pass_relu(&y[range.clone()], &g[range.clone()], of_x);
                for (of_x, x) in of_x.iter_mut().zip(&x[range]) {
                    *of_x = scale * (*of_x - even - (x - mean) * tilt);
                }
            });
        (of_x, sums)
    }

    fn mean_and_inverse(&self, channel: usize) -> (f32, f32) {
        let variance = self.statistics.variance[channel];
        (
            self.statistics.mean[channel],
            1.0 / (variance + BATCH_NORM_EPSILON).sqrt(),
        )
    }
}

/// The gradient that ReLU lets through.
fn pass_relu(y: &[f32], gradient: &[f32], passed: &mut [f32]) {
    for ((passed, y), gradient) in passed.iter_mut().zip(y).zip(gradient) {
        *passed = if *y > 0.0 { *gradient } else { 0.0 };
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Var;

    use super::*;

    /// The same by candle's elementary operations.
    fn reference(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
        let mean = x.mean_keepdim((0, 2, 3))?;
        let centred = x.broadcast_sub(&mean)?;
        let variance = centred.sqr()?.mean_keepdim((0, 2, 3))?;
        let normal = centred.broadcast_div(&(variance + 1e-5)?.sqrt()?)?;
        let shape = (1, x.dim(1)?, 1, 1);
        normal
            .broadcast_mul(&weight.reshape(shape)?)?
            .broadcast_add(&bias.reshape(shape)?)?
            .relu()
    }

    #[test]
    fn forward_and_gradients_equal_the_elementary_operations() {
        for (batch, channels, time, mel) in [(3, 5, 7, 6), (1, 2, 4, 33), (4, 1, 1, 1)] {
            let normal = |shape: &[usize]| Var::randn(0.3f32, 1.0, shape, &Device::Cpu).unwrap();
            let x = normal(&[batch, channels, time, mel]);
            let (weight, bias) = (normal(&[channels]), normal(&[channels]));
            let (ours, statistics) = batch_norm_relu(&x, &weight, &bias).unwrap();
            let theirs = reference(&x, &weight, &bias).unwrap();
            let mix = Tensor::randn(0f32, 1.0, ours.shape(), &Device::Cpu).unwrap();
            let gradients = |y: &Tensor| (y * &mix).unwrap().sum_all().unwrap().backward().unwrap();
            let worst = |a: &Tensor, b: &Tensor| {
                (a - b)
                    .unwrap()
                    .abs()
                    .unwrap()
                    .max_all()
                    .unwrap()
                    .to_scalar::<f32>()
                    .unwrap()
            };
            assert!(worst(&ours, &theirs) < 1e-5);
            let (ours, theirs) = (gradients(&ours), gradients(&theirs));
            for var in [&x, &weight, &bias] {
                assert!(worst(ours.get(var).unwrap(), theirs.get(var).unwrap()) < 1e-4);
            }
            assert_eq!(statistics.mean.len(), channels);
        }
    }
}
