//! Class statistics: mean and deviation of each logit over the audio that a model learned from.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, ensure};
use hamiltone_engine::features::FeatureSettings;
use hamiltone_engine::model::{ClassStatistics, ModelFile};
use hamiltone_engine::network::streaming::PackedNetwork;
use hamiltone_engine::tagging::ClipFeatures;
use rand::Rng;
use rayon::prelude::*;

use crate::material::{RATE, SECONDS_POWER, Source, read_material};
use crate::progress_bar::progress_bar;
use crate::random::stream;

/// Segments that statistics are usually taken from.
pub const SEGMENTS: usize = 2_000;
/// Length of a segment in seconds.
const SEGMENT_S: usize = 5;
/// Shorter segments are filled with silence to a multiple of half a second: a teacher needs a plan
/// for each length.
const STEP: usize = RATE as usize / 2;

/// Arguments of `statistics`.
#[derive(clap::Args, Debug, Clone)]
pub struct StatisticsArguments {
    /// The model's file, which is replaced.
    #[arg(long)]
    pub model: PathBuf,
    /// Folder that `gather` filled, with the audio that the model learned from.
    #[arg(long)]
    pub material: PathBuf,
    /// Write the model here instead.
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// The model also learned from sounds with a licence that forbids commercial use.
    #[arg(long)]
    pub research: bool,
    /// Segments of five seconds to take them from.
    #[arg(long, default_value_t = SEGMENTS)]
    pub segments: usize,
    /// No progress.
    #[arg(long)]
    pub quiet: bool,
}

/// Adds class statistics to a finished model.
///
/// # Errors
/// If the model or the material cannot be read, or the file not be written.
pub fn statistics(arguments: &StatisticsArguments) -> anyhow::Result<()> {
    let model = ModelFile::read(&arguments.model)?;
    ensure!(
        model.card.features.sample_rate == RATE,
        "the model takes audio at {} Hz, and gathered sounds have {RATE} Hz",
        model.card.features.sample_rate
    );
    let (_, learned) = sources(&arguments.material, arguments.research)?;
    let model = add_statistics(model, &learned, arguments.segments, arguments.quiet)?;
    model.write(arguments.out.as_ref().unwrap_or(&arguments.model))?;
    Ok(())
}

/// The sounds of a folder: held-out ones, and those to learn from (with `research` also those with a licence that forbids
/// commercial use).
///
/// # Errors
/// As [`read_material`].
pub fn sources(folder: &Path, research: bool) -> anyhow::Result<(Vec<Source>, Vec<Source>)> {
    Ok(read_material(folder)?
        .into_iter()
        .filter(|source| research || source.commercial || source.held_out)
        .partition(|source| source.held_out))
}

/// The model with its statistics over segments of these sources.
///
/// # Errors
/// If there are no sources, or a sound cannot be read.
pub fn add_statistics(
    model: ModelFile,
    learned: &[Source],
    segments: usize,
    quiet: bool,
) -> anyhow::Result<ModelFile> {
    let ModelFile { mut card, weights } = model;
    let mels = card.features.mel_bands;
    let network = Arc::new(PackedNetwork::new(&card.architecture, mels, &weights));
    let segments = Segment::draw(learned, segments);
    let bar = progress_bar(segments.len() as u64, "statistics of classes", quiet);
    let answers = ask_all(&segments, &|samples| {
        bar.inc(1);
        ask(&network, &card.features, samples)
    })?;
    bar.finish_and_clear();
    card.class_statistics = ClassStatistics::of(&answers);
    Ok(ModelFile::seal(card, weights)?)
}

/// Logits of a network for samples at its rate.
///
/// # Errors
/// If the network fails.
pub fn ask(
    network: &Arc<PackedNetwork>,
    features: &FeatureSettings,
    samples: &[f32],
) -> anyhow::Result<Vec<f32>> {
    Ok(ClipFeatures::logits(network, features, samples)?)
}

/// A piece of a gathered sound.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    source: Source,
    start: usize,
}

impl Segment {
    /// Segments at random, the same each time: sounds are drawn as often as training draws them.
    pub fn draw(sources: &[Source], count: usize) -> Vec<Self> {
        let mut sum = 0.0;
        let mut weigh = |source: &Source| {
            sum += source.seconds.powf(SECONDS_POWER);
            sum
        };
        let sums: Vec<f64> = sources.iter().map(&mut weigh).collect();
        let mut random = stream(1, &[u64::from_le_bytes(*b"segments")]);
        let mut one = || {
            let drawn = random.random::<f64>() * sums.last().copied().unwrap_or(0.0);
            let index = sums.partition_point(|sum| *sum <= drawn);
            let source = sources[index.min(sources.len() - 1)].clone();
            let spare = (source.seconds - SEGMENT_S as f64).max(0.0) * f64::from(RATE);
            let start = random.random_range(0..=spare as usize);
            Self { source, start }
        };
        match sources {
            [] => Vec::new(),
            _ => (0..count).map(|_| one()).collect(),
        }
    }

    /// The sound's name and the first sample.
    pub fn name(&self) -> String {
        format!("{} {}", self.source.source, self.start)
    }

    /// Its samples at [`RATE`].
    fn samples(&self) -> anyhow::Result<Vec<f32>> {
        let mut samples = self.source.read(self.start, SEGMENT_S * RATE as usize)?;
        samples.resize(samples.len().max(1).next_multiple_of(STEP), 0.0);
        Ok(samples)
    }
}

/// The answers to segments, in parallel.
///
/// # Errors
/// If there are none, a sound cannot be read, or `ask` fails.
pub fn ask_all(
    segments: &[Segment],
    ask: &(dyn Fn(&[f32]) -> anyhow::Result<Vec<f32>> + Sync),
) -> anyhow::Result<Vec<Vec<f32>>> {
    ensure!(
        !segments.is_empty(),
        "no sounds to take statistics from: --material lists none to learn from"
    );
    let one = |segment: &Segment| {
        let answer = segment.samples().and_then(|samples| ask(&samples));
        answer.with_context(|| segment.name())
    };
    segments.par_iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_drawn_by_the_root_of_the_length_and_lie_inside() {
        let source = |seconds: f64| Source {
            path: "none".into(),
            source: format!("{seconds}"),
            group: String::new(),
            kind: String::new(),
            licence: String::new(),
            commercial: true,
            held_out: false,
            seconds,
        };
        let sources = [source(1.0), source(100.0)];
        let drawn = Segment::draw(&sources, 3_000);
        assert_eq!(drawn, Segment::draw(&sources, 3_000));
        let long = drawn.iter().filter(|s| s.source.seconds > 5.0).count() as f64;
        assert!((long / 3_000.0 - 10.0 / 11.0).abs() < 0.03, "{long}");
        for segment in &drawn {
            let spare = (segment.source.seconds - 5.0).max(0.0) * 32_000.0;
            assert!(segment.start as f64 <= spare);
        }
        assert!(Segment::draw(&[], 10).is_empty());
    }
}
