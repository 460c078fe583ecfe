//! An inverted residual unit: expansion, depthwise convolution, projection.

use super::Weights;
use super::affine::batch_norm_affine;
use crate::kernels::{
    Counts, InstructionSet, Map, MapPair, MapShape, PackedDepthwise, PackedPointwise,
    UnitConvolution,
};
use crate::network::{Algebra, POOLING, TrunkConvolution};

/// The weights of a unit, packed, batch norm folded in.
pub(super) struct Unit {
    set: InstructionSet,
    group: usize,
    expansion: PackedPointwise,
    depthwise: PackedDepthwise,
    projection: PackedPointwise,
    kernel_size: usize,
    pools: bool,
    residual: bool,
    mels: usize,
    rows_per_column: usize,
}

/// The maps inside a unit for one stream.
pub(super) struct UnitMaps {
    /// What the expansion gives, with the rows before.
    expanded: MapPair,
    /// What the depthwise convolution gives, pooled where it pools.
    mixed: MapPair,
    scratch: Vec<f32>,
}

impl Unit {
    /// Of its three convolutions, in order.
    ///
    /// # Panics
    /// If a weight is missing.
    pub(super) fn new(
        [expansion, depthwise, projection]: [&TrunkConvolution; 3],
        algebra: Algebra,
        mels: usize,
        rows_per_column: usize,
        weights: &Weights,
        set: InstructionSet,
    ) -> Self {
        let affine = |layer: &TrunkConvolution| batch_norm_affine(weights, &layer.norm());
        let affines = [expansion, depthwise, projection].map(affine);
        let convolution = |layer: &TrunkConvolution, index: usize| {
            let (scale, shift): &(Vec<f32>, Vec<f32>) = &affines[index];
            UnitConvolution {
                weights: &weights[&layer.kernel()],
                group: algebra.group(),
                counts: Counts {
                    inputs: algebra.units(layer.inputs),
                    outputs: algebra.units(layer.outputs),
                },
                scale,
                shift,
                relu: layer.relu,
            }
        };
        Self {
            set,
            group: algebra.group(),
            expansion: PackedPointwise::new(convolution(expansion, 0), set),
            depthwise: PackedDepthwise::new(
                convolution(depthwise, 1),
                depthwise.kernel_size,
                depthwise.pools,
                set,
            ),
            projection: PackedPointwise::new(convolution(projection, 2), set),
            kernel_size: depthwise.kernel_size,
            pools: depthwise.pools,
            residual: projection.residual,
            mels,
            rows_per_column,
        }
    }

    /// Bytes of the packed weights.
    pub(super) fn size_bytes(&self) -> usize {
        self.expansion.size_bytes() + self.depthwise.size_bytes() + self.projection.size_bytes()
    }

    /// Maps for a stream of chunks of up to `columns` columns. Allocates.
    pub(super) fn maps(&self, columns: usize) -> UnitMaps {
        let rows = self.rows_per_column * columns;
        let channels = self.depthwise.channels();
        let expanded = MapShape {
            channels,
            rows,
            mels: self.mels,
            lanes: self.set.lanes(),
            reach: self.kernel_size / 2,
        };
        let mixed = MapShape {
            rows: self.halved(rows),
            mels: self.halved(self.mels),
            reach: 0,
            ..expanded
        };
        UnitMaps {
            expanded: MapPair::new(self.group, expanded, self.set),
            mixed: MapPair::new(self.group, mixed, self.set),
            scratch: vec![0.0; self.depthwise.scratch(self.mels)],
        }
    }

    /// Computes `rows` rows of the input. Allocates nothing.
    pub(super) fn run(
        &self,
        input: &MapPair,
        rows: usize,
        maps: &mut UnitMaps,
        output: &mut MapPair,
    ) {
        let UnitMaps {
            expanded,
            mixed,
            scratch,
        } = maps;
        self.expansion
            .run(input.view(), rows, None, expanded.view_mut());
        self.depthwise
            .run(expanded.view(), rows, mixed.view_mut(), scratch);
        expanded.advance(rows);
        let residual = self.residual.then(|| input.view().straight);
        self.projection
            .run(mixed.view(), self.halved(rows), residual, output.view_mut());
    }

    fn halved(&self, size: usize) -> usize {
        if self.pools { size / POOLING } else { size }
    }
}

impl UnitMaps {
    /// The maps that have a history.
    pub(super) fn with_history(&mut self) -> [&mut Map; 2] {
        let MapPair {
            straight,
            transformed,
        } = &mut self.expanded;
        [straight, transformed]
    }
}
