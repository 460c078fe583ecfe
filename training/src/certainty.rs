//! How sure a model for one label at a time may be: its temperature, and the level from which its best label is on.
//!
//! A softmax always names one of its labels, however far a sound is from all of them, and networks that were trained
//! to the end are surer than they are right. [`calibrate`] fits one temperature (Guo et al., "On calibration of modern
//! neural networks", ICML 2017, section 4.2) and one level to clips that the network has not learned from. Where no
//! label reaches the level, panel and command line say "no clear label". The order of the labels, and so the accuracy,
//! stays as it is. For models of many labels at once there is `hamiltone-research calibrate`.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use hamiltone_engine::model::{ModelFile, TaskKind};

use crate::dataset::Task;
use crate::evaluation::{Answer, answers};
use crate::run::{Loading, Recordings};
use crate::temperature::{HeldOut, fit};

/// Arguments of `calibrate`.
#[derive(clap::Args, Debug, Clone)]
pub struct CalibrateArguments {
    /// The models' files, which are replaced.
    #[arg(long, required = true, num_args = 1..)]
    pub model: Vec<PathBuf>,
    /// Folder of the data set, or of several data sets.
    #[arg(long)]
    pub data: PathBuf,
    /// The task.
    #[arg(long, value_enum)]
    pub task: Task,
    /// The fold that the models have not learned from.
    #[arg(long)]
    pub fold: usize,
    /// Folder for decoded audio [default: hamiltone in the user's cache folder].
    #[arg(long)]
    pub cache: Option<PathBuf>,
    /// No progress, and no line a model.
    #[arg(long)]
    pub quiet: bool,
}

/// Fits each model's temperature and level to the clips of a fold, and writes them into its card.
///
/// # Errors
/// If a model is not for one label at a time or has other labels than the data, there are too few clips, or a file
/// cannot be read or written. Models before it are written by then.
pub fn calibrate(arguments: &CalibrateArguments) -> anyhow::Result<()> {
    let loading = Loading {
        strict: false,
        quiet: arguments.quiet,
    };
    let (data, cache) = (&arguments.data, arguments.cache.as_deref());
    let recordings = Recordings::load(data, arguments.task, cache, loading)?;
    let name = format!("{}, fold {}", arguments.task.name(), arguments.fold);
    for path in &arguments.model {
        let context = || format!("--model {}", path.display());
        let mut file = ModelFile::read(path).with_context(context)?;
        let labels = recordings.dataset.labels.iter();
        let labels = labels.map(|label| label.replace('_', " "));
        ensure!(
            file.card.task == TaskKind::SingleLabel && labels.eq(file.card.labels.iter().cloned()),
            "--model {}: it is no model for one of the labels of {name}",
            path.display()
        );
        let answers = held_out(&file, &recordings, arguments.fold);
        let calibration = fit(&answers, &name);
        file.card.calibration = Some(calibration.with_context(|| {
            let clips = answers.len();
            format!("{name}: {clips} clips are too few: 40 of three recordings are needed")
        })?);
        let file = ModelFile::seal(file.card, file.weights)?;
        file.write(path)?;
        let calibration = file.card.calibration.as_ref();
        if let Some(calibration) = calibration.filter(|_| !arguments.quiet) {
            println!("{}: {}", path.display(), calibration.protocol);
        }
    }
    Ok(())
}

/// A model's answers to the clips of a fold.
fn held_out<'a>(file: &ModelFile, recordings: &'a Recordings, fold: usize) -> Vec<HeldOut<'a>> {
    let clips = &recordings.dataset.clips;
    let of_fold = (0..clips.len()).filter(|&clip| clips[clip].fold == fold);
    let of_fold: Vec<usize> = of_fold.collect();
    let asked = |&clip: &usize| (recordings.samples(clip), &clips[clip].labels[..]);
    let asked: Vec<(&[f32], &[usize])> = of_fold.iter().map(asked).collect();
    let said = answers(&file.card, &file.weights, &asked);
    let answer = |(&clip, (logits, labels)): (&usize, Answer<'_>)| HeldOut {
        logits,
        label: labels[0],
        group: &clips[clip].group,
    };
    of_fold.iter().zip(said).map(answer).collect()
}
