//! How much memory a network takes.

use super::architecture::{Architecture, CLIP_CHUNK};
use super::layers::{ConvolutionKind, TrunkConvolution};
use super::window::MAX_WINDOW_S;
use crate::features::{COMPONENTS, FeatureSettings};
use crate::kernels::POOLING;
use crate::kernels::{
    Counts, InstructionSet, LayerShape, Method, PackedDepthwise, PackedPointwise,
};

/// Columns at a time for which weights are packed: live, and files.
const CHUNKS: [usize; 2] = [1, CLIP_CHUNK];
/// Copies of the weights as the file has them: while they are read, and beside the packed ones.
const COPIES: f64 = 2.0;
/// The largest scratch memory of a kernel, in maps of the layers it runs on.
const MAPS_WITH_SCRATCH: f64 = 2.0;

impl Architecture {
    /// The most bytes that loading the network and running one live stream and one file takes, on any
    /// instruction set: the weights, their packed forms, activations, and the columns of the
    /// longest window. The bytes of the file are not part of it.
    pub fn memory_bytes(&self, features: &FeatureSettings) -> u64 {
        let bands = features.mel_bands;
        let shapes = self.parameters(bands);
        let weights: f64 = shapes.iter().map(|shape| shape.count() as f64).sum();
        let head = shapes.iter().filter(|shape| shape.name.starts_with("head"));
        let head: f64 = head.map(|shape| shape.count() as f64).sum();
        let float = size_of::<f32>() as f64;
        let column_s = self.frames_per_column() as f64 * features.hop_s();
        let window = f64::from(MAX_WINDOW_S) / column_s * self.column_size() as f64;
        let maps = MAPS_WITH_SCRATCH * self.activations(bands);
        // The head is packed in single and in half precision, with rows filled up to whole vectors.
        let floats = COPIES * weights + 2.0 * head + window + maps;
        (float * floats + self.packed_bytes(bands)) as u64
    }

    /// Bytes of the trunk's packed weights on the instruction set where they are most, in single precision or bfloat16.
    fn packed_bytes(&self, mel_bands: usize) -> f64 {
        let on = |(set, pairs): (InstructionSet, bool)| {
            let chunks = CHUNKS.into_iter().map(|columns| {
                let shapes = self.layer_shapes(mel_bands, columns);
                let methods = match columns {
                    1 => Method::for_live_layers(&shapes, set, pairs),
                    _ => Method::for_layers(&shapes, set, pairs),
                };
                let layers = shapes.iter().zip(methods);
                layers
                    .map(|(shape, method)| method.load(*shape, set).weight_bytes)
                    .sum::<f64>()
            });
            chunks.sum::<f64>() + self.separable_bytes(set) as f64
        };
        let sets = InstructionSet::ALL.into_iter();
        let choices = sets.flat_map(|set| [(set, false), (set, true)]);
        choices.map(on).fold(0.0, f64::max)
    }

    /// Every 3×3 convolution where `columns` columns are computed at a time.
    fn layer_shapes(&self, mel_bands: usize, columns: usize) -> Vec<LayerShape> {
        let group = self.algebra.group();
        let layers = self.layers().into_iter();
        let full = layers.filter(|layer| layer.kind == ConvolutionKind::Full);
        let shape = |layer: TrunkConvolution| LayerShape {
            group,
            counts: Counts {
                inputs: layer.inputs * COMPONENTS / group,
                outputs: layer.outputs * COMPONENTS / group,
            },
            rows: self.frames_per_column() / POOLING.pow(layer.poolings) * columns,
            mels: layer.mels(mel_bands),
        };
        full.map(shape).collect()
    }

    /// Bytes of the packed weights of all separable units on an instruction set.
    fn separable_bytes(&self, set: InstructionSet) -> usize {
        let group = self.algebra.group();
        let bytes = |layer: &TrunkConvolution| {
            let counts = Counts {
                inputs: layer.inputs * COMPONENTS / group,
                outputs: layer.outputs * COMPONENTS / group,
            };
            match layer.kind {
                ConvolutionKind::Full => 0,
                ConvolutionKind::Pointwise => PackedPointwise::weight_bytes(group, counts, set),
                ConvolutionKind::Depthwise => {
                    PackedDepthwise::weight_bytes(group, counts.outputs, layer.kernel_size, set)
                }
            }
        };
        self.layers().iter().map(bytes).sum()
    }
}
