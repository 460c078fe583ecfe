//! Batch norm, ReLU and pooling in one operation: what lies between two convolutions is read and
//! written once.

use candle_core::Result;
use rayon::prelude::*;

use super::{BatchShape, buffers};
use crate::kernels::{Backward, MapMut, MapRef, POOLING, ScaleShift, moments, scale_relu};
use crate::operations::{BATCH_NORM_EPSILON, BatchStatistics};

/// ReLU(batch norm(x)) with the batch's own statistics, then, where it pools, 2×2 means (an odd
/// last row or mel is dropped).
pub(super) struct NormRelu {
    pub(super) from: BatchShape,
    pub(super) to: BatchShape,
    pools: bool,
}

/// Sums two numbers a lane over blocks and samples: samples in parallel, then in their order.
fn sum_samples(
    format: BatchShape,
    of_block: impl Fn(usize, usize) -> [Vec<f64>; 2] + Sync,
) -> [Vec<f64>; 2] {
    let (blocks, lanes) = (format.map.blocks(), format.map.lanes);
    let samples: Vec<Vec<[Vec<f64>; 2]>> = (0..format.batch)
        .into_par_iter()
        .map(|sample| (0..blocks).map(|block| of_block(sample, block)).collect())
        .collect();
    let mut sums = [vec![0.0; blocks * lanes], vec![0.0; blocks * lanes]];
    for (block, of_block) in samples.iter().flat_map(|blocks| blocks.iter().enumerate()) {
        for (sums, of_block) in sums.iter_mut().zip(of_block) {
            let lanes = sums[block * lanes..].iter_mut();
            lanes.zip(of_block).for_each(|(sum, value)| *sum += value);
        }
    }
    sums
}

impl NormRelu {
    /// Pixels of a channel in the batch.
    fn count(&self) -> f64 {
        (self.from.batch * self.from.map.rows * self.from.map.mels) as f64
    }

    fn measure(&self, x: &[f32]) -> BatchStatistics {
        let (size, zeros) = (self.from.map.size(), vec![0.0; self.from.map.lanes]);
        let [sums, squares] = sum_samples(self.from, |sample, block| {
            let map = MapRef {
                values: &x[sample * size..][..size],
                shape: self.from.map,
            };
            moments(self.from.set, map, block, &zeros)
        });
        let mean = sums.iter().map(|sum| sum / self.count());
        let variance = squares
            .iter()
            .zip(mean.clone())
            .map(|(squares, mean)| (squares / self.count() - mean * mean).max(0.0));
        let channels = |lanes: Vec<f32>| self.from.to_channels(&lanes);
        BatchStatistics {
            mean: channels(mean.map(|mean| mean as f32).collect()),
            variance: channels(variance.map(|variance| variance as f32).collect()),
        }
    }

    /// Scale and shift of each channel.
    fn affine(
        &self,
        statistics: &BatchStatistics,
        weight: &[f32],
        bias: &[f32],
    ) -> Result<(Vec<f32>, Vec<f32>)> {
        let channels = self.from.map.channels;
        if (weight.len(), bias.len()) != (channels, channels) {
            candle_core::bail!("batch norm: {channels} channels need as many scales and shifts");
        }
        let scale: Vec<f32> = weight
            .iter()
            .zip(&statistics.variance)
            .map(|(weight, variance)| weight / (variance + BATCH_NORM_EPSILON).sqrt())
            .collect();
        let shift = bias
            .iter()
            .zip(&statistics.mean)
            .zip(&scale)
            .map(|((bias, mean), scale)| bias - mean * scale)
            .collect();
        Ok((scale, shift))
    }
}

impl NormRelu {
    /// Refuses what would be pooled away.
    pub(super) fn new(from: BatchShape, pools: bool) -> Result<Self> {
        let halved = |size: usize| if pools { size / POOLING } else { size };
        let (rows, mels) = (halved(from.map.rows), halved(from.map.mels));
        if rows * mels == 0 {
            candle_core::bail!("{:?} is pooled away", from.map);
        }
        let to = from.with(from.map.channels, rows, mels);
        Ok(Self { from, to, pools })
    }

