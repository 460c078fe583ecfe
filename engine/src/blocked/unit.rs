//! An inverted residual unit (expansion, depthwise convolution, projection, each with batch norm) as one step of a trunk.
//!
//! The maps between its convolutions are the largest of a trunk, and reading and writing them takes as long as the
//! arithmetic. So only what a convolution gives is kept, before its batch norm. What lies between two convolutions (batch
//! norm, ReLU, pooling, transforms) is computed again in each pass that reads it, sample by sample, into a scratch map that
//! stays in the cache. The sums for batch norm are made while a sample is in the cache, and added in the order of the
//! samples.

use candle_core::Result;

use super::norm::{Affine, Norm, NormGradients, Sums};
use super::scratch::for_samples;
use super::{BatchShape, buffers};
use crate::kernels::{
    Backward, Buffer, Counts, MapMut, MapRef, PackedDepthwise, PackedPointwise, PairMut,
    UnitConvolution, scale,
};
use crate::operations::BatchStatistics;

/// Convolutions of a unit: expansion, depthwise convolution, projection.
pub(super) const PARTS: usize = 3;
/// The index of each.
pub(super) const EXPANSION: usize = 0;
pub(super) const DEPTHWISE: usize = 1;
pub(super) const PROJECTION: usize = 2;

/// Kernel, weights and biases of each convolution.
pub(super) type UnitNumbers<'a> = [[&'a [f32]; 3]; PARTS];

pub(super) struct Unit {
    pub(super) from: BatchShape,
    /// What the projection reads: pooled, if the unit pools.
    pub(super) mixed: BatchShape,
    pub(super) to: BatchShape,
    /// The batch norm behind each convolution, with the size of what that gives.
    pub(super) norms: [Norm; PARTS],
    pub(super) counts: [Counts; PARTS],
    pub(super) kernel_size: usize,
    pub(super) pools: bool,
    pub(super) residual: bool,
}

/// What the backward pass needs beside the input: what each convolution gave.
pub(super) struct UnitRecord {
    pub(super) convolved: [Buffer; PARTS],
    pub(super) statistics: [BatchStatistics; PARTS],
}

impl UnitRecord {
    pub(super) fn statistics(&self) -> Vec<BatchStatistics> {
        self.statistics.to_vec()
    }
}

impl Drop for UnitRecord {
    fn drop(&mut self) {
        for buffer in &mut self.convolved {
            buffers::give(std::mem::take(buffer));
        }
    }
}

/// The units that a pointwise kernel connects.
fn pointwise_counts(group: usize, kernel: &[usize]) -> Result<Counts> {
    match (group, kernel) {
        (4, &[4, outputs, inputs, 1, 1]) | (1, &[outputs, inputs, 1, 1]) => {
            Ok(Counts { inputs, outputs })
        }
        _ => candle_core::bail!("a 1×1 kernel of {kernel:?} is not one for units of {group}"),
    }
}

/// Units and size of a depthwise kernel.
fn depthwise_size(group: usize, kernel: &[usize]) -> Result<(usize, usize)> {
    match (group, kernel) {
        (4, &[4, units, 1, size @ (3 | 5), width]) | (1, &[units, 1, size @ (3 | 5), width])
            if size == width =>
        {
            Ok((units, size))
        }
        _ => candle_core::bail!("a depthwise kernel of {kernel:?} is not one for units of {group}"),
    }
}

