//! The trunk in training on devices that are fast at products of matrices.
//!
//! A batch of maps is one matrix: a row for each pixel (time, mel), a column for each channel. Every map has two rows
//! of zeros above it and a column of zeros to its left, which also serves as the zero to the right of the row before.
//! So each of the nine taps of all pixels is the same matrix, shifted by some rows, and a convolution is one product
//! with the nine side by side. No index arithmetic per pixel is left, which is what candle's own operations on maps
//! spend most of their time on on a GPU. Gradients are written out: candle would read the maps twice as often, and its
//! gradient of a convolution for the input adds one product at a time there (candle 0.11.1).

use candle_core::{DType, Device, Result, Tensor};

use crate::kernels::BATCH_NORM_EPSILON;
use crate::kernels::POOLING;
use crate::operations::with_gradient;
use crate::quaternion::expand_tensor;

const TAPS: usize = 3;
/// Rows of zeros above a map.
const ABOVE: usize = TAPS - 1;

/// The pixels that the rows of a matrix stand for.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Pixels {
    batch: usize,
    time: usize,
    mels: usize,
}

impl Pixels {
    fn width(self) -> usize {
        self.mels + 1
    }

    fn of_a_map(self) -> usize {
        (self.time + ABOVE) * self.width()
    }

    /// `batch × time × mel × channels` with its margins, as a matrix. Later times and higher mels that
    /// are missing are zero too.
    fn embed(self, maps: &Tensor) -> Result<Tensor> {
        let (batch, time, mels, channels) = maps.dims4()?;
        maps.pad_with_zeros(1, ABOVE, self.time - time)?
            .pad_with_zeros(2, 1, self.mels - mels)?
            .reshape((batch * self.of_a_map(), channels))
    }

    /// The inverse of [`embed`](Self::embed), of the first `time` rows and `mels` mels.
    fn extract(self, matrix: &Tensor, time: usize, mels: usize) -> Result<Tensor> {
        let maps = (self.batch, self.time + ABOVE, self.width(), matrix.dim(1)?);
        let rows = matrix.reshape(maps)?.narrow(1, ABOVE, time)?;
        rows.narrow(2, 1, mels)?.contiguous()
    }

    /// One at each pixel of a map, zero in the margins: `batch · pixels of a map × 1`.
    fn inside(self, device: &Device) -> Result<Tensor> {
        let ones = (self.batch, self.time, self.mels, 1);
        self.embed(&Tensor::ones(ones, DType::F32, device)?)
    }
}

/// Maps of a batch as a matrix, `batch · pixels of a map × channels`, zero in the margins.
pub(super) struct Maps {
    pixels: Pixels,
    inside: Tensor,
    matrix: Tensor,
}

impl Maps {
    /// From `batch × channels × time × mel`. Not differentiable.
    pub(super) fn new(planes: &Tensor) -> Result<Self> {
        let (batch, _, time, mels) = planes.dims4()?;
        let pixels = Pixels { batch, time, mels };
        let maps = planes.detach().permute((0, 2, 3, 1))?.contiguous()?;
        Ok(Self {
            pixels,
            inside: pixels.inside(planes.device())?,
            matrix: pixels.embed(&maps)?,
        })
    }

    /// A causal 3×3 convolution (as [`causal_convolution`](crate::blocked::causal_convolution)), then
    /// batch norm (arXiv 1502.03167, section 3) with the batch's statistics, mean and biased variance,
    /// which are returned, and ReLU.
    pub(super) fn layer(
        self,
        kernel: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
    ) -> Result<(Self, [Tensor; 2])> {
        let kernel = match kernel.rank() {
            5 => expand_tensor(kernel)?,
            _ => kernel.clone(),
        };
        let sums = self.convolution(&kernel)?;
        let (matrix, statistics) = self.norm_relu(&sums, weight, bias)?;
        Ok((Self { matrix, ..self }, statistics))
    }

    /// Rows of margins in the result are meaningless. `kernel` is real.
    fn convolution(&self, kernel: &Tensor) -> Result<Tensor> {
        let pixels = self.pixels;
        let (outputs, inputs, _, _) = kernel.dims4()?;
        let of_all = taps_side_by_side(pixels, &self.matrix.detach(), ABOVE * pixels.width() + 1)?;
        let known = kernel.detach();
        let weights = known.permute((2, 3, 1, 0))?.contiguous()?;
        let result = of_all.matmul(&weights.reshape((TAPS * TAPS * inputs, outputs))?)?;
        with_gradient([&self.matrix, kernel], result, move |gradient| {
            let gradient = gradient.contiguous()?;
            let flipped = known.flip(&[2, 3])?.permute((2, 3, 0, 1))?.contiguous()?;
            let flipped = flipped.reshape((TAPS * TAPS * outputs, inputs))?;
            let of_input = taps_side_by_side(pixels, &gradient, 1)?.matmul(&flipped)?;
            // A product for each sample: one over all pixels would keep few groups of threads busy.
            let by_sample = |matrix: &Tensor, columns: usize| {
                matrix.reshape((pixels.batch, pixels.of_a_map(), columns))
            };
            let of_kernel = by_sample(&of_all, TAPS * TAPS * inputs)?
                .t()?
                .matmul(&by_sample(&gradient, outputs)?)?
                .sum(0)?
                .reshape((TAPS, TAPS, inputs, outputs))?
                .permute((3, 2, 0, 1))?;
            Ok([of_input, of_kernel.contiguous()?])
        })
    }

