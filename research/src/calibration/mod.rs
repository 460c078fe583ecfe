//! Probabilities that hold: what a general tagger's logits are worth, learned from audio that it has not learned from.
//!
//! `truth` says what is known of each clip, `windows` asks the model as the plugin does, `platt` finds each
//! label's mapping, `levels` from where it is on. All is measured on clips of recordings that had no part in what is
//! measured: fold by fold, and set by set, each set by the others.

mod clips;
mod hierarchy;
mod levels;
mod measure;
mod outcome;
mod platt;
mod report;
mod sums;
mod truth;
mod windows;
mod work;

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use hamiltone_engine::model::{Calibration, Model, ModelFile, TaskKind};

use self::clips::Set;
use self::truth::{Judge, Truth};
use self::windows::Asked;
use self::work::Material;
use crate::teacher::{LABELS, Mn04, RATE};
use hamiltone_training::audio_cache::AudioCache;
use hamiltone_training::progress_bar::progress_bar;

/// Arguments of `calibrate`.
#[derive(clap::Args, Debug, Clone)]
pub struct CalibrateArguments {
    /// The general tagger; several are calibrated one after the other.
    #[arg(long, required = true, num_args = 1..)]
    pub model: Vec<PathBuf>,
    /// Folder of labelled sets, with the maps of their classes in its folder `maps`.
    #[arg(long)]
    pub data: PathBuf,
    /// Folder of sounds without classes, listed by `index.csv` (file, start, seconds, repo, path); decoded by ffmpeg.
    #[arg(long)]
    pub sounds: Option<PathBuf>,
    /// The teacher, mn04_audioset527.onnx: labels it finds are true of sounds without classes, and what it finds plausible
    /// is not held against a model.
    #[arg(long)]
    pub teacher: PathBuf,
    /// Folder for the calibrated models; may be the one they are in. Without it, cards stay as they are.
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// Folder for `calibration-NAME.md`, `.json` and `.svg`.
    #[arg(long)]
    pub report: Option<PathBuf>,
    /// Folder for decoded audio and answers [default: hamiltone-calibration in the system's folder of temporary files].
    #[arg(long)]
    pub cache: Option<PathBuf>,
    /// No progress, no table.
    #[arg(long)]
    pub quiet: bool,
}

/// Calibrates models, prints tables and writes what is wanted.
///
/// # Errors
/// If a model is no general tagger or has no class statistics, a file cannot be read or written, or there is no data.
pub fn calibrate(arguments: &CalibrateArguments) -> anyhow::Result<()> {
    let models: Vec<(PathBuf, ModelFile)> = arguments
        .model
        .iter()
        .map(|path| Ok((path.clone(), general_tagger(path)?)))
        .collect::<anyhow::Result<_>>()?;
    let temporary = || std::env::temp_dir().join("hamiltone-calibration");
    let cache = arguments.cache.clone().unwrap_or_else(temporary);
    let mut sets = clips::labelled(&arguments.data)?;
    if let Some(folder) = &arguments.sounds {
        sets.push(clips::sounds(folder, &cache)?);
    }
    let audio = AudioCache::new(&cache.join("audio"), RATE);
    let judge = Judge::new();
    let truths = truths(arguments, &judge, &sets, &audio, &cache)?;
    for (path, file) in models {
        let name = file.card.name.clone();
        let asked = Asked::new(&file).with_context(|| path.display().to_string())?;
        let mut answers = Vec::new();
        for set in &sets {
            let message = format!("{name}: {}", set.name);
            let bar = progress_bar(set.clips.len() as u64, &message, arguments.quiet);
            answers.push(asked.answers_to(set, &audio, &cache, &|| bar.inc(1))?);
            bar.finish_and_clear();
        }
        let means = file.card.class_statistics.as_ref();
        let means = means.map(|statistics| statistics.mean.clone());
        let means = means.unwrap_or_default(); // `general_tagger` has seen to it
        let material = Material::new(&judge, &sets, &truths, &answers, &means);
        let outcome = material.measure();
        let text = report::markdown(&name, &outcome);
        if !arguments.quiet {
            println!("{text}");
        }
        if let Some(folder) = &arguments.report {
            report::write(folder, &name, &outcome)?;
        }
        if let Some(folder) = &arguments.out {
            write(folder, &path, file, material.calibration(&outcome))?;
        }
    }
    Ok(())
}

fn general_tagger(path: &Path) -> anyhow::Result<ModelFile> {
    let file = ModelFile::read(path)?;
    let card = &file.card;
    ensure!(
        card.task == TaskKind::MultiLabel && card.labels.len() == LABELS,
        "{} is not a general tagger: it has {} labels",
        path.display(),
        card.labels.len(),
    );
    ensure!(
        card.class_statistics.is_some(),
        "{} has no class statistics: add them with `hamiltone-training statistics`",
        path.display()
    );
    Ok(file)
}

/// The truth of each clip, set by set.
fn truths(
    arguments: &CalibrateArguments,
    judge: &Judge,
    sets: &[Set],
    audio: &AudioCache,
    cache: &Path,
) -> anyhow::Result<Vec<Vec<Vec<Truth>>>> {
    let teacher = Mn04::open(&arguments.teacher)?;
    let each = sets.iter().map(|set| {
        let message = format!("mn04: {}", set.name);
        let bar = progress_bar(set.clips.len() as u64, &message, arguments.quiet);
        let probabilities = windows::teacher(&teacher, set, audio, cache, &|| bar.inc(1))?;
        bar.finish_and_clear();
        let truth = |(clip, probabilities): (usize, &Vec<f32>)| judge.of(set, clip, probabilities);
        Ok(probabilities.iter().enumerate().map(truth).collect())
    });
    each.collect()
}

/// The same weights with another card, checked before it replaces the file.
fn write(
    folder: &Path,
    from: &Path,
    mut file: ModelFile,
    calibration: Calibration,
) -> anyhow::Result<()> {
    file.card.calibration = Some(calibration);
    Model::from_bytes(&file.to_bytes()?)?;
    std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    let path = folder.join(from.file_name().context("a model is a file")?);
    Ok(file.write(&path)?)
}