    pub(super) fn forward(
        &self,
        x: &[f32],
        weight: &[f32],
        bias: &[f32],
    ) -> Result<(Vec<f32>, BatchStatistics)> {
        let statistics = self.measure(x);
        let (scale, shift) = self.affine(&statistics, weight, bias)?;
        let (scale, shift) = (self.from.to_lanes(&scale), self.from.to_lanes(&shift));
        let affine = ScaleShift {
            scale: &scale,
            shift: &shift,
        };
        let mut output = buffers::take(self.to.size());
        output
            .par_chunks_mut(self.to.map.size())
            .zip(x.par_chunks(self.from.map.size()))
            .for_each(|(output, x)| {
                self.to.map.clear_borders(output);
                let input = MapRef {
                    values: x,
                    shape: self.from.map,
                };
                let output = MapMut {
                    values: output,
                    shape: self.to.map,
                };
                scale_relu(self.from.set, input, affine, output, self.pools);
            });
        Ok((output, statistics))
    }

    /// The gradients of input, weights and biases.
    ///
    /// With g what passes the ReLU, x̂ = (x − mean) / deviation and s = weight / deviation, the
    /// gradient of x is s · (g − mean(g) − x̂ · mean(g x̂)): a factor of g, one of x, and a rest.
    pub(super) fn gradients(
        &self,
        x: &[f32],
        gradient: &[f32],
        weights: &[f32],
        biases: &[f32],
        statistics: &BatchStatistics,
    ) -> Result<[Vec<f32>; 3]> {
        let (scale, shift) = self.affine(statistics, weights, biases)?;
        let (scale, shift) = (self.from.to_lanes(&scale), self.from.to_lanes(&shift));
        let mean = self.from.to_lanes(&statistics.mean);
        let (from, to, set) = (self.from.map, self.to.map, self.from.set);
        let call = |sample: usize| Backward {
            input: MapRef {
                values: &x[sample * from.size()..][..from.size()],
                shape: from,
            },
            gradient: MapRef {
                values: &gradient[sample * to.size()..][..to.size()],
                shape: to,
            },
            affine: ScaleShift {
                scale: &scale,
                shift: &shift,
            },
            pools: self.pools,
        };
        let [passed, product] = sum_samples(self.from, |sample, block| {
            let centre = &mean[block * from.lanes..][..from.lanes];
            call(sample).sums(set, block, centre)
        });
        let variance = self.from.to_lanes(&statistics.variance);
        let inverse = |lane: usize| 1.0 / f64::from(variance[lane] + BATCH_NORM_EPSILON).sqrt();
        let lanes = 0..mean.len();
        let of_weight: Vec<f32> = lanes
            .clone()
            .map(|lane| (product[lane] * inverse(lane)) as f32)
            .collect();
        let of_bias: Vec<f32> = passed.iter().map(|&sum| sum as f32).collect();
        let tilt = |lane: usize| {
            let tilt = product[lane] / self.count() * inverse(lane) * inverse(lane);
            -f64::from(scale[lane]) * tilt
        };
        let of_input: Vec<f32> = lanes.clone().map(|lane| tilt(lane) as f32).collect();
        let rest: Vec<f32> = lanes
            .map(|lane| {
                let even = f64::from(scale[lane]) * passed[lane] / self.count();
                (-even - tilt(lane) * f64::from(mean[lane])) as f32
            })
            .collect();
        let mut of_x = buffers::take(self.from.size());
        let samples = of_x.par_chunks_mut(from.size()).enumerate();
        samples.for_each(|(sample, of_x)| {
            from.clear_borders(of_x);
            call(sample).apply(set, [&scale, &of_input, &rest], of_x);
        });
        Ok([
            of_x,
            self.from.to_channels(&of_weight),
            self.from.to_channels(&of_bias),
        ])
    }
}
