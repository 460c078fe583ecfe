//! From a run to a model that people use: one fold's network, with what all folds measured on its card.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use hamiltone_engine::model::{Accuracy, ModelFile};
use serde::Deserialize;

/// What is shipped.
#[derive(Debug, clap::Args)]
pub struct ShipArguments {
    /// The folder of the run (with its results.json).
    #[arg(long)]
    pub run: PathBuf,
    /// Which fold's network: it has not seen that fold.
    #[arg(long)]
    pub fold: usize,
    /// The model's name, and its file's.
    #[arg(long)]
    pub name: String,
    /// Folder for the file.
    #[arg(long, default_value = "models")]
    pub models: PathBuf,
}

#[derive(Deserialize)]
struct Results {
    clips: usize,
    accuracy: Spread,
    mean_recall: Spread,
    folds: Vec<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Spread {
    mean: f64,
    deviation: f64,
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
    ensure!(
        !name.is_empty() && Path::new(name).components().count() == 1,
        "{name:?} is no name of a file"
    );
    let path = run.join("results.json");
    let text = std::fs::read_to_string(&path).with_context(|| format!("{}", path.display()))?;
    let results: Results =
        serde_json::from_str(&text).with_context(|| format!("{}", path.display()))?;
    let path = run.join(format!("fold{fold}")).join("model.safetensors");
    let mut model = ModelFile::read(&path).with_context(|| format!("{}", path.display()))?;
    let folds = results.folds.len();
    let protocol = format!(
        "mean over {folds} folds, each tested by the network that has not seen it ({} clips, one \
         seed)",
        results.clips
    );
    let measured = |measure: &str, spread: &Spread| Accuracy {
        measure: measure.to_owned(),
        value: spread.mean,
        spread: Some(spread.deviation),
        protocol: protocol.clone(),
    };
    let mut accuracy = vec![
        measured("accuracy", &results.accuracy),
        measured("mean recall", &results.mean_recall),
    ];
    accuracy.append(&mut model.card.accuracy);
    model.card.accuracy = accuracy;
    model.card.name = name.clone();
    let target = models.join(format!("{name}.safetensors"));
    model
        .write(&target)
        .with_context(|| format!("{}", target.display()))?;
    println!("{}", target.display());
    Ok(())
}
