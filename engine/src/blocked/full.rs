//! A 3×3 convolution with batch norm, ReLU and perhaps pooling as one step of a trunk.

use candle_core::Result;
use rayon::prelude::*;

use super::convolution::Convolve;
use super::norm::{Norm, add_samples};
use super::{BatchShape, buffers};
use crate::kernels::{Backward, Buffer, MapMut, MapRef, POOLING, PairMut, scale};
use crate::operations::BatchStatistics;

/// ReLU(batch norm(convolution of x)) with the batch's own statistics, then, where it pools, 2×2 means (an odd
/// last row or mel is dropped).
pub(super) struct Full {
    convolution: Convolve,
    norm: Norm,
    pub(super) to: BatchShape,
    pools: bool,
}

/// What the backward pass needs beside the input.
pub(super) struct FullRecord {
    convolved: Buffer,
    statistics: BatchStatistics,
}

impl FullRecord {
    pub(super) fn statistics(&self) -> Vec<BatchStatistics> {
        vec![self.statistics.clone()]
    }
}

impl Drop for FullRecord {
    fn drop(&mut self) {
        buffers::give(std::mem::take(&mut self.convolved));
    }
}

impl Full {
    /// For inputs with a border of one; the output gets `reach`. Refuses a kernel that does not fit, and what would be
    /// pooled away.
    pub(super) fn new(
        from: BatchShape,
        kernel: &[usize],
        pools: bool,
        reach: usize,
    ) -> Result<Self> {
        let convolution = Convolve::new(from, kernel)?;
        let shape = convolution.to;
        Ok(Self {
            to: shape.pooled(pools)?.with_reach(reach),
            norm: Norm { shape, relu: true },
            convolution,
            pools,
        })
    }

    pub(super) fn forward(
        &self,
        x: &[f32],
        [kernel, weight, bias]: [&[f32]; 3],
    ) -> Result<(Buffer, FullRecord)> {
        let convolved = self.convolution.forward(x, kernel);
        let (from, to) = (self.norm.shape, self.to);
        let samples: Vec<_> = convolved
            .par_chunks(from.map.size())
            .map(|sample| self.norm.moments(sample))
            .collect();
        let statistics = self.norm.statistics(&add_samples(samples));
        let affine = self.norm.affine(&statistics, weight, bias)?;
        let mut output = buffers::take(to.size());
        output
            .par_chunks_mut(to.map.size())
            .zip(convolved.par_chunks(from.map.size()))
            .for_each(|(output, x)| {
                to.map.clear_borders(output);
                let input = MapRef {
                    values: x,
                    shape: from.map,
                };
                let output = PairMut {
                    straight: MapMut {
                        values: output,
                        shape: to.map,
                    },
                    transformed: &mut [],
                };
                scale(from.set, input, affine.view(), self.pools, None, output);
            });
        let record = FullRecord {
            convolved,
            statistics,
        };
        Ok((output, record))
    }

    /// The gradients of kernel, weights and biases, and of the input if that is wanted.
    pub(super) fn gradients(
        &self,
        x: &[f32],
        record: &FullRecord,
        gradient: &[f32],
        [kernel, weight, bias]: [&[f32]; 3],
        wants_input: bool,
    ) -> Result<([Vec<f32>; 3], Option<Buffer>)> {
        let FullRecord {
            convolved,
            statistics,
        } = record;
        let affine = self.norm.affine(statistics, weight, bias)?;
        let (from, to, set) = (self.norm.shape.map, self.to.map, self.to.set);
        let call = |sample: usize| Backward {
            input: MapRef {
                values: &convolved[sample * from.size()..][..from.size()],
                shape: from,
            },
            gradient: MapRef {
                values: &gradient[sample * to.size()..][..to.size()],
                shape: to,
            },
            affine: affine.view(),
            pools: self.pools,
        };
        let samples: Vec<_> = (0..self.to.batch)
            .into_par_iter()
            .map(|sample| self.norm.backward_sums(call(sample), statistics))
            .collect();
        let norm = self
            .norm
            .gradients(&add_samples(samples), &affine, statistics);
        let mut of_convolved = buffers::take(self.norm.shape.size());
        let samples = of_convolved.par_chunks_mut(from.size()).enumerate();
        samples.for_each(|(sample, values)| {
            from.clear_borders(values);
            let output = PairMut {
                straight: MapMut {
                    values,
                    shape: from,
                },
                transformed: &mut [],
            };
            call(sample).apply(set, norm.factors(), output);
        });
        let of_kernel = self.convolution.gradient_of_kernel(x, &of_convolved);
        let of_input = wants_input.then(|| self.convolution.gradient_of_x(&of_convolved, kernel));
        buffers::give(of_convolved);
        Ok(([of_kernel, norm.of_weight, norm.of_bias], of_input))
    }
}

impl BatchShape {
    /// After 2×2 pooling, if it pools. Refuses what would be pooled away.
    pub(super) fn pooled(self, pools: bool) -> Result<Self> {
        let halved = |size: usize| if pools { size / POOLING } else { size };
        let (rows, mels) = (halved(self.map.rows), halved(self.map.mels));
        if rows * mels == 0 {
            candle_core::bail!("{:?} is pooled away", self.map);
        }
        Ok(self.with(self.map.channels, rows, mels))
    }
}
