//! The end of the trunk: from maps to columns.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::{Blocked, Format};
use crate::storage::with_elements;

impl Blocked {
    /// The mean over mels: `batch × rows × channels`, channels of quaternions all r, then all i,
    /// j, k. Differentiable.
    ///
    /// # Errors
    /// If candle fails.
    pub fn mel_means(&self) -> Result<Tensor> {
        self.tensor.apply_op1(MelMeans(self.format))
    }
}

struct MelMeans(Format);

impl MelMeans {
    /// Calls `each(row, channel, offset of the first mel)`.
    fn for_each(&self, mut each: impl FnMut(usize, usize, usize)) {
        let map = self.0.map;
        for row in 0..map.rows {
            for channel in 0..map.channels {
                each(row, channel, map.index(self.0.place(channel), row, 0));
            }
        }
    }
}

impl CustomOp1 for MelMeans {
    fn name(&self) -> &'static str {
        "blocked-mel-means"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (batch, map) = (self.0.batch, self.0.map);
        let x = self.0.elements(x, layout)?;
        let mut means = vec![0.0; batch * map.rows * map.channels];
        means
            .par_chunks_mut(map.rows * map.channels)
            .zip(x.par_chunks(map.size()))
            .for_each(|(means, x)| {
                self.for_each(|row, channel, start| {
                    let mels = x[start..].iter().step_by(map.lanes).take(map.mels);
                    means[row * map.channels + channel] = mels.sum::<f32>() / map.mels as f32;
                });
            });
        Ok((
            CpuStorage::F32(means),
            (batch, map.rows, map.channels).into(),
        ))
    }

    fn bwd(&self, x: &Tensor, _result: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let map = self.0.map;
        let mut of_x = vec![0.0; self.0.size()];
        with_elements(gradient, |gradient| {
            of_x.par_chunks_mut(map.size())
                .zip(gradient.par_chunks(map.rows * map.channels))
                .for_each(|(of_x, gradient)| {
                    self.for_each(|row, channel, start| {
                        let share = gradient[row * map.channels + channel] / map.mels as f32;
                        let mels = of_x[start..].iter_mut().step_by(map.lanes).take(map.mels);
                        mels.for_each(|slot| *slot = share);
                    });
                });
        })?;
        Ok(Some(Tensor::from_vec(of_x, x.shape(), x.device())?))
    }
}
