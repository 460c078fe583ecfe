//! The network on candle: whole clips, batches, gradients.

use std::collections::BTreeMap;

use candle_core::{Device, Result, Tensor};

use super::architecture::{Algebra, Architecture, Separable};
use super::layers::{ConvolutionKind, TrunkConvolution};
use super::matrices::Maps;
use super::parameters::ParameterKind;
use super::pooled_tensors::join;
use crate::blocked::{NormedKernel, StepKind, TrunkStep, causal_convolution, trunk};
use crate::features::COMPONENTS;
use crate::kernels::BATCH_NORM_EPSILON;
use crate::operations::{average_pool, batch_norm};
use crate::quaternion::{depthwise, pointwise, quaternion_linear};

/// A network over named tensors (names and shapes from [`Architecture::parameters`]). The tensors
/// may be variables: then everything here is differentiable with respect to them.
pub struct Network {
    architecture: Architecture,
    mel_bands: usize,
    tensors: BTreeMap<String, Tensor>,
}

/// Mean and variance (biased) of each batch norm in one training batch, by the norm's name; one value a
/// channel.
pub type NormStatistics = Vec<(String, [Tensor; 2])>;

impl Network {
    /// Takes the tensors the architecture names out of `tensors` (shared, not copied).
    ///
    /// # Errors
    /// If one is missing or has another shape.
    pub fn new(
        architecture: &Architecture,
        mel_bands: usize,
        tensors: &BTreeMap<String, Tensor>,
    ) -> Result<Self> {
        let mut taken = BTreeMap::new();
        for expected in architecture.parameters(mel_bands) {
            let Some(tensor) = tensors.get(&expected.name) else {
                candle_core::bail!("tensor {} is missing", expected.name)
            };
            if tensor.dims() != expected.shape {
                candle_core::bail!(
                    "tensor {} is {:?}, not {:?}",
                    expected.name,
                    tensor.dims(),
                    expected.shape
                )
            }
            taken.insert(expected.name, tensor.clone());
        }
        Ok(Self {
            architecture: architecture.clone(),
            mel_bands,
            tensors: taken,
        })
    }

    /// The shape of the network.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// Quaternion frames (`batch × 4 × time × mel`) to columns (`batch × columns ×`
    /// [`column_size`](Architecture::column_size)), with the running statistics.
    ///
    /// # Errors
    /// If `frames` has another shape or candle fails.
    pub fn columns(&self, frames: &Tensor) -> Result<Tensor> {
        self.trunk(frames, &mut |layer, x| {
            let (scale, shift) = self.running_affine(&layer.norm())?;
            let shape = (1, x.dim(1)?, 1, 1);
            x.broadcast_mul(&scale.reshape(shape)?)?
                .broadcast_add(&shift.reshape(shape)?)
        })
    }

    /// Like [`columns`](Self::columns), with the batch's own statistics, which are returned. The
    /// input norm keeps its running ones: they are measured over the training set beforehand.
    ///
    /// # Errors
    /// If `frames` has another shape or candle fails.
    pub fn training_columns(&self, frames: &Tensor) -> Result<(Tensor, NormStatistics)> {
        let full = |layer: &TrunkConvolution| layer.kind == ConvolutionKind::Full;
        match frames.device() {
            Device::Cpu => self.blocked_training_columns(frames),
            _ if self.architecture.layers().iter().all(full) => {
                self.training_columns_by_matrices(frames)
            }
            _ => self.training_columns_by_operations(frames),
        }
    }

    /// [`training_columns`](Self::training_columns) by candle's own operations, layer by layer: slow, for any device and any
    /// trunk, the reference for the others.
    ///
    /// # Errors
    /// If `frames` has another shape or candle fails.
    pub fn training_columns_by_operations(
        &self,
        frames: &Tensor,
    ) -> Result<(Tensor, NormStatistics)> {
        let mut all = Vec::new();
        let columns = self.trunk(frames, &mut |layer, x| {
            let name = layer.norm();
            let part = |part: &str| self.tensor(&format!("{name}.{part}"));
            let (y, [mean, variance]) = batch_norm(x, part("weight"), part("bias"))?;
            all.push((name, [mean, variance]));
            Ok(y)
        })?;
        Ok((columns, all))
    }

