//! A linear head on a frozen trunk, by logistic regression instead of epochs; from labels, and from a teacher where
//! there is one.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Context, ensure};
use cpu_time::ProcessTime;
use hamiltone_engine::model::{ClassStatistics, ModelFile, TaskKind};

use super::batch::Material;
use super::card::card;
use super::context::Fold;
use super::fold_folder::{MODEL, Progress};
use super::start::{Beginning, beginning, teacher};
use super::views::{View, Views};
use crate::dataset::Split;
use crate::logistic::{self, Example, Linear};
use crate::outcome::EpochRecord;
use crate::recipe::Distillation;
use crate::trainer::TrainingFolder;

/// Computes features of the training clips by the trunk that the recipe starts from, and fits the head to them.
///
/// # Errors
/// If the clips have several labels each, a model cannot be read, or a file not be written.
pub(super) fn fit(
    fold: &Fold<'_>,
    folder: &TrainingFolder,
    split: &Split,
    done: &mut Progress,
) -> anyhow::Result<()> {
    ensure!(
        fold.dataset.kind == TaskKind::SingleLabel,
        "start.head = 'logistic' needs clips of one label each, and these can have several"
    );
    let (started, computed) = (Instant::now(), ProcessTime::now());
    let start = fold.recipe.start.as_ref();
    let start = start.context("start.head needs a model to start from")?;
    let teacher = teacher(fold)?;
    let mut beginning = beginning(fold, &split.training, teacher.as_deref())?;
    fold.check_crops(&beginning.architecture)?;
    let means = beginning.weights["input_norm.mean"].clone();
    let material = Material::of(fold, &means, teacher.as_deref());
    let mut views = Views::new(fold, &material, split, &beginning, start.views)?;
    if let Some(distillation) = &fold.recipe.distillation {
        let mut all: Vec<&mut View> = views.of_clip.values_mut().flatten().collect();
        teach(&mut all, distillation);
    }
    let examples = examples(fold, &views);
    let choice = logistic::choose(&examples)?;
    let (head, loss) = logistic::fit(&examples, choice.penalty)?;
    if !fold.quiet {
        eprintln!(
            "fold {}: penalty {}, {:.1} % of clips held out inside the training folds",
            fold.number,
            choice.penalty,
            100.0 * choice.accuracy
        );
    }
    put(&mut beginning, head);
    let card = card(fold, &beginning);
    ModelFile::seal(card, beginning.weights)?.write(&folder.path(MODEL))?;
    done.best_epoch = 1;
    done.epochs = vec![EpochRecord {
        epoch: 1,
        training_loss: loss,
        validation_loss: choice.loss,
        validation_accuracy: choice.accuracy,
        validation_mean_recall: None,
        seconds: started.elapsed().as_secs_f64(),
        cpu_seconds: computed.elapsed().as_secs_f64(),
    }];
    folder.save_progress(done)
}

/// The views as examples; clips of a recording, a speaker or a track stay together.
fn examples<'a>(fold: &Fold<'_>, views: &'a Views) -> Vec<Example<'a>> {
    let mut groups: BTreeMap<&str, usize> = BTreeMap::new();
    let mut examples = Vec::new();
    for (&clip, of_clip) in &views.of_clip {
        let next = groups.len();
        let group = *groups
            .entry(&fold.dataset.clips[clip].group)
            .or_insert(next);
        let label = fold.dataset.clips[clip].labels[0]; // of single-label sets each has one
        examples.extend(of_clip.iter().enumerate().map(|(number, view)| Example {
            features: &view.features,
            target: &view.target,
            label,
            group,
            tests: number == 0,
        }));
    }
    examples
}

/// Mixes into each target what the teacher says: its logits as standard scores over all views (a
/// teacher that was made for other labels is surer of some than of others for any input), divided by
/// the temperature, as a distribution.
fn teach(views: &mut [&mut View], distillation: &Distillation) {
    let answers: Vec<Vec<f32>> = views.iter().map(|view| view.taught.clone()).collect();
    let Some(statistics) = ClassStatistics::of(&answers) else {
        return;
    };
    for View { taught, target, .. } in views {
        let score = |(label, &logit)| statistics.standard_score(label, logit);
        let scores = taught.iter().enumerate().map(score);
        let softened: Vec<f32> = scores.map(|s| s / distillation.temperature).collect();
        let normaliser = logistic::log_sum_exp(&softened);
        for (target, score) in target.iter_mut().zip(softened) {
            let said = (f64::from(score) - normaliser).exp() as f32;
            *target += distillation.weight * (said - *target);
        }
    }
}

/// Puts a linear head into a network without one.
fn put(beginning: &mut Beginning, head: Linear) {
    let weights = &mut beginning.weights;
    weights.insert("head.output.weight".to_owned(), head.weights);
    weights.insert("head.output.bias".to_owned(), head.bias);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_teacher_that_favours_a_label_is_understood() {
        // Label 0 has the larger logit of every clip; for its label, that of the first clip is high and that
        // of the second low.
        let taught = [[9.0, 0.0], [5.0, 1.0], [7.0, 0.5]];
        let told = |weight: f32| {
            let mut views = taught.map(|logits| View {
                features: Vec::new(),
                target: vec![0.0, 1.0],
                taught: logits.to_vec(),
            });
            let distillation = Distillation {
                teacher: String::new(),
                map: None,
                temperature: 0.5,
                weight,
            };
            teach(&mut views.each_mut().map(|view| view)[..], &distillation);
            views.map(|view| view.target)
        };
        assert_eq!(told(0.0), [[0.0, 1.0]; 3]);
        // Deviations are √(8/3) and √(1/6): both labels of the first clip are √1.5 off, one each way.
        let sure = 1.0 / (1.0 + (-4.0 * 1.5f32.sqrt()).exp());
        let expected = [[sure, 1.0 - sure], [1.0 - sure, sure], [0.5, 0.5]];
        for (weight, share) in [(1.0, 1.0), (0.25, 0.25)] {
            for (target, all) in told(weight).iter().zip(expected) {
                assert!((target[0] - share * all[0]).abs() < 1e-5, "{target:?}");
                assert!((target[0] + target[1] - 1.0).abs() < 1e-6);
            }
        }
    }
}
