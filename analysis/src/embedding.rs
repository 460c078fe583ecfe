use std::sync::Arc;

use hamiltone_engine::model::Model;
use hamiltone_engine::tagging::{Embedder, EmbeddingRow};

use crate::error::AnalysisError;
use crate::source::Source;
use crate::streaming::{Observer, Streamed, stream};
use crate::timeline::error_of;

/// Passes the features of a file to `on_row`, one row for every `period_s` seconds (see [`Embedder`]). Blocks; memory does
/// not grow with the length of the file.
///
/// # Errors
/// If the file cannot be decoded.
pub fn embed_file(
    model: &Arc<Model>,
    source: &Source,
    period_s: f64,
    observer: &mut dyn Observer,
    on_row: &mut dyn FnMut(EmbeddingRow<'_>),
) -> Result<Streamed, AnalysisError> {
    let file = source.open()?;
    let mut embedder = Embedder::new(Arc::clone(model), file.sample_rate(), period_s)
        .map_err(|error| error_of(&source.name(), error))?;
    let streamed = stream(&source.path, file, observer, |samples| {
        embedder.push(samples, on_row)
    })?;
    embedder.finish(on_row);
    Ok(streamed)
}

/// The same for mono samples, −1 to 1, at `sample_rate` Hz.
///
/// # Errors
/// If the rate is not supported (8 000 to 768 000).
pub fn embed_samples(
    model: &Arc<Model>,
    mono: &[f32],
    sample_rate: u32,
    period_s: f64,
    on_row: &mut dyn FnMut(EmbeddingRow<'_>),
) -> Result<(), AnalysisError> {
    let mut embedder = Embedder::new(Arc::clone(model), sample_rate, period_s)?;
    embedder.push(mono, on_row);
    embedder.finish(on_row);
    Ok(())
}
