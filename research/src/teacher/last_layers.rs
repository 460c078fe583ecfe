//! The last two layers of mn04, out of its file: what a student can take over.

use std::path::Path;

use anyhow::{Context, ensure};
use tract_onnx::pb::TensorProto;
use tract_onnx::prelude::Framework;

use super::{EMBEDDING, LABELS};

/// Units of the teacher's hidden layer, between embedding and labels.
pub const HIDDEN: usize = 512;
/// Names in the file of the hidden layer and of the output layer.
const LAYERS: [&str; 2] = ["c.2", "c.5"];

/// From embedding to labels: a matrix, hard-swish, a matrix.
///
/// A student that learns the teacher's hidden layer, and begins with an output layer
/// as the teacher's, also gains on labels that are rare in training (after Chen et al.,
/// "Knowledge distillation with the reused teacher classifier", arXiv 2203.14001, section 3).
pub struct LastLayers {
    hidden: Layer,
    output: Layer,
}

/// A matrix, row by row, one row an output, and a bias.
struct Layer {
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl LastLayers {
    /// Reads them from `mn04_audioset527.onnx`.
    ///
    /// # Errors
    /// If the file cannot be read or has no such layers.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let model = tract_onnx::onnx().proto_model_for_path(path)?;
        let tensors = model.graph.context("a file without a graph")?.initializer;
        let layer = |name: &str, outputs: usize, inputs: usize| {
            let weight = values(&tensors, &format!("{name}.weight"), outputs * inputs)?;
            let bias = values(&tensors, &format!("{name}.bias"), outputs)?;
            anyhow::Ok(Layer { weight, bias })
        };
        let read = || {
            anyhow::Ok(Self {
                hidden: layer(LAYERS[0], HIDDEN, EMBEDDING)?,
                output: layer(LAYERS[1], LABELS, HIDDEN)?,
            })
        };
        read().with_context(|| format!("the last layers of mn04 in {}", path.display()))
    }

    /// The targets of a student's hidden layer before its ReLU, [`HIDDEN`] numbers, for one of the
    /// teacher's embeddings: over zero the teacher's hidden layer, below the teacher's sum before
    /// hard-swish. Behind the ReLU only what hard-swish leaves below zero (at most .375) is lost. To
    /// learn what comes after the ReLU alone would leave units dead: most of the teacher's are off
    /// most of the time.
    pub fn hidden_sums(&self, embedding: &[f32]) -> Vec<f32> {
        let sums = self.hidden.apply(embedding);
        sums.map(|sum| if sum > 0.0 { hard_swish(sum) } else { sum })
            .collect()
    }

    /// Matrix ([`LABELS`] rows of [`HIDDEN`]) and bias of the output layer.
    pub fn output(&self) -> (&[f32], &[f32]) {
        (&self.output.weight, &self.output.bias)
    }
}

fn hard_swish(x: f32) -> f32 {
    x * (x + 3.0).clamp(0.0, 6.0) / 6.0
}

impl Layer {
    fn apply(&self, inputs: &[f32]) -> impl Iterator<Item = f32> {
        let rows = self.weight.chunks_exact(inputs.len().max(1));
        rows.zip(&self.bias)
            .map(move |(row, bias)| row.iter().zip(inputs).map(|(w, x)| w * x).sum::<f32>() + bias)
    }
}

fn values(tensors: &[TensorProto], name: &str, count: usize) -> anyhow::Result<Vec<f32>> {
    let tensor = tensors.iter().find(|tensor| tensor.name == name);
    let tensor = tensor.with_context(|| format!("there is no {name}"))?;
    let values: Vec<f32> = match tensor.raw_data.is_empty() {
        true => tensor.float_data.clone(),
        false => {
            let numbers = tensor.raw_data.chunks_exact(4);
            let number =
                |bytes: &[u8]| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
            numbers.map(number).collect()
        }
    };
    ensure!(
        values.len() == count && values.iter().all(|value| value.is_finite()),
        "{name} has {} numbers, not {count}",
        values.len()
    );
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::teacher::Mn04;
    use hamiltone_training::random::{normal, stream};

    #[test]
    fn they_say_what_the_whole_teacher_says() {
        let teachers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/teachers");
        let file = teachers.join("mn04_audioset527.onnx");
        if !file.is_file() {
            hamiltone_test_support::skip(file.display());
            return;
        }
        let mut random = stream(1, &[]);
        let noise: Vec<f32> = (0..32_000).map(|_| 0.1 * normal(&mut random)).collect();
        let verdict = Mn04::open(&file).unwrap().judge(&noise).unwrap();
        let layers = LastLayers::read(&file).unwrap();
        let hidden: Vec<f32> = layers
            .hidden
            .apply(&verdict.embedding)
            .map(hard_swish)
            .collect();
        for (ours, theirs) in layers.output.apply(&hidden).zip(&verdict.logits) {
            assert!((ours - theirs).abs() < 1e-3, "{ours} {theirs}");
        }
        let sums = layers.hidden_sums(&verdict.embedding);
        let behind_relu = sums.iter().map(|sum| sum.max(0.0));
        assert!(
            behind_relu
                .zip(&hidden)
                .all(|(cut, whole)| cut == whole.max(0.0))
        );
        assert!(LastLayers::read(&teachers.join("yamnet_body.onnx")).is_err());
    }
}
