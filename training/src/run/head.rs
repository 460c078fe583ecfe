//! A linear head on a frozen trunk, by logistic regression in place of epochs.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Context, ensure};
use cpu_time::ProcessTime;
use hamiltone_engine::features::COMPONENTS;
use hamiltone_engine::model::{ModelFile, TaskKind};
use hamiltone_engine::network::{Algebra, Architecture};

use super::beginning::Beginning;
use super::checkpoint::{EpochRecord, FoldFolder, MODEL, Progress};
use super::fold::FoldTask;
use super::views::Views;
use crate::dataset::Split;
use crate::logistic::{self, Example, Linear};

impl FoldTask<'_> {
    /// Hears the training clips by the trunk that the recipe starts from, and finds the head.
    pub(super) fn fit_head(
        &self,
        folder: &FoldFolder,
        split: &Split,
        done: &mut Progress,
    ) -> anyhow::Result<()> {
        ensure!(
            self.dataset.kind == TaskKind::SingleLabel,
            "start.head = 'logistic' chooses one label, and these clips have any number of them"
        );
        let (started, computed) = (Instant::now(), ProcessTime::now());
        let start = self
            .recipe
            .start
            .as_ref()
            .context("a model to start from")?;
        let mut beginning = self.beginning(&split.training)?;
        self.check_crops(&beginning.architecture)?;
        let means = beginning.weights["input_norm.mean"].clone();
        let views = Views::new(
            self,
            &self.material(&means, None),
            split,
            &beginning,
            start.views,
        )?;
        let examples = self.examples(&views);
        let choice = logistic::choose(&examples)?;
        let (head, loss) = logistic::fit(&examples, choice.penalty)?;
        if !self.quiet {
            eprintln!(
                "fold {}: penalty {}, {:.1} % of clips held out inside the training folds",
                self.fold,
                choice.penalty,
                100.0 * choice.accuracy
            );
        }
        put(&mut beginning, head);
        let card = self.card(&beginning, None);
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
    fn examples<'a>(&self, views: &'a Views) -> Vec<Example<'a>> {
        let mut groups: BTreeMap<&str, usize> = BTreeMap::new();
        let mut examples = Vec::new();
        for (&clip, of_clip) in &views.of_clip {
            let next = groups.len();
            let group = *groups
                .entry(&self.dataset.clips[clip].group)
                .or_insert(next);
            examples.extend(of_clip.iter().enumerate().map(|(number, view)| Example {
                features: &view.features,
                target: &view.target,
                group,
                tests: number == 0,
            }));
        }
        examples
    }
}

/// Puts a linear head into a network: features are never negative (means and maxima behind ReLUs), so a
/// hidden layer of ones on the diagonal passes them on as they are.
fn put(beginning: &mut Beginning, head: Linear) {
    let Architecture {
        hidden, algebra, ..
    } = &mut beginning.architecture;
    let features = head.weights.len() / head.bias.len();
    *hidden = features / COMPONENTS;
    let (rows, size) = match algebra {
        Algebra::Quaternion => (*hidden, COMPONENTS * *hidden * *hidden),
        Algebra::Real => (features, features * features),
    };
    // Of a quaternion's quarters, the first is the real part.
    let mut kernel = vec![0.0; size];
    kernel[..rows * rows]
        .iter_mut()
        .step_by(rows + 1)
        .for_each(|one| *one = 1.0);
    let weights = &mut beginning.weights;
    weights.insert("head.hidden.kernel".to_owned(), kernel);
    weights.insert("head.hidden.bias".to_owned(), vec![0.0; features]);
    weights.insert("head.output.weight".to_owned(), head.weights);
    weights.insert("head.output.bias".to_owned(), head.bias);
}
