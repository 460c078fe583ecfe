//! The backward pass of an inverted residual unit, from its last convolution to its first.

use candle_core::Result;

use super::buffers;
use super::norm::{NormGradients, Sums};
use super::scratch::{WeightSum, for_tasks, sum_samples};
use super::unit::{
    DEPTHWISE, EXPANSION, PARTS, PROJECTION, Stage, Unit, UnitNumbers, UnitRecord, straight,
};
use crate::kernels::{
    Buffer, Counts, DepthwiseGradient, MapRef, MapShape, PointwiseGradient, adjoint_depthwise,
    adjoint_pointwise,
};

/// The gradients of all numbers, in the order of [`UnitNumbers`].
pub(super) type UnitGradients = [[Vec<f32>; 3]; PARTS];

/// Of the input of a convolution: its gradient, that of the kernel, and the sums for the batch norm before.
type OfConvolution = (Buffer, Vec<f32>, Sums);

impl WeightSum for PointwiseGradient {
    fn merge(&mut self, other: &Self) {
        self.merge(other);
    }
}

impl WeightSum for DepthwiseGradient {
    fn merge(&mut self, other: &Self) {
        self.merge(other);
    }
}

impl Unit {
    /// The gradients of all numbers given that of the output, and that of the input if it is wanted.
    pub(super) fn gradients(
        &self,
        x: &[f32],
        record: &UnitRecord,
        gradient: &[f32],
        numbers: UnitNumbers<'_>,
        wants_input: bool,
    ) -> Result<(UnitGradients, Option<Buffer>)> {
        let stage = |part: usize| {
            let statistics = record.statistics[part].clone();
            self.stage_of(part, &record.convolved[part], statistics, numbers)
        };
        let stages = [stage(EXPANSION)?, stage(DEPTHWISE)?, stage(PROJECTION)?];
        let kernel = |part: usize| numbers[part][0];

        let sums = sum_samples(self.to.batch, |sample| {
            stages[PROJECTION].sums(sample, self.to.sample(gradient, sample))
        });
        let projection = stages[PROJECTION].gradients(&sums);
        let (of_mixed, of_projection, sums) =
            self.through_projection(&stages, gradient, &projection, kernel(PROJECTION));

        let depthwise = stages[DEPTHWISE].gradients(&sums);
        let (of_expanded, of_depthwise, sums) =
            self.through_depthwise(&stages, &of_mixed, &depthwise, kernel(DEPTHWISE));
        buffers::give(of_mixed);

        let expansion = stages[EXPANSION].gradients(&sums);
        let residual = self.residual.then_some(gradient);
        let ends = Ends {
            x,
            residual,
            wants_input,
        };
        let (of_input, of_expansion, _) =
            self.through_expansion(&stages, ends, &of_expanded, &expansion, kernel(EXPANSION));
        buffers::give(of_expanded);

        let of = |kernel: Vec<f32>, norm: NormGradients| [kernel, norm.of_weight, norm.of_bias];
        let gradients = [
            of(of_expansion, expansion),
            of(of_depthwise, depthwise),
            of(of_projection, projection),
        ];
        Ok((gradients, wants_input.then_some(of_input)))
    }

