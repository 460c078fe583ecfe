//! One fold: its training, its test, and what it came to.

use anyhow::{Context, ensure};
use hamiltone_engine::model::{Calibration, ModelFile, TaskKind};

use super::card::accuracy;
use super::context::Fold;
use super::epochs;
use super::fold_folder::{CONFUSION, MODEL, Progress, STREAMS, keep_origin, lock, read_progress};
use super::head;
use super::start::origin;
use crate::dataset::Split;
use crate::evaluation::{Answer, summarise};
use crate::outcome::{FoldOutcome, fold_title};
use crate::recipe::Head;
use crate::report;
use crate::temperature::{HeldOut, fit};
use crate::trainer::TrainingFolder;

/// Trains and tests a fold, or resumes it.
///
/// # Errors
/// If another process trains it, there are too few clips, it began with other files, or training fails.
pub(super) fn run(fold: &Fold<'_>) -> anyhow::Result<FoldOutcome> {
    let split = fold.split();
    let validates = fold.validation_share() > 0.0;
    ensure!(
        split.training.len() > 1 && (!validates || !split.validation.is_empty()),
        "{} clips to learn from and {} to choose the epoch by are too few: the other folds \
         need two recordings of a label at least, better ten",
        split.training.len(),
        split.validation.len()
    );
    let folder = lock(fold.out, fold.number)?;
    let mut done: Progress = folder.progress()?.unwrap_or_default();
    if done.test.is_none() {
        check_streams(fold, &done)?;
        warn_of_missing_labels(fold, &split);
        let [origin, earlier] = origin(fold)?;
        keep_origin(&folder, [&origin, &earlier], done.steps > 0)?;
        match fold.head() {
            Head::Trained => epochs::train(fold, &folder, &split, &mut done)?,
            Head::Logistic => head::fit(fold, &folder, &split, &mut done)?,
        }
        test(fold, &folder, &split, &mut done)?;
    }
    outcome(fold, &split, done).context("the fold has no test")
}

/// The fold's outcome, if it is finished.
///
/// # Errors
/// If its progress cannot be read.
pub(super) fn finished(fold: &Fold<'_>) -> anyhow::Result<Option<FoldOutcome>> {
    let done = read_progress(fold.out, fold.number)?;
    Ok(done.and_then(|done| outcome(fold, &fold.split(), done)))
}

/// A fold that an earlier program began goes on with the same random numbers, or not at all.
fn check_streams(fold: &Fold<'_>, done: &Progress) -> anyhow::Result<()> {
    ensure!(
        done.steps == 0 || done.streams == STREAMS || fold.recipe.seed == 1,
        "{} was begun by an earlier version, which drew other random numbers for --seed {}: finish it with that \
         version, choose another --out, or begin anew with --restart",
        fold.out.join(format!("fold{}", fold.number)).display(),
        fold.recipe.seed
    );
    Ok(())
}

/// Names labels that no training clip has.
fn warn_of_missing_labels(fold: &Fold<'_>, split: &Split) {
    let taught = |label: &usize| {
        let mut clips = split.training.iter().map(|&clip| &fold.dataset.clips[clip]);
        clips.any(|clip| clip.labels.contains(label))
    };
    let missing = (0..fold.dataset.labels.len()).filter(|label| !taught(label));
    let names: Vec<&str> = missing.map(|label| &*fold.dataset.labels[label]).collect();
    if !names.is_empty() && !fold.quiet {
        eprintln!(
            "fold {}: no training clip has the label {}: all of its clips are held back. Add sounds of other recordings",
            fold.number,
            names.join(", ")
        );
    }
}

fn outcome(fold: &Fold<'_>, split: &Split, done: Progress) -> Option<FoldOutcome> {
    Some(FoldOutcome {
        fold: fold.number,
        training_clips: split.training.len(),
        validation_clips: split.validation.len(),
        test_clips: split.test.len(),
        best_epoch: done.best_epoch,
        parameters: done.parameters,
        multiply_adds_per_second: done.multiply_adds_per_second,
        seconds: done.epochs.iter().map(|epoch| epoch.seconds).sum(),
        cpu_seconds: done.epochs.iter().map(|epoch| epoch.cpu_seconds).sum(),
        gpu: done.gpu,
        test: done.test?,
        epochs: done.epochs,
    })
}

/// How sure the network may be, by the clips of its test; none for clips with any number of labels.
fn calibration(fold: &Fold<'_>, clips: &[usize], answers: &[Answer<'_>]) -> Option<Calibration> {
    let held_out = |(&clip, (logits, labels)): (&usize, &Answer<'_>)| HeldOut {
        logits: logits.clone(),
        label: labels[0],
        group: &fold.dataset.clips[clip].group,
    };
    let is_single = fold.dataset.kind == TaskKind::SingleLabel;
    let answers: Vec<HeldOut<'_>> = clips.iter().zip(answers).map(held_out).collect();
    let data = format!("{}, fold {}", fold.recipe.task.name(), fold.number);
    is_single.then(|| fit(&answers, &data)).flatten()
}

/// Tests the best weights on the fold, and writes the result into the model's card.
fn test(
    fold: &Fold<'_>,
    folder: &TrainingFolder,
    split: &Split,
    done: &mut Progress,
) -> anyhow::Result<()> {
    let path = folder.path(MODEL);
    let mut best = ModelFile::read(&path).context("the best weights: --restart begins anew")?;
    let answers = epochs::answers_to(fold, &best.card, &best.weights, &split.test);
    let test = summarise(best.card.labels.len(), best.card.task, &answers);
    best.card.calibration = calibration(fold, &split.test, &answers);
    best.card.accuracy = vec![accuracy(fold, &test)];
    done.parameters = best.card.parameters;
    done.multiply_adds_per_second = best.card.multiply_adds_per_second;
    ModelFile::seal(best.card, best.weights)?.write(&path)?;
    let title = fold_title(&fold.recipe.name, fold.number);
    let title = format!("{title}: {:.1} %", 100.0 * test.value());
    let picture = folder.path(CONFUSION);
    if !test.confusion.is_empty() {
        report::confusion(&picture, &title, &fold.dataset.labels, &test.confusion)?;
    }
    done.test = Some(test);
    folder.save_progress(done)
}
