//! Tensors, parameters, multiply-adds and memory of an architecture.

use super::architecture::Architecture;
use super::layers::TrunkConvolution;
use super::parameters::{ParameterKind, ParameterShape};
use crate::features::{COMPONENTS, FeatureSettings};
use crate::kernels::POOLING;

impl Architecture {
    /// Chunks of `columns` columns after which the outputs no longer depend on the state before them, to the bit. A
    /// convolution reads rows of the past; fast kernels transform the rows of a chunk together, so the rounding of
    /// each depends on all of them.
    pub fn chunks_of_memory(&self, columns: usize) -> usize {
        let mut rows = columns * self.frames_per_column();
        let mut chunks = 0;
        for layer in self.layers() {
            chunks += layer.history().div_ceil(rows.max(1));
            if layer.pools {
                rows /= POOLING;
            }
        }
        chunks
    }

    /// Name and shape of every tensor, in a fixed order.
    pub fn parameters(&self, mel_bands: usize) -> Vec<ParameterShape> {
        let mut list = ParameterShape::batch_norm("input_norm", COMPONENTS * mel_bands);
        for layer in self.layers() {
            list.push(ParameterShape::new(
                layer.kernel(),
                layer.kernel_shape(self.algebra),
                ParameterKind::Weight,
            ));
            let channels = COMPONENTS * layer.outputs;
            list.extend(ParameterShape::batch_norm(&layer.norm(), channels));
        }
        let features = self.feature_layout().units();
        let mut add = |name: &str, shape: Vec<usize>, kind: ParameterKind| {
            list.push(ParameterShape::new(name.into(), shape, kind));
        };
        let mut inputs = self.features();
        if self.hidden > 0 {
            let kernel = self.algebra.weight(self.hidden, features, &[]);
            inputs = COMPONENTS * self.hidden;
            add("head.hidden.kernel", kernel, ParameterKind::Weight);
            add("head.hidden.bias", vec![inputs], ParameterKind::Shift);
        }
        let weight = vec![self.labels, inputs];
        add("head.output.weight", weight, ParameterKind::Weight);
        add("head.output.bias", vec![self.labels], ParameterKind::Shift);
        list
    }

    /// Numbers of all weights, scales and shifts, the input norm's included; running statistics
    /// are not counted.
    pub fn parameter_count(&self, mel_bands: usize) -> u64 {
        let free = |shape: &&ParameterShape| shape.kind != ParameterKind::Statistic;
        self.parameters(mel_bands)
            .iter()
            .filter(free)
            .map(|shape| shape.count() as u64)
            .sum()
    }

    /// Multiply-adds of real numbers for a second of audio, as the expanded network has them
    /// (sixteen a Hamilton product): the trunk's convolutions and the head, once a column.
    pub fn multiply_adds_per_second(&self, features: &FeatureSettings) -> u64 {
        let frames = 1.0 / features.hop_s();
        let of_layer = |layer: &TrunkConvolution| {
            let rows = frames / POOLING.pow(layer.poolings) as f64;
            let pixels = rows * layer.mels(features.mel_bands) as f64;
            pixels * layer.multiply_adds(self.algebra) as f64
        };
        let trunk: f64 = self.layers().iter().map(of_layer).sum();
        let head = match COMPONENTS * self.hidden {
            0 => self.features() * self.labels,
            hidden => hidden * (self.features() + self.labels),
        } as f64;
        (trunk + head * frames / self.frames_per_column() as f64).round() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn qcnn14_has_the_size_the_paper_gives() {
        let net = Architecture::qcnn14(1.0, 527);
        assert_eq!(net.problem(64), None);
        assert_eq!(net.clone().real().problem(128), None);
        // arXiv 2510.21388: 21.01 M parameters, 20.15 G multiply-adds in 10 s.
        let millions = net.parameter_count(64) as f64 / 1e6;
        assert!((millions - 21.01).abs() < 0.1, "{millions} M");
        let billions =
            net.multiply_adds_per_second(&FeatureSettings::default()) as f64 * 10.0 / 1e9;
        assert!((billions - 20.15).abs() < 0.3, "{billions} G");
        assert_eq!(net.frames_per_column(), 32);
    }

    #[test]
    fn qcnn10_has_the_size_the_paper_gives() {
        let net = Architecture::qcnn10(1.0, 50);
        let millions = net.parameter_count(64) as f64 / 1e6;
        assert!((millions - 1.27).abs() < 0.02, "{millions} M");
        assert_eq!(Architecture::qcnn10(0.5, 50).features(), 256);
    }
}