impl Unit {
    /// For inputs without borders; the output gets `reach`. Refuses kernels that do not go together, and what would be
    /// pooled away.
    pub(super) fn new(
        from: BatchShape,
        kernels: [&[usize]; PARTS],
        pools: bool,
        residual: bool,
        reach: usize,
    ) -> Result<Self> {
        let group = from.group;
        let expansion = pointwise_counts(group, kernels[EXPANSION])?;
        let (units, kernel_size) = depthwise_size(group, kernels[DEPTHWISE])?;
        let projection = pointwise_counts(group, kernels[PROJECTION])?;
        if expansion.inputs * group != from.map.channels
            || (expansion.outputs, units) != (units, projection.inputs)
        {
            candle_core::bail!(
                "kernels of {kernels:?} for {} channels do not go together",
                from.map.channels
            );
        }
        if residual && (pools || expansion.inputs != projection.outputs) {
            candle_core::bail!("a residual unit whose output has another size than its input");
        }
        let expanded = from.with(units * group, from.map.rows, from.map.mels);
        let mixed = expanded.pooled(pools)?;
        let narrow = mixed.with(projection.outputs * group, mixed.map.rows, mixed.map.mels);
        let depthwise = Counts {
            inputs: units,
            outputs: units,
        };
        let norm = |shape, relu| Norm { shape, relu };
        Ok(Self {
            from,
            mixed,
            to: narrow.with_reach(reach),
            norms: [
                norm(expanded, true),
                norm(expanded, true),
                norm(narrow, false),
            ],
            counts: [expansion, depthwise, projection],
            kernel_size,
            pools,
            residual,
        })
    }

    pub(super) fn forward(
        &self,
        x: &[f32],
        numbers: UnitNumbers<'_>,
    ) -> Result<(Buffer, UnitRecord)> {
        let [expanded, _, narrow] = self.norms.each_ref().map(|norm| norm.shape);
        let (rows, set) = (self.from.map.rows, self.from.set);

        let kernel = self.pointwise(numbers[EXPANSION][0], self.counts[EXPANSION]);
        let (of_expansion, sums) = for_samples(expanded, |sample, output, scratch| {
            let [pair, _] = &mut scratch.pairs;
            let input = pair.with_transform(self.from, self.from.sample(x, sample));
            kernel.run(input, rows, None, straight(output, expanded));
            self.norms[EXPANSION].moments(output)
        });
        let expansion = self.stage(EXPANSION, &of_expansion, &sums, numbers)?;

        let kernel = self.depthwise(numbers[DEPTHWISE][0]);
        let (of_depthwise, sums) = for_samples(expanded, |sample, output, scratch| {
            let ([pair, _], line) = scratch.parts(kernel.scratch(expanded.map.mels));
            expansion.write(sample, pair.prepare(self.bordered()));
            kernel.run(pair.view(), rows, straight(output, expanded), line);
            self.norms[DEPTHWISE].moments(output)
        });
        let depthwise = self.stage(DEPTHWISE, &of_depthwise, &sums, numbers)?;

        let kernel = self.pointwise(numbers[PROJECTION][0], self.counts[PROJECTION]);
        let (of_projection, sums) = for_samples(narrow, |sample, output, scratch| {
            let [pair, _] = &mut scratch.pairs;
            depthwise.write(sample, pair.prepare(self.mixed));
            let rows = narrow.map.rows;
            kernel.run(pair.view(), rows, None, straight(output, narrow));
            self.norms[PROJECTION].moments(output)
        });
        let projection = self.stage(PROJECTION, &of_projection, &sums, numbers)?;

        let (output, _) = for_samples(self.to, |sample, output, _| {
            self.to.map.clear_borders(output);
            let residual = self.residual.then(|| self.from.sample(x, sample));
            let input = narrow.sample(&of_projection, sample);
            let affine = projection.affine.view();
            scale(
                set,
                input,
                affine,
                false,
                residual,
                straight(output, self.to),
            );
            Sums::default()
        });
        let statistics = [expansion, depthwise, projection].map(|stage| stage.statistics);
        let record = UnitRecord {
            convolved: [of_expansion, of_depthwise, of_projection],
            statistics,
        };
        Ok((output, record))
    }

    /// What the depthwise convolution reads: with history and borders.
    pub(super) fn bordered(&self) -> BatchShape {
        self.norms[EXPANSION].shape.with_reach(self.kernel_size / 2)
    }

    /// The same with as many rows more at the end as there are before the first.
    pub(super) fn bordered_at_both_ends(&self) -> BatchShape {
        let shape = self.bordered();
        let map = shape.map;
        shape.with(map.channels, map.rows + map.history(), map.mels)
    }