    /// [`training_columns`](Self::training_columns) for devices that are fast at products of matrices;
    /// it runs on any.
    ///
    /// # Errors
    /// If `frames` has another shape or candle fails.
    pub fn training_columns_by_matrices(
        &self,
        frames: &Tensor,
    ) -> Result<(Tensor, NormStatistics)> {
        let (mut all, mut levels) = (Vec::new(), Vec::new());
        let mut maps = Maps::new(&self.normalise_input(frames)?)?;
        for layer in self.architecture.layers() {
            let name = layer.norm();
            let part = |part: &str| self.tensor(&format!("{name}.{part}"));
            let kernel = self.tensor(&layer.kernel());
            let (after, statistics) = maps.layer(kernel, part("weight"), part("bias"))?;
            maps = if layer.pools { after.pool()? } else { after };
            all.push((name, statistics));
            if layer.ends_block && self.architecture.feeds_head(layer.block) {
                levels.push(maps.means()?);
            }
        }
        Ok((self.columns_of(&levels)?, all))
    }

    /// [`training_columns`](Self::training_columns) in the kernels' own layout.
    fn blocked_training_columns(&self, frames: &Tensor) -> Result<(Tensor, NormStatistics)> {
        let (layers, mut steps) = (self.architecture.layers(), Vec::new());
        let mut rest = &layers[..];
        while let Some(first) = rest.first() {
            let convolutions = if first.begins_unit() {
                Separable::LAYERS
            } else {
                1
            };
            let (step, after) = rest.split_at(convolutions);
            rest = after;
            steps.push(self.trunk_step(step));
        }
        let frames = self.normalise_input(frames)?;
        let (levels, statistics) = trunk(&frames, self.architecture.algebra.group(), &steps)?;
        let tensor = |values| Tensor::new::<Vec<f32>>(values, &Device::Cpu);
        let statistics = statistics
            .into_iter()
            .map(|of_batch| Ok([tensor(of_batch.mean)?, tensor(of_batch.variance)?]))
            .collect::<Result<Vec<_>>>()?;
        let names = layers.iter().map(TrunkConvolution::norm);
        Ok((self.columns_of(&levels)?, names.zip(statistics).collect()))
    }

