//! Model files written again in the present form of the card, with the same tensors.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use hamiltone_engine::model::{Limits, LoadOptions, Model, ModelFile};

/// Arguments of `reseal`.
#[derive(Debug, clap::Args)]
pub struct ResealArguments {
    /// The model files; each is replaced.
    #[arg(long, required = true, num_args = 1..)]
    pub model: Vec<PathBuf>,
}

/// Checks each model, its probe included, and writes it again: with checksums and cost as this version
/// computes them, the rest of the card (the probe too) and all tensors as they were.
///
/// # Errors
/// If a file is damaged or cannot be written. The files before it are written by then.
pub fn reseal(arguments: &ResealArguments) -> anyhow::Result<()> {
    for path in &arguments.model {
        let context = || format!("--model {}", path.display());
        let bytes = std::fs::read(path).with_context(context)?;
        let options = LoadOptions {
            limits: Limits::NONE,
            ..LoadOptions::default()
        };
        Model::load((&bytes[..]).into(), &options).with_context(context)?;
        let file = ModelFile::from_bytes(&bytes).with_context(context)?;
        let again = ModelFile::from_bytes(&file.to_bytes()?).with_context(context)?;
        ensure!(
            again.weights == file.weights,
            "{}: other weights",
            path.display()
        );
        file.write(path).with_context(context)?;
        let sums = again
            .card
            .checksums
            .context("a file without checksums was written")?;
        println!("{}: weights {}", path.display(), sums.weights_sha256);
    }
    Ok(())
}
