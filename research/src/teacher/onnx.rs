//! An ONNX file run by tract.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};
use tract_onnx::prelude::*;

/// A network from an ONNX file, planned for inputs of one shape: with sizes left open tract is
/// many times slower.
#[derive(Clone)]
pub struct OnnxNet {
    plan: Arc<TypedRunnableModel>,
    shape: Vec<usize>,
}

impl OnnxNet {
    /// Reads and optimises the file for inputs of `shape`. Takes from milliseconds to seconds.
    ///
    /// # Errors
    /// If the file cannot be read, is no ONNX, or does not take such an input.
    pub fn open(path: &Path, shape: &[usize]) -> anyhow::Result<Self> {
        let fact = InferenceFact::dt_shape(f32::datum_type(), shape);
        let plan = tract_onnx::onnx()
            .model_for_path(path)
            .and_then(|model| model.with_input_fact(0, fact))
            .and_then(|model| model.into_optimized())
            .and_then(|model| model.into_runnable())
            .with_context(|| format!("{} for an input of {shape:?}", path.display()))?;
        Ok(Self {
            plan,
            shape: shape.to_vec(),
        })
    }

    /// The outputs, in the file's order, each flat. `input` is row by row, of the shape it was
    /// opened for. Allocates.
    ///
    /// # Errors
    /// If the input has another size or the network fails.
    pub fn run(&self, input: &[f32]) -> anyhow::Result<Vec<Vec<f32>>> {
        let size: usize = self.shape.iter().product();
        ensure!(
            input.len() == size,
            "{} numbers for {:?}",
            input.len(),
            self.shape
        );
        let input = Tensor::from_shape(&self.shape, input)?;
        let outputs = self.plan.run(tvec!(input.into()))?;
        outputs
            .iter()
            .map(|output| {
                Ok(output
                    .to_plain_array_view::<f32>()?
                    .iter()
                    .copied()
                    .collect())
            })
            .collect()
    }
}
