//! The start of a fold's training: a shape, weights, and where they come from.

use std::path::Path;

use anyhow::{Context, ensure};
use hamiltone_engine::features::COMPONENTS;
use hamiltone_engine::model::ModelFile;
use hamiltone_engine::network::Architecture;
use hamiltone_engine::network::streaming::Weights;

use super::context::{Fold, INITIAL};
use crate::heritage::{Heritage, Role};
use crate::pruning::remove;
use crate::recipe::{Head, Start};
use crate::teacher::{Teacher, TeacherRequest};
use crate::trainer::{file_sha256, initial_weights, input_statistics, weights_sha256};
use crate::widening::pool_by;

/// A network before its first step.
pub(super) struct Beginning {
    pub(super) architecture: Architecture,
    pub(super) weights: Weights,
    /// The model it comes from.
    pub(super) parent: Option<String>,
    /// How that was pruned.
    pub(super) pruning: Option<String>,
    /// The sounds and licences behind it, those of earlier models included.
    pub(super) heritage: Heritage,
}

/// Fresh weights, or those of the model that the recipe starts from.
///
/// # Errors
/// If a model that the recipe names cannot be read, or does not suit it.
pub(super) fn beginning(
    fold: &Fold<'_>,
    training: &[usize],
    teacher: Option<&dyn Teacher>,
) -> anyhow::Result<Beginning> {
    let mut beginning = match &fold.recipe.start {
        Some(start) => from_model(fold, start)?,
        None => fresh(fold, training)?,
    };
    if let Some(teacher) = teacher {
        // No weights are the teacher's, but what its sounds taught it is passed on.
        beginning.heritage = beginning.heritage.and(Role::Teacher, &teacher.heritage());
    }
    Ok(beginning)
}

fn fresh(fold: &Fold<'_>, training: &[usize]) -> anyhow::Result<Beginning> {
    let labels = fold.dataset.labels.len();
    let architecture = match &fold.recipe.shape_of {
        None => fold.recipe.architecture(labels),
        Some(template) => {
            let shape = model(fold, template)?.card.architecture;
            let pooling = fold.recipe.temporal_pooling;
            Architecture {
                labels,
                temporal_pooling: pooling.unwrap_or(shape.temporal_pooling),
                ..shape
            }
        }
    };
    let audio: Vec<&[f32]> = training.iter().map(|&clip| &fold.audio[clip][..]).collect();
    let norm = input_statistics(fold.features, &audio);
    let mut random = fold.random(&[INITIAL]);
    let weights = initial_weights(&architecture, fold.features, norm, &mut random);
    Ok(Beginning {
        architecture,
        weights,
        parent: None,
        pruning: None,
        heritage: own_heritage(fold),
    })
}

/// The model that the recipe starts from: pruned, with another pooling or another output layer, as the recipe asks.
///
/// # Errors
/// If the model cannot be read, or does not suit the recipe.
pub(super) fn from_model(fold: &Fold<'_>, start: &Start) -> anyhow::Result<Beginning> {
    let ModelFile { card, mut weights } = model(fold, &start.model)?;
    let mut architecture = card.architecture.clone();
    let pooling = fold.recipe.temporal_pooling;
    let mels = fold.features.mel_bands;
    if start.head == Head::Logistic {
        architecture.temporal_pooling = pooling.unwrap_or(architecture.temporal_pooling);
        architecture.labels = fold.dataset.labels.len();
        without_head(&mut architecture, &mut weights, mels);
    } else if card.labels != fold.label_names() {
        // Another task: the hidden layer is of use there too, the output layer is new.
        architecture.labels = fold.dataset.labels.len();
        let norm = (vec![0.0; COMPONENTS * mels], vec![1.0; COMPONENTS * mels]);
        let mut random = fold.random(&[INITIAL]);
        let fresh = initial_weights(&architecture, fold.features, norm, &mut random);
        let output = fresh.into_iter();
        weights.extend(output.filter(|(name, _)| name.starts_with("head.output.")));
    }
    if let Some(pooling) = pooling {
        pool_by(pooling, &mut architecture, &mut weights).context("start.model")?;
    }
    let mut pruned = None;
    if let Some(pruning) = &fold.recipe.pruning {
        let kept = pruning.kept(&architecture, &weights, fold.features, fold.recipe.seed)?;
        (architecture, weights) = remove(&architecture, &weights, &kept)?;
        pruned = Some(pruning.to_string());
    }
    let role = match start.frozen {
        true => Role::Trunk,
        false => Role::Beginning,
    };
    Ok(Beginning {
        architecture,
        weights,
        heritage: own_heritage(fold).and(role, &Heritage::of(&card)),
        parent: Some(card.name),
        pruning: pruned.or(card.pruning),
    })
}

