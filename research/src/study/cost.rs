//! The cost of a network of the study.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use hamiltone_engine::features::COMPONENTS;
use hamiltone_engine::model::ModelFile;
use hamiltone_engine::network::streaming::{PackedNetwork, StreamingNetwork};

/// Seconds of sound that are timed, and how often.
const SECONDS: usize = 4;
pub(super) const REPEATS: usize = 7;
/// Columns at a time.
const CHUNK: usize = 8;
/// More than any task has.
const MOST_FOLDS: usize = 100;

/// A network of a run, and how long it took each time.
pub(super) struct Stopwatch {
    stream: StreamingNetwork,
    frames: Vec<f32>,
    chunks: usize,
    /// Seconds of sound in one reading.
    heard_s: f64,
    readings: Vec<f64>,
}

impl Stopwatch {
    /// For the first fold of the run that is here.
    pub(super) fn new(folder: &Path) -> anyhow::Result<Self> {
        let of_fold = |fold: usize| folder.join(format!("fold{fold}/model.safetensors"));
        let there = (1..=MOST_FOLDS).map(of_fold).find(|path| path.exists());
        let file = ModelFile::read(&there.with_context(|| folder.display().to_string())?)?;
        let (features, architecture) = (&file.card.features, &file.card.architecture);
        let network = PackedNetwork::new(architecture, features.mel_bands, &file.weights);
        let column = architecture.frames_per_column();
        let chunks = (SECONDS as f64 / features.hop_s()) as usize / column / CHUNK;
        Ok(Self {
            stream: StreamingNetwork::new(Arc::new(network), CHUNK),
            frames: vec![0.5; CHUNK * column * COMPONENTS * features.mel_bands],
            chunks,
            heard_s: (chunks * CHUNK * column) as f64 * features.hop_s(),
            readings: Vec::new(),
        })
    }

    /// One reading, after a run that warms up.
    pub(super) fn read(&mut self) {
        self.run();
        let started = Instant::now();
        self.run();
        self.readings.push(started.elapsed().as_secs_f64());
    }

    fn run(&mut self) {
        for _ in 0..self.chunks {
            self.stream.advance(&self.frames, &mut |column| {
                std::hint::black_box(column);
            });
        }
    }

    /// The median reading, in milliseconds for a second of sound.
    pub(super) fn milliseconds(mut self) -> f64 {
        self.readings.sort_by(f64::total_cmp);
        1e3 * self.readings[self.readings.len() / 2] / self.heard_s
    }
}

/// Milliseconds for a second of sound, streamed in columns of eight, of a model of the run.
pub(super) fn milliseconds(folder: &Path) -> anyhow::Result<f64> {
    let mut stopwatch = Stopwatch::new(folder)?;
    (0..REPEATS).for_each(|_| stopwatch.read());
    Ok(stopwatch.milliseconds())
}