    fn through_projection(
        &self,
        stages: &[Stage<'_>; PARTS],
        of_output: &[f32],
        of_norm: &NormGradients,
        kernel: &[f32],
    ) -> OfConvolution {
        let (narrow, mixed) = (self.norms[PROJECTION].shape, self.mixed);
        let counts = self.counts[PROJECTION];
        let adjoint = adjoint_pointwise(kernel, narrow.group, counts);
        let adjoint = self.pointwise(&adjoint, exchanged(counts));
        let fresh = || PointwiseGradient::new(narrow.group, counts, narrow.set);
        let (of_mixed, weights, sums) =
            for_tasks(mixed, true, fresh, |weights, sample, output, scratch| {
                let [pair, input] = &mut scratch.pairs;
                let gradient = self.to.sample(of_output, sample);
                let to = pair.prepare(narrow);
                stages[PROJECTION].write_gradient(sample, gradient, of_norm, to);
                stages[DEPTHWISE].write(sample, input.prepare_straight(mixed));
                weights.add(input.view().straight, pair.view().straight);
                let rows = narrow.map.rows;
                adjoint.run(pair.view(), rows, None, straight(output, mixed));
                stages[DEPTHWISE].sums(sample, map(output, mixed.map))
            });
        (of_mixed, weights.weights(), sums)
    }

    fn through_depthwise(
        &self,
        stages: &[Stage<'_>; PARTS],
        of_mixed: &[f32],
        of_norm: &NormGradients,
        kernel: &[f32],
    ) -> OfConvolution {
        let expanded = self.norms[EXPANSION].shape;
        let (group, size) = (expanded.group, self.kernel_size);
        let adjoint = self.depthwise(&adjoint_depthwise(kernel, group, size));
        let units = self.counts[DEPTHWISE].outputs;
        let fresh = || DepthwiseGradient::new(group, units, size, expanded.set);
        let (of_expanded, weights, sums) =
            for_tasks(expanded, true, fresh, |weights, sample, output, scratch| {
                let ([pair, input], line) = scratch.parts(adjoint.scratch(expanded.map.mels));
                let gradient = self.mixed.sample(of_mixed, sample);
                let to = pair.prepare(self.bordered_at_both_ends());
                stages[DEPTHWISE].write_gradient(sample, gradient, of_norm, to);
                stages[EXPANSION].write(sample, input.prepare(self.bordered()));
                weights.add(input.view(), pair.view().straight);
                let rows = expanded.map.rows;
                adjoint.run(pair.anticausal(), rows, straight(output, expanded), line);
                stages[EXPANSION].sums(sample, map(output, expanded.map))
            });
        (of_expanded, weights.weights(), sums)
    }

    fn through_expansion(
        &self,
        stages: &[Stage<'_>; PARTS],
        ends: Ends<'_>,
        of_expanded: &[f32],
        of_norm: &NormGradients,
        kernel: &[f32],
    ) -> OfConvolution {
        let (from, expanded) = (self.from, self.norms[EXPANSION].shape);
        let counts = self.counts[EXPANSION];
        let adjoint = adjoint_pointwise(kernel, from.group, counts);
        let adjoint = self.pointwise(&adjoint, exchanged(counts));
        let fresh = || PointwiseGradient::new(from.group, counts, from.set);
        let wanted = ends.wants_input;
        let (of_input, weights, sums) =
            for_tasks(from, wanted, fresh, |weights, sample, output, scratch| {
                let [pair, _] = &mut scratch.pairs;
                let gradient = expanded.sample(of_expanded, sample);
                let to = pair.prepare(expanded);
                stages[EXPANSION].write_gradient(sample, gradient, of_norm, to);
                weights.add(from.sample(ends.x, sample), pair.view().straight);
                if wanted {
                    let residual = ends
                        .residual
                        .map(|of_output| self.to.sample(of_output, sample));
                    let rows = from.map.rows;
                    adjoint.run(pair.view(), rows, residual, straight(output, from));
                }
                Sums::default()
            });
        (of_input, weights.weights(), sums)
    }
}

/// The input of a unit, the gradient of its output where that is added to the gradient of the input, and whether the latter
/// is wanted.
#[derive(Clone, Copy)]
struct Ends<'a> {
    x: &'a [f32],
    residual: Option<&'a [f32]>,
    wants_input: bool,
}

fn exchanged(Counts { inputs, outputs }: Counts) -> Counts {
    Counts {
        inputs: outputs,
        outputs: inputs,
    }
}

fn map(values: &[f32], shape: MapShape) -> MapRef<'_> {
    MapRef { values, shape }
}