/// Replaces the head by a linear one of zeros.
fn without_head(architecture: &mut Architecture, weights: &mut Weights, mels: usize) {
    architecture.hidden = 0;
    weights.retain(|name, _| !name.starts_with("head."));
    for parameter in architecture.parameters(mels) {
        let zeros = || vec![0.0; parameter.count()];
        weights.entry(parameter.name.clone()).or_insert_with(zeros);
    }
}

/// The data set's own.
fn own_heritage(fold: &Fold<'_>) -> Heritage {
    let title = fold.recipe.task.title();
    Heritage::new(
        &format!("{title} (all folds but {})", fold.number),
        &fold.dataset.licences.join("; "),
    )
}

/// A line for each file that the recipe names, with its path and the SHA-256 of a model's weights or, for other files,
/// of the file; and the same with the hashes of all files, as earlier programs kept it.
///
/// # Errors
/// If a file cannot be read.
pub(super) fn origin(fold: &Fold<'_>) -> anyhow::Result<[String; 2]> {
    let (mut lines, mut earlier) = (String::new(), String::new());
    for path in fold.recipe.files(fold.number) {
        let of_file = file_sha256(&path).context("a file that the recipe names")?;
        let of_weights = ModelFile::read(&path).map(|file| weights_sha256(&file));
        let hash = of_weights.as_ref().unwrap_or(&of_file);
        lines += &format!("{hash}  {}\n", path.display());
        earlier += &format!("{of_file}  {}\n", path.display());
    }
    Ok([lines, earlier])
}

/// Refuses what cannot begin, before an old run in the folder is forgotten for it.
///
/// # Errors
/// If a file that the recipe names is in the run's folder, cannot be read, or does not suit the recipe.
pub(super) fn check_restart(fold: &Fold<'_>) -> anyhow::Result<()> {
    let out = fold.out.canonicalize()?;
    for path in fold.recipe.files(fold.number) {
        ensure!(
            !path.canonicalize().is_ok_and(|path| path.starts_with(&out)),
            "{} is in --out, where --restart removes it: choose another --out",
            path.display()
        );
    }
    if let Some(start) = &fold.recipe.start {
        fold.check_crops(&from_model(fold, start)?.architecture)?;
    }
    if let Some(shape) = &fold.recipe.shape_of {
        fold.check_crops(&model(fold, shape)?.card.architecture)?;
    }
    teacher(fold).map(|_| ())
}

/// A model file of the recipe, with this fold's number in its name.
fn model(fold: &Fold<'_>, template: &str) -> anyhow::Result<ModelFile> {
    let path = fold.recipe.path(template, fold.number);
    let file = ModelFile::read(&path).context("a model that the recipe names")?;
    ensure!(
        file.card.features.equals_but_for_level(fold.features),
        "{} has other feature settings: its weights mean something else",
        path.display()
    );
    Ok(file)
}

/// The teacher of the recipe, if it has one.
///
/// # Errors
/// If it cannot be opened.
pub(super) fn teacher(fold: &Fold<'_>) -> anyhow::Result<Option<Box<dyn Teacher>>> {
    let Some(distillation) = &fold.recipe.distillation else {
        return Ok(None);
    };
    let path = fold.recipe.path(&distillation.teacher, fold.number);
    let request = TeacherRequest {
        path: &path,
        map: distillation.map.as_deref().map(Path::new),
        labels: &fold.label_names(),
        features: fold.features,
    };
    fold.teachers.open(&request).map(Some)
}
