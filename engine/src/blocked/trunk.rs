//! The whole trunk as one candle operation, forward and back.
//!
//! One operation and not one a layer, because candle adds the gradient of every intermediate
//! tensor to a fresh tensor of zeros, which costs as much as a layer's batch norm. All weights
//! come as one flat tensor: candle's own `cat` takes its gradient apart again.

use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};

use super::convolution::Convolve;
use super::norm_relu::NormRelu;
use super::{BatchShape, buffers, mel_means};
use crate::operations::{BatchStatistics, contiguous_f32, with_elements};

/// One layer: 3×3 convolution (causal in time, no bias), batch norm with the batch's own
/// statistics, ReLU, and perhaps 2×2 average pooling.
pub struct TrunkLayer<'a> {
    /// Quarter kernels (`4 × outputs × inputs × 3 × 3`) or real ones (`outputs × inputs × 3 × 3`).
    pub kernel: &'a Tensor,
    /// The batch norm's scale, a value a channel.
    pub weight: &'a Tensor,
    /// The batch norm's shift.
    pub bias: &'a Tensor,
    /// Whether it pools.
    pub pools: bool,
    /// Whether the mean over mels of what it gives is asked for.
    pub feeds_head: bool,
}

/// Runs layers over `x` (`batch × channels × time × mel`, on the CPU, to which no gradient goes
/// back) and takes the mean over mels of those that feed the head, of which the last is one: `batch × rows ×
/// channels` each, and the statistics of each layer. Channels of quaternions (`group` 4) are all r, then all
/// i, j, k. Differentiable in all weights.
///
/// # Errors
/// If the shapes do not go together, the last layer does not feed the head, or candle fails.
pub fn trunk(
    x: &Tensor,
    group: usize,
    layers: &[TrunkLayer<'_>],
) -> Result<(Vec<Tensor>, Vec<BatchStatistics>)> {
    let (batch, channels, rows, mels) = x.dims4()?;
    if !channels.is_multiple_of(group) || x.elem_count() == 0 {
        candle_core::bail!("{:?} is not a batch of units of {group} channels", x.dims());
    }
    let mut format = BatchShape::new(group, [batch, channels, rows, mels]);
    if !layers.last().is_some_and(|last| last.feeds_head) {
        candle_core::bail!(
            "a trunk needs at least one layer, and its last layer has to feed the head"
        );
    }
    let (mut chain, mut flat) = (Vec::new(), Vec::new());
    for layer in layers {
        let convolution = Convolve::new(format, layer.kernel.dims())?;
        let norm = NormRelu::new(convolution.to, layer.pools)?;
        format = norm.to;
        let numbers = [layer.kernel, layer.weight, layer.bias];
        let sizes = numbers.map(Tensor::elem_count);
        flat.extend(numbers.map(Tensor::flatten_all));
        chain.push(Layer {
            convolution,
            norm,
            sizes,
            feeds_head: layer.feeds_head,
        });
    }
    let flat = flat.into_iter().collect::<Result<Vec<_>>>()?;
    let tape = Arc::new(Mutex::new(Tape::default()));
    let formats: Vec<BatchShape> = chain
        .iter()
        .filter(|layer| layer.feeds_head)
        .map(|layer| layer.norm.to)
        .collect();
    let op = Trunk {
        layers: chain,
        tape: tape.clone(),
    };
    let means = x
        .detach()
        .contiguous()?
        .apply_op2(&Tensor::cat(&flat, 0)?, op)?;
    let of_layer = |record: &Record| record.statistics.clone();
    let statistics = lock(&tape).layers.iter().map(of_layer).collect();
    let mut start = 0;
    let next = |format: &BatchShape| {
        let count = mel_means::count(*format);
        let shape = (format.batch, format.map.rows, format.map.channels);
        let of_layer = means.narrow(0, start, count)?.reshape(shape);
        start += count;
        of_layer
    };
    let means = formats.iter().map(next).collect::<Result<_>>()?;
    Ok((means, statistics))
}

/// Sizes of a layer, and how many numbers its kernel, weight and bias have.
struct Layer {
    convolution: Convolve,
    norm: NormRelu,
    sizes: [usize; 3],
    feeds_head: bool,
}

/// What the backward pass needs.
#[derive(Default)]
struct Tape {
    layers: Vec<Record>,
}

struct Record {
    /// The layer's input and the convolution's output.
    input: Vec<f32>,
    convolved: Vec<f32>,
    statistics: BatchStatistics,
}

impl Drop for Record {
    fn drop(&mut self) {
        buffers::give(std::mem::take(&mut self.input));
        buffers::give(std::mem::take(&mut self.convolved));
    }
}

struct Trunk {
    layers: Vec<Layer>,
    tape: Arc<Mutex<Tape>>,
}

fn lock(tape: &Mutex<Tape>) -> std::sync::MutexGuard<'_, Tape> {
    tape.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Splits the numbers of a layer from the front.
fn split<'a>(numbers: &mut &'a [f32], sizes: [usize; 3]) -> [&'a [f32]; 3] {
    sizes.map(|size| {
        let (front, rest) = numbers.split_at(size);
        *numbers = rest;
        front
    })
}

