//! The arithmetic of a batch norm in training between the passes over maps: from sums to statistics, from statistics to
//! scales and shifts, and from the sums of the backward pass to gradients.

use candle_core::Result;

use super::BatchShape;
use crate::kernels::BATCH_NORM_EPSILON;
use crate::kernels::{Backward, MapRef, ScaleShift, moments};
use crate::operations::BatchStatistics;

/// Two sums a lane of every block of a map.
pub(super) type Sums = [Vec<f64>; 2];

/// Batch norm with the batch's own statistics.
pub(super) struct Norm {
    /// What it reads.
    pub(super) shape: BatchShape,
    /// Whether ReLU follows.
    pub(super) relu: bool,
}

/// Scale and shift of each lane.
pub(super) struct Affine {
    scale: Vec<f32>,
    shift: Vec<f32>,
    relu: bool,
}

impl Affine {
    pub(super) fn view(&self) -> ScaleShift<'_> {
        ScaleShift {
            scale: &self.scale,
            shift: &self.shift,
            relu: self.relu,
        }
    }
}

/// What the sums of the backward pass say.
pub(super) struct NormGradients {
    /// Factors of [`Backward::apply`], a number a lane.
    pub(super) factors: [Vec<f32>; 3],
    pub(super) of_weight: Vec<f32>,
    pub(super) of_bias: Vec<f32>,
}

impl NormGradients {
    pub(super) fn factors(&self) -> [&[f32]; 3] {
        let [of_passed, of_input, rest] = &self.factors;
        [of_passed, of_input, rest]
    }
}

/// Adds the sums of all samples in their order.
pub(super) fn add_samples(samples: impl IntoIterator<Item = Sums>) -> Sums {
    let mut sums = Sums::default();
    for of_sample in samples {
        for (sums, of_sample) in sums.iter_mut().zip(of_sample) {
            sums.resize(of_sample.len(), 0.0);
            sums.iter_mut()
                .zip(of_sample)
                .for_each(|(sum, value)| *sum += value);
        }
    }
    sums
}

impl Norm {
    /// Pixels of a channel in the batch.
    fn count(&self) -> f64 {
        (self.shape.batch * self.shape.map.rows * self.shape.map.mels) as f64
    }

    /// The sums of one sample that [`statistics`](Self::statistics) takes.
    pub(super) fn moments(&self, sample: &[f32]) -> Sums {
        let (shape, zeros) = (self.shape.map, vec![0.0; self.shape.map.lanes]);
        let map = MapRef {
            values: sample,
            shape,
        };
        self.all_blocks(|block| moments(self.shape.set, map, block, &zeros))
    }

    pub(super) fn statistics(&self, [sums, squares]: &Sums) -> BatchStatistics {
        let mean = sums.iter().map(|sum| sum / self.count());
        let variance = squares
            .iter()
            .zip(mean.clone())
            .map(|(squares, mean)| (squares / self.count() - mean * mean).max(0.0));
        let channels = |lanes: Vec<f32>| self.shape.to_channels(&lanes);
        BatchStatistics {
            mean: channels(mean.map(|mean| mean as f32).collect()),
            variance: channels(variance.map(|variance| variance as f32).collect()),
        }
    }

    /// Scale and shift of each lane.
    pub(super) fn affine(
        &self,
        statistics: &BatchStatistics,
        weight: &[f32],
        bias: &[f32],
    ) -> Result<Affine> {
        let channels = self.shape.map.channels;
        if (weight.len(), bias.len()) != (channels, channels) {
            candle_core::bail!("batch norm: {channels} channels need as many scales and shifts");
        }
        let scale: Vec<f32> = weight
            .iter()
            .zip(&statistics.variance)
            .map(|(weight, variance)| weight / (variance + BATCH_NORM_EPSILON).sqrt())
            .collect();
        let shift: Vec<f32> = bias
            .iter()
            .zip(&statistics.mean)
            .zip(&scale)
            .map(|((bias, mean), scale)| bias - mean * scale)
            .collect();
        Ok(Affine {
            scale: self.shape.to_lanes(&scale),
            shift: self.shape.to_lanes(&shift),
            relu: self.relu,
        })
    }

    /// The sums of one sample that [`gradients`](Self::gradients) takes.
    pub(super) fn backward_sums(&self, call: Backward<'_>, statistics: &BatchStatistics) -> Sums {
        let (mean, lanes) = (self.shape.to_lanes(&statistics.mean), self.shape.map.lanes);
        self.all_blocks(|block| {
            let centre = &mean[block * lanes..][..lanes];
            call.sums(self.shape.set, block, centre)
        })
    }

    /// The gradients of weights and biases, and how that of the input follows.
    ///
    /// With g what passes the ReLU, x̂ = (x − mean) / deviation and s = weight / deviation, the
    /// gradient of x is s · (g − mean(g) − x̂ · mean(g x̂)): a factor of g, one of x, and a rest.
    pub(super) fn gradients(
        &self,
        [passed, product]: &Sums,
        affine: &Affine,
        statistics: &BatchStatistics,
    ) -> NormGradients {
        let scale = &affine.scale;
        let mean = self.shape.to_lanes(&statistics.mean);
        let variance = self.shape.to_lanes(&statistics.variance);
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
        NormGradients {
            factors: [scale.clone(), of_input, rest],
            of_weight: self.shape.to_channels(&of_weight),
            of_bias: self.shape.to_channels(&of_bias),
        }
    }

    fn all_blocks(&self, of_block: impl Fn(usize) -> Sums) -> Sums {
        let mut all = Sums::default();
        for block in 0..self.shape.map.blocks() {
            for (all, of_block) in all.iter_mut().zip(of_block(block)) {
                all.extend(of_block);
            }
        }
        all
    }
}