    /// A 3×3 convolution, or the three of a separable unit, with their tensors.
    fn trunk_step(&self, layers: &[TrunkConvolution]) -> TrunkStep<'_> {
        let normed = |layer: &TrunkConvolution| {
            let name = layer.norm();
            NormedKernel {
                kernel: self.tensor(&layer.kernel()),
                weight: self.tensor(&format!("{name}.weight")),
                bias: self.tensor(&format!("{name}.bias")),
            }
        };
        let (kind, last) = match layers {
            [expansion, depthwise, projection] => {
                let kind = StepKind::Unit {
                    convolutions: [expansion, depthwise, projection].map(normed),
                    residual: projection.residual,
                };
                (kind, projection)
            }
            _ => (StepKind::Convolution(normed(&layers[0])), &layers[0]),
        };
        TrunkStep {
            kind,
            pools: layers.iter().any(|layer| layer.pools),
            feeds_head: last.ends_block && self.architecture.feeds_head(last.block),
        }
    }

    /// The means over mel of the blocks that feed the head to columns.
    fn columns_of(&self, levels: &[Tensor]) -> Result<Tensor> {
        let blocks = 0..self.architecture.blocks.len();
        let feeding = blocks.filter(|&block| self.architecture.feeds_head(block));
        let rows = feeding.map(|block| self.architecture.rows_per_column(block));
        join(levels, rows)
    }

    /// Columns to the features of the window that they make up (`batch × features`), see
    /// [`TemporalPooling`](super::TemporalPooling).
    ///
    /// # Errors
    /// If there is no column or candle fails.
    pub fn window_features(&self, columns: &Tensor) -> Result<Tensor> {
        self.architecture.feature_layout().features_of(columns)
    }

    /// Window features to what the output layer reads: the hidden layer's output (`batch × 4·hidden`),
    /// or the features where there is none.
    ///
    /// # Errors
    /// If candle fails.
    pub fn hidden(&self, features: &Tensor) -> Result<Tensor> {
        match self.architecture.hidden {
            0 => Ok(features.clone()),
            _ => self.hidden_sums(features)?.relu(),
        }
    }

    /// The hidden layer before its ReLU (`batch × 4·hidden`).
    ///
    /// # Errors
    /// If the network has no hidden layer or candle fails.
    pub fn hidden_sums(&self, features: &Tensor) -> Result<Tensor> {
        if self.architecture.hidden == 0 {
            candle_core::bail!("this network has no hidden layer");
        }
        let kernel = self.tensor("head.hidden.kernel");
        let bias = self.tensor("head.hidden.bias");
        match self.architecture.algebra {
            Algebra::Quaternion => quaternion_linear(features, kernel, bias),
            Algebra::Real => features.matmul(&kernel.t()?)?.broadcast_add(bias),
        }
    }

    /// The output of [`hidden`](Self::hidden) to logits (`batch × labels`).
    ///
    /// # Errors
    /// If candle fails.
    pub fn logits(&self, hidden: &Tensor) -> Result<Tensor> {
        let weight = self.tensor("head.output.weight").t()?;
        hidden
            .matmul(&weight)?
            .broadcast_add(self.tensor("head.output.bias"))
    }

    /// Columns by candle's own operations; `norm` is the batch norm of a layer.
    fn trunk(
        &self,
        frames: &Tensor,
        norm: &mut dyn FnMut(&TrunkConvolution, &Tensor) -> Result<Tensor>,
    ) -> Result<Tensor> {
        let mut x = self.normalise_input(frames)?;
        let (mut levels, mut unit_input) = (Vec::new(), x.clone());
        for layer in self.architecture.layers() {
            let kernel = self.tensor(&layer.kernel());
            if layer.begins_unit() {
                unit_input = x.clone();
            }
            x = match layer.kind {
                ConvolutionKind::Full => causal_convolution(&x, kernel)?,
                ConvolutionKind::Pointwise => pointwise(&x, kernel)?,
                ConvolutionKind::Depthwise => depthwise(&x, kernel)?,
            };
            x = norm(&layer, &x)?;
            if layer.relu {
                x = x.relu()?;
            }
            if layer.residual {
                x = (x + &unit_input)?;
            }
            if layer.pools {
                x = average_pool(&x)?;
            }
            if layer.ends_block && self.architecture.feeds_head(layer.block) {
                levels.push(x.mean(3)?.transpose(1, 2)?);
            }
        }
        self.columns_of(&levels)
    }

    fn normalise_input(&self, frames: &Tensor) -> Result<Tensor> {
        let (_, components, _, mels) = frames.dims4()?;
        if (components, mels) != (COMPONENTS, self.mel_bands) {
            candle_core::bail!(
                "frames are {:?}, not ? × 4 × ? × {}",
                frames.dims(),
                self.mel_bands
            )
        }
        let (scale, shift) = self.running_affine("input_norm")?;
        let shape = (1, COMPONENTS, 1, self.mel_bands);
        frames
            .broadcast_mul(&scale.reshape(shape)?)?
            .broadcast_add(&shift.reshape(shape)?)
    }

    /// A batch norm with its running statistics as scale and shift.
    fn running_affine(&self, name: &str) -> Result<(Tensor, Tensor)> {
        let part = |part: &str| self.tensor(&format!("{name}.{part}"));
        let deviation = (part("variance") + f64::from(BATCH_NORM_EPSILON))?.sqrt()?;
        let scale = part("weight").div(&deviation)?;
        let shift = (part("bias") - (part("mean") * &scale)?)?;
        Ok((scale, shift))
    }

    fn tensor(&self, name: &str) -> &Tensor {
        &self.tensors[name] // `new` took every name the architecture has
    }

    /// The tensors that training adjusts, with their kinds.
    pub fn trained(&self) -> impl Iterator<Item = (&str, &Tensor, ParameterKind)> {
        let kinds: BTreeMap<String, ParameterKind> = self
            .architecture
            .parameters(self.mel_bands)
            .into_iter()
            .map(|shape| (shape.name, shape.kind))
            .collect();
        self.tensors.iter().filter_map(move |(name, tensor)| {
            let kind = kinds[name];
            let trained = kind != ParameterKind::Statistic && !name.starts_with("input_norm");
            trained.then_some((name.as_str(), tensor, kind))
        })
    }
}