    fn norm_relu(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
    ) -> Result<(Tensor, [Tensor; 2])> {
        let pixels = self.pixels;
        let channels = weight.elem_count();
        let share = 1.0 / (pixels.batch * pixels.time * pixels.mels) as f64;
        let of_all = self.inside.reshape((pixels.batch, 1, pixels.of_a_map()))?;
        let mean_of = move |matrix: &Tensor| {
            let by_sample = matrix.reshape((pixels.batch, pixels.of_a_map(), channels))?;
            of_all.matmul(&by_sample)?.sum(0)? * share
        };
        let mean = mean_of(&x.detach())?;
        let centred = x.detach().broadcast_sub(&mean)?;
        let variance = mean_of(&centred.sqr()?)?;
        let over_deviation = (&variance + f64::from(BATCH_NORM_EPSILON))?
            .sqrt()?
            .recip()?;
        let scale = (weight.detach().reshape((1, channels))? * &over_deviation)?;
        let inside = self.inside.clone();
        let result = centred
            .broadcast_mul(&scale)?
            .broadcast_add(&bias.detach().reshape((1, channels))?)?
            .relu()?
            .broadcast_mul(&inside)?;
        let statistics = [mean.flatten_all()?, variance.flatten_all()?];
        let known = result.clone();
        let result = with_gradient([x, weight, bias], result, move |gradient| {
            let gradient = (gradient.contiguous()? * known.sign()?)?;
            let of_bias = mean_of(&gradient)?;
            let of_scale = mean_of(&(&gradient * &centred)?)?;
            let along = (&of_scale * over_deviation.sqr()?)?;
            let of_x = (&gradient - centred.broadcast_mul(&along)?)?
                .broadcast_sub(&of_bias)?
                .broadcast_mul(&scale)?
                .broadcast_mul(&inside)?;
            let of_weight = (&of_scale * &over_deviation)?;
            let all = |mean: Tensor| (mean / share)?.flatten_all();
            Ok([of_x, all(of_weight)?, all(of_bias)?])
        })?;
        Ok((result, statistics))
    }

    /// The mean over 2×2 (time, mel); an odd last row or mel is dropped.
    pub(super) fn pool(self) -> Result<Self> {
        let (from, channels) = (self.pixels, self.matrix.dim(1)?);
        let to = Pixels {
            time: from.time / POOLING,
            mels: from.mels / POOLING,
            ..from
        };
        let Pixels { batch, time, mels } = to;
        let quarter = 1.0 / (POOLING * POOLING) as f64;
        let sum_of_pairs = |pairs: Tensor| pairs.narrow(1, 0, 1)? + pairs.narrow(1, 1, 1)?;
        let inner = from.extract(&self.matrix.detach(), POOLING * time, POOLING * mels)?;
        let rows =
            sum_of_pairs(inner.reshape((batch * time, POOLING, POOLING * mels * channels))?)?;
        let both = sum_of_pairs(rows.reshape((batch * time * mels, POOLING, channels))?)?;
        let result = to.embed(&(both.reshape((batch, time, mels, channels))? * quarter)?)?;
        let matrix = with_gradient([&self.matrix], result, move |gradient| {
            let inner = (to.extract(gradient, time, mels)? * quarter)?;
            let both = inner
                .reshape((batch * time * mels, 1, channels))?
                .broadcast_as((batch * time * mels, POOLING, channels))?
                .contiguous()?;
            let row = POOLING * mels * channels;
            let maps = both
                .reshape((batch * time, 1, row))?
                .broadcast_as((batch * time, POOLING, row))?
                .contiguous()?
                .reshape((batch, POOLING * time, POOLING * mels, channels))?;
            Ok([from.embed(&maps)?])
        })?;
        Ok(Self {
            inside: to.inside(matrix.device())?,
            pixels: to,
            matrix,
        })
    }

    /// The mean over mel: `batch × time × channels`.
    pub(super) fn means(&self) -> Result<Tensor> {
        let Pixels { time, mels, .. } = self.pixels;
        self.pixels.extract(&self.matrix, time, mels)?.mean(2)
    }
}

/// The nine taps of each pixel side by side; the first is `before` pixels before it. Zeros are
/// beyond the first and the last pixel.
fn taps_side_by_side(pixels: Pixels, matrix: &Tensor, before: usize) -> Result<Tensor> {
    let (count, width) = (matrix.dim(0)?, pixels.width());
    let farthest = ABOVE * (width + 1);
    let padded = matrix.pad_with_zeros(0, before, farthest - before)?;
    let tap = |tap: usize| padded.narrow(0, tap / TAPS * width + tap % TAPS, count);
    let taps = (0..TAPS * TAPS).map(tap).collect::<Result<Vec<_>>>()?;
    Tensor::cat(&taps, 1)
}
