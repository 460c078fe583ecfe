//! The start of a distillation: fresh weights, a model, or the run in the folder.

use std::path::Path;

use anyhow::{Context, ensure};
use hamiltone_engine::features::{COMPONENTS, FeatureSettings};
use hamiltone_engine::model::ModelFile;
use hamiltone_engine::network::Architecture;
use hamiltone_engine::network::streaming::Weights;
use hamiltone_training::heritage::{Heritage, Role};
use hamiltone_training::pruning::{Pruning, remove};
use hamiltone_training::random::stream;
use hamiltone_training::trainer::{file_sha256, initial_weights, input_statistics, weights_sha256};
use hamiltone_training::widening::{pool_by, widen};

use super::arguments::GeneralArguments;
use super::crops::{Crop, Crops, SURVEYED};
use super::mixture::Mixture;
use super::progress::{MODEL, Progress};
use crate::teacher::{HIDDEN, LABELS, audioset_labels};

/// Purpose of the random stream of fresh weights.
const INITIAL: u64 = 3;

/// Where a network comes from.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Origin {
    /// SHA-256 of the weights of the model (of its whole file, in runs of earlier programs).
    pub(super) parent: Option<String>,
    /// How that was pruned.
    pub(super) pruning: Option<String>,
    /// The sounds and licences behind it.
    pub(super) heritage: Heritage,
}

/// A network before its first step, or before the checkpoint is read into it.
pub(super) struct Beginning {
    pub(super) architecture: Architecture,
    pub(super) weights: Weights,
    pub(super) origin: Origin,
}

/// The network of the run in the folder, if it is the one that the arguments ask for.
///
/// # Errors
/// If it is another, or cannot be read.
pub(super) fn resumed(arguments: &GeneralArguments) -> anyhow::Result<Beginning> {
    let ModelFile { card, weights } = ModelFile::read(&arguments.out.join(MODEL))?;
    // The card in the folder, too, so that no restriction is lost that an older program let in.
    let mut heritage = Heritage::of(&card);
    let same = match &arguments.start {
        None => card.parent.is_none() && card.architecture == arguments.architecture()?,
        Some(start) => {
            let file = ModelFile::read(start).context("--start")?;
            let of_weights = weights_sha256(&file);
            let before = file.card;
            heritage = heritage.and(Role::Beginning, &Heritage::of(&before));
            let mut grown = arguments.grown(&before.architecture)?;
            let pruning = arguments.pruning();
            if pruning.is_some() {
                let layers = card.architecture.layers();
                grown = grown.with_filters(layers.iter().map(|layer| layer.outputs));
            }
            let hashes = [of_weights, file_sha256(start)?];
            card.parent
                .as_ref()
                .is_some_and(|parent| hashes.contains(parent))
                && card.architecture == grown
                && card.pruning == after(before.pruning, pruning)
        }
    };
    ensure!(
        same,
        "{} holds a run of another shape, from another model or pruned in another way: choose \
         another --out",
        arguments.out.display()
    );
    Ok(Beginning {
        architecture: card.architecture,
        weights,
        origin: Origin {
            parent: card.parent,
            pruning: card.pruning,
            heritage,
        },
    })
}

/// A new run: the statistics of the teacher over mixtures, and the first network.
///
/// # Errors
/// If the teacher fails, or the model to start from cannot be read or is not a general tagger.
pub(super) fn begun(crops: &Crops<'_>) -> anyhow::Result<(Progress, Beginning)> {
    let arguments = crops.arguments;
    let coded = arguments.mixing().coded;
    let mixtures = crops.mixtures(SURVEYED, 0, arguments.survey, coded);
    let mut done = survey(crops, &mixtures, coded)?;
    let beginning = match &arguments.start {
        Some(start) => from_model(arguments, start, crops.features)?,
        None => fresh(crops, &mixtures, &done)?,
    };
    if COMPONENTS * beginning.architecture.hidden != HIDDEN {
        done.hidden_means.clear();
        done.hidden_deviations.clear();
    }
    Ok((done, beginning))
}