impl CustomOp2 for Trunk {
    fn name(&self) -> &'static str {
        "trunk"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        numbers: &CpuStorage,
        numbers_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let x = contiguous_f32(x, x_layout)?;
        let mut numbers = contiguous_f32(numbers, numbers_layout)?;
        let (mut records, mut means) = (Vec::new(), Vec::new());
        let Some(first) = self.layers.first() else {
            candle_core::bail!("a trunk needs at least one layer");
        };
        let mut values = Vec::new();
        if !x.is_empty() {
            values = first.convolution.from.block_planes(x);
        }
        for layer in &self.layers {
            let [kernel, weight, bias] = split(&mut numbers, layer.sizes);
            let convolved = layer.convolution.forward(&values, kernel);
            let (output, statistics) = layer.norm.forward(&convolved, weight, bias)?;
            records.push(Record {
                input: std::mem::replace(&mut values, output),
                convolved,
                statistics,
            });
            if layer.feeds_head {
                means.extend(mel_means::forward(layer.norm.to, &values));
            }
        }
        lock(&self.tape).layers = records;
        buffers::give(values);
        let count = means.len();
        Ok((CpuStorage::F32(means), count.into()))
    }

    fn bwd(
        &self,
        _x: &Tensor,
        numbers: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let of_numbers = with_elements(numbers, |numbers| {
            with_elements(gradient, |gradient| self.gradients(numbers, gradient))
        })???;
        let of_numbers = Tensor::from_vec(of_numbers, numbers.shape(), numbers.device())?;
        Ok((None, Some(of_numbers)))
    }
}

impl Trunk {
    /// The gradient of all numbers, in their order, given that of the means of all layers that feed the head.
    fn gradients(&self, mut numbers: &[f32], mut of_means: &[f32]) -> Result<Vec<f32>> {
        let tape = lock(&self.tape);
        let mut of_numbers = Vec::with_capacity(numbers.len());
        let mut parts = Vec::new();
        for layer in &self.layers {
            parts.push(split(&mut numbers, layer.sizes));
        }
        let mut gradient = Vec::new();
        let layers = self.layers.iter().zip(&tape.layers).zip(&parts);
        for (index, ((layer, record), [kernel, weight, bias])) in layers.enumerate().rev() {
            if layer.feeds_head {
                let before = of_means.len() - mel_means::count(layer.norm.to);
                let (rest, of_these) = of_means.split_at(before);
                of_means = rest;
                mel_means::add_gradient(layer.norm.to, of_these, &mut gradient);
            }
            let [of_convolved, of_weight, of_bias] = layer.norm.gradients(
                &record.convolved,
                &gradient,
                weight,
                bias,
                &record.statistics,
            )?;
            let of_kernel = layer
                .convolution
                .gradient_of_kernel(&record.input, &of_convolved);
            if index > 0 {
                let of_input = layer.convolution.gradient_of_x(&of_convolved, kernel);
                buffers::give(std::mem::replace(&mut gradient, of_input));
            }
            buffers::give(of_convolved);
            // From the last layer to the first, each part reversed; the whole is reversed at the end.
            for part in [of_bias, of_weight, of_kernel] {
                of_numbers.extend(part.into_iter().rev());
            }
        }
        of_numbers.reverse();
        buffers::give(gradient);
        Ok(of_numbers)
    }
}
