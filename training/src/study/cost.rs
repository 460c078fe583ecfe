//! What a network of the study costs.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use hamiltone_engine::features::COMPONENTS;
use hamiltone_engine::model::ModelFile;
use hamiltone_engine::network::streaming::{PackedNetwork, StreamingNetwork};

/// Seconds of sound whose cost is measured, and how often.
const SECONDS: usize = 4;
pub(super) const REPEATS: usize = 7;
/// More than any task has.
const MOST_FOLDS: usize = 100;

/// Milliseconds for a second of sound, streamed in columns of eight, of a model of the run.
pub(super) fn milliseconds(folder: &Path) -> anyhow::Result<f64> {
    let of_fold = |fold: usize| folder.join(format!("fold{fold}/model.safetensors"));
    let there = (1..=MOST_FOLDS).map(of_fold).find(|path| path.exists());
    let file = ModelFile::read(&there.with_context(|| folder.display().to_string())?)?;
    let (features, architecture) = (&file.card.features, &file.card.architecture);
    let network = PackedNetwork::new(architecture, features.mel_bands, &file.weights);
    let mut stream = StreamingNetwork::new(Arc::new(network), 8);
    let column = architecture.frames_per_column() * COMPONENTS * features.mel_bands;
    let chunks =
        (SECONDS as f64 / features.hop_s()) as usize / architecture.frames_per_column() / 8;
    let frames = vec![0.5; 8 * column];
    let mut times: Vec<f64> = (0..=REPEATS)
        .map(|_| {
            let started = Instant::now();
            for _ in 0..chunks {
                stream.advance(&frames, &mut |column| {
                    std::hint::black_box(column);
                });
            }
            started.elapsed().as_secs_f64()
        })
        .skip(1) // the first one warms up
        .collect();
    times.sort_by(f64::total_cmp);
    let heard = (chunks * 8 * architecture.frames_per_column()) as f64 * features.hop_s();
    Ok(1e3 * times[REPEATS / 2] / heard)
}
