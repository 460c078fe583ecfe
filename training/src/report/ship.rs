//! From a run to a model that people use: one fold's network, with what all folds measured on its card.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use hamiltone_engine::model::{Accuracy, ModelFile};
use serde::Deserialize;

use super::spread;
use crate::dataset::Task;
use crate::evaluation::Evaluation;

/// Arguments of `ship`.
#[derive(Debug, clap::Args)]
pub struct ShipArguments {
    /// The folder of the run (with its results.json).
    #[arg(long)]
    pub run: PathBuf,
    /// Which fold's network: it has not seen that fold.
    #[arg(long)]
    pub fold: usize,
    /// The model's name, and its file's [default: the name of the run's folder].
    #[arg(long)]
    pub name: Option<String>,
    /// Folder for the file.
    #[arg(long, default_value = "models")]
    pub models: PathBuf,
}

#[derive(Deserialize)]
struct Results {
    recipe: Recipe,
    folds: Vec<Fold>,
}

#[derive(Deserialize)]
struct Recipe {
    task: Task,
}

#[derive(Deserialize)]
struct Fold {
    fold: usize,
    test_clips: usize,
    test: Evaluation,
}

impl Results {
    /// A figure over the folds that were tested, for a card.
    fn measured(&self, measure: &str, value: fn(&Evaluation) -> f64) -> Accuracy {
        let values: Vec<f64> = self.folds.iter().map(|fold| value(&fold.test)).collect();
        let clips: usize = self.folds.iter().map(|fold| fold.test_clips).sum();
        let (over, kept_together) = (spread(&values), self.recipe.task.kept_together());
        let (spread, which) = match values.len() {
            1 => (None, format!("one fold of {kept_together}, tested")),
            folds => (
                over.deviation,
                format!("mean over {folds} folds of {kept_together}, each tested"),
            ),
        };
        Accuracy {
            measure: measure.to_owned(),
            value: over.mean,
            spread,
            protocol: format!(
                "{which} by the network that has not seen it ({clips} clips, one seed)"
            ),
            other_corpora: Vec::new(),
        }
    }
}

/// Writes the model. What it measured in its own fold stays on the card, behind the means.
///
/// # Errors
/// If the run has no results or no such fold, or the file cannot be written.
pub fn ship(arguments: &ShipArguments) -> anyhow::Result<()> {
    let ShipArguments {
        run,
        fold,
        name,
        models,
    } = arguments;
    let folder = run
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let name = name.clone().or(folder);
    let name =
        name.context("--name: give the model's name, since the folder of the run has none")?;
    ensure!(
        !name.is_empty() && Path::new(&name).components().count() == 1,
        "--name {name:?} is not a file name: it must have no folders"
    );
    let path = run.join("results.json");
    let text = std::fs::read_to_string(&path).with_context(|| format!("{}", path.display()))?;
    let results: Results =
        serde_json::from_str(&text).with_context(|| format!("{}", path.display()))?;
    let path = run.join(format!("fold{fold}")).join("model.safetensors");
    let mut model = ModelFile::read(&path).with_context(|| format!("{}", path.display()))?;
    let Some(of_fold) = results.folds.iter().find(|of| of.fold == *fold) else {
        bail!(
            "fold {fold} of {} has not been tested: give it to `train` again, or ship another",
            run.display()
        );
    };
    let recall = results.measured("mean recall", |test| test.mean_recall);
    let accuracy = &mut model.card.accuracy;
    match results.folds.len() {
        1 => accuracy.push(recall), // the fold's own accuracy is all there is
        _ => {
            let mean = results.measured(of_fold.test.measure(), Evaluation::value);
            accuracy.splice(..0, [mean, recall]);
        }
    }
    let target = models.join(format!("{name}.safetensors"));
    model.card.name = name;
    model
        .write(&target)
        .with_context(|| format!("{}", target.display()))?;
    println!("{}", target.display());
    Ok(())
}