    /// A 1×1 convolution without batch norm.
    pub(super) fn pointwise(&self, weights: &[f32], counts: Counts) -> PackedPointwise {
        self.bare(weights, counts, |convolution| {
            PackedPointwise::new(convolution, self.from.set)
        })
    }

    /// A depthwise convolution without batch norm and pooling.
    pub(super) fn depthwise(&self, weights: &[f32]) -> PackedDepthwise {
        self.bare(weights, self.counts[DEPTHWISE], |convolution| {
            PackedDepthwise::new(convolution, self.kernel_size, false, self.from.set)
        })
    }

    fn bare<P>(
        &self,
        weights: &[f32],
        counts: Counts,
        pack: impl Fn(UnitConvolution<'_>) -> P,
    ) -> P {
        let group = self.from.group;
        let channels = counts.outputs * group;
        pack(UnitConvolution {
            weights,
            group,
            counts,
            scale: &vec![1.0; channels],
            shift: &vec![0.0; channels],
            relu: false,
        })
    }

    fn stage<'a>(
        &'a self,
        part: usize,
        convolved: &'a [f32],
        moments: &Sums,
        numbers: UnitNumbers<'_>,
    ) -> Result<Stage<'a>> {
        let statistics = self.norms[part].statistics(moments);
        self.stage_of(part, convolved, statistics, numbers)
    }

    /// What follows a convolution, with known statistics.
    pub(super) fn stage_of<'a>(
        &'a self,
        part: usize,
        convolved: &'a [f32],
        statistics: BatchStatistics,
        numbers: UnitNumbers<'_>,
    ) -> Result<Stage<'a>> {
        let [_, weight, bias] = numbers[part];
        let norm = &self.norms[part];
        Ok(Stage {
            affine: norm.affine(&statistics, weight, bias)?,
            pools: self.pools && part == DEPTHWISE,
            norm,
            convolved,
            statistics,
        })
    }
}

/// What follows a convolution: batch norm, ReLU but after a projection, and pooling where the unit pools.
pub(super) struct Stage<'a> {
    pub(super) norm: &'a Norm,
    /// What the convolution gave.
    convolved: &'a [f32],
    statistics: BatchStatistics,
    affine: Affine,
    pools: bool,
}

impl Stage<'_> {
    fn input(&self, sample: usize) -> MapRef<'_> {
        self.norm.shape.sample(self.convolved, sample)
    }

    /// Computes a sample.
    pub(super) fn write(&self, sample: usize, output: PairMut<'_>) {
        let (set, input) = (self.norm.shape.set, self.input(sample));
        scale(set, input, self.affine.view(), self.pools, None, output);
    }

    fn backward<'a>(&'a self, sample: usize, gradient: MapRef<'a>) -> Backward<'a> {
        Backward {
            input: self.input(sample),
            gradient,
            affine: self.affine.view(),
            pools: self.pools,
        }
    }

    /// The sums of a sample that [`gradients`](Self::gradients) takes, given the gradient of its output.
    pub(super) fn sums(&self, sample: usize, gradient: MapRef<'_>) -> Sums {
        let call = self.backward(sample, gradient);
        self.norm.backward_sums(call, &self.statistics)
    }

    pub(super) fn gradients(&self, sums: &Sums) -> NormGradients {
        self.norm.gradients(sums, &self.affine, &self.statistics)
    }

    /// Writes the gradient of what the convolution gave for a sample.
    pub(super) fn write_gradient(
        &self,
        sample: usize,
        gradient: MapRef<'_>,
        of_norm: &NormGradients,
        output: PairMut<'_>,
    ) {
        let call = self.backward(sample, gradient);
        call.apply(self.norm.shape.set, of_norm.factors(), output);
    }
}

/// A sample to be written, without transforms.
pub(super) fn straight(values: &mut [f32], shape: BatchShape) -> PairMut<'_> {
    PairMut {
        straight: MapMut {
            values,
            shape: shape.map,
        },
        transformed: &mut [],
    }
}
