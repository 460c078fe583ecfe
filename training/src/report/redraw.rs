//! The pictures once more, from a `results.json` alone.

use std::path::Path;

use anyhow::Context;
use serde::Deserialize;

use super::{Curves, confusion_of_folds, curves};
use crate::evaluation::Evaluation;
use crate::outcome::{EpochRecord, fold_title};

/// The part of the results that the pictures show.
#[derive(Deserialize)]
struct Results {
    recipe: Recipe,
    labels: Vec<String>,
    folds: Vec<Fold>,
}

#[derive(Deserialize)]
struct Recipe {
    name: String,
}

#[derive(Deserialize)]
struct Fold {
    fold: usize,
    best_epoch: usize,
    test: Evaluation,
    epochs: Vec<EpochRecord>,
}

/// Draws `confusion.svg` and each fold's `curves-foldN.svg` into the folder `out`.
///
/// # Errors
/// If the results cannot be read or a picture cannot be written.
pub fn redraw(results: &Path, out: &Path) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(results)
        .with_context(|| format!("reading {}", results.display()))?;
    let Results {
        recipe,
        labels,
        folds,
    } = serde_json::from_str(&text)
        .with_context(|| format!("{} holds no results of a run", results.display()))?;
    std::fs::create_dir_all(out).with_context(|| format!("making {}", out.display()))?;
    for fold in &folds {
        let path = out.join(format!("curves-fold{}.svg", fold.fold));
        let drawn = Curves {
            title: &fold_title(&recipe.name, fold.fold),
            epochs: &fold.epochs,
            kept: fold.best_epoch,
            measure: fold.test.measure(),
        };
        curves(&path, &drawn)?;
    }
    let tests: Vec<&Evaluation> = folds.iter().map(|fold| &fold.test).collect();
    confusion_of_folds(&out.join("confusion.svg"), &recipe.name, &labels, &tests)
}