/// Fresh weights: the output layer is the teacher's, and the hidden layer begins at its means.
fn fresh(
    crops: &Crops<'_>,
    mixtures: &[Mixture],
    done: &Progress,
) -> anyhow::Result<Beginning> {
    let (arguments, features) = (crops.arguments, crops.features);
    let architecture = arguments.architecture()?;
    let some = mixtures.iter().take(mixtures.len().div_ceil(4));
    let samples: Vec<&[f32]> = some.map(|mixture| &*mixture.student).collect();
    let norm = input_statistics(features, &samples);
    let mut random = stream(arguments.seed, &[INITIAL]);
    let mut weights = initial_weights(&architecture, features, norm, &mut random);
    let (weight, bias) = crops.last_layers.output();
    weights.insert("head.output.weight".to_owned(), weight.to_vec());
    weights.insert("head.output.bias".to_owned(), bias.to_vec());
    weights.insert("head.hidden.bias".to_owned(), done.hidden_means.clone());
    Ok(Beginning {
        architecture,
        weights,
        origin: Origin::default(),
    })
}

/// A finished general model: widened or pruned, as the arguments ask.
fn from_model(
    arguments: &GeneralArguments,
    start: &Path,
    features: &FeatureSettings,
) -> anyhow::Result<Beginning> {
    let file = ModelFile::read(start).context("--start")?;
    let parent = weights_sha256(&file);
    let ModelFile { card, mut weights } = file;
    let names = audioset_labels().iter().map(|label| &label.name);
    ensure!(
        card.labels.iter().eq(names)
            && card.features.equals_but_for_level(features)
            && card.architecture.hidden > 0,
        "--start {}: not a general tagger: its labels or features differ, or it has no hidden layer",
        start.display()
    );
    let pruning = arguments.pruning();
    let origin = Origin {
        parent: Some(parent),
        heritage: Heritage::of(&card),
        pruning: after(card.pruning, pruning.clone()),
    };
    let mut architecture = card.architecture;
    let grown = arguments.grown(&architecture)?;
    pool_by(grown.temporal_pooling, &mut architecture, &mut weights).context("--start")?;
    if grown != architecture {
        let mut random = stream(arguments.seed, &[INITIAL]);
        weights = widen(&architecture, &weights, &grown, features, &mut random)?;
        architecture = grown;
    }
    if let Some(pruning) = pruning {
        let kept = pruning.kept(&architecture, &weights, features, arguments.seed)?;
        (architecture, weights) = remove(&architecture, &weights, &kept)?;
    }
    Ok(Beginning {
        architecture,
        weights,
        origin,
    })
}

/// Statistics of the teacher over mixtures.
fn survey(crops: &Crops<'_>, mixtures: &[Mixture], coded: f64) -> anyhow::Result<Progress> {
    let judged = crops.judge(mixtures, 1)?;
    let all = |of: fn(&Crop) -> &[f32]| judged.iter().map(of).collect::<Vec<_>>();
    let (logits, hidden) = (all(|crop| &crop.logits), all(|crop| &crop.hidden));
    let (logit_means, logit_deviations) = moments(&logits, LABELS);
    let (hidden_means, hidden_deviations) = moments(&hidden, HIDDEN);
    Ok(Progress {
        logit_means,
        logit_deviations,
        hidden_means,
        hidden_deviations,
        coded,
        ..Progress::default()
    })
}

/// How a model is pruned that was pruned before, perhaps, and perhaps now.
fn after(before: Option<String>, now: Option<Pruning>) -> Option<String> {
    match (before, now) {
        (Some(before), Some(now)) => Some(format!("{before}, then {now}")),
        (before, now) => now.map(|now| now.to_string()).or(before),
    }
}

/// Mean and deviation (a tenth at least) of each column of rows.
fn moments(rows: &[&[f32]], columns: usize) -> (Vec<f32>, Vec<f32>) {
    let of_column = |column: usize| {
        let values = || rows.iter().map(|row| f64::from(row[column]));
        let mean = values().sum::<f64>() / rows.len() as f64;
        let variance = values().map(|value| (value - mean).powi(2)).sum::<f64>();
        let deviation = (variance / rows.len() as f64).sqrt();
        (mean as f32, deviation.max(0.1) as f32)
    };
    (0..columns).map(of_column).unzip()
}
