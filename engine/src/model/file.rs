//! Reading and writing the file; the checks that need no run of the network.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;

use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};

use super::card::{Card, FORMAT_VERSION};
use super::checksums;
use super::cost::{Cost, Excess, Limits};
use super::error::ModelError;
use super::probe::Probe;
use crate::network::ParameterKind;
use crate::network::streaming::{PackedNetwork, Weights};

/// A file larger than this is refused before anything is allocated. (QCNN14, the largest network
/// of the paper, has 84 MB.)
pub const MAX_FILE_BYTES: u64 = 256 << 20;
/// The largest number of any tensor. The largest in our models is 11 265 (a linear head over features that
/// hardly vary); from here on sums of products come near the end of single precision.
const LARGEST_VALUE: f32 = 1e9;
/// The key of the card in the header.
const CARD_KEY: &str = "hamiltone";

/// The contents of a model file: checked, not packed to run. Training, pruning and transfer
/// start from this; to run it, make a [`Model`](super::Model).
#[derive(Debug, Clone, PartialEq)]
pub struct ModelFile {
    /// The description.
    pub card: Card,
    /// Every tensor by name, in row-major order, with the shapes of the card's architecture.
    pub weights: Weights,
}

impl ModelFile {
    /// Makes a file from a card and weights: the counts, the cost, the probe and the checksums of the card
    /// are computed and filled in.
    ///
    /// # Errors
    /// If card and weights do not match.
    pub fn seal(mut card: Card, weights: Weights) -> Result<Self, ModelError> {
        let bands = card.features.mel_bands;
        if let Some(problem) = card.architecture.problem(bands) {
            return Err(ModelError::Inconsistent(problem));
        }
        for shape in card.architecture.parameters(bands) {
            if weights.get(&shape.name).map(Vec::len) != Some(shape.count()) {
                let what = format!("{} is missing or has another size", shape.name);
                return Err(ModelError::Tensors(what));
            }
        }
        check_values(&card, &weights)?;
        let network = Arc::new(PackedNetwork::new(&card.architecture, bands, &weights));
        card.format_version = FORMAT_VERSION;
        card.fill_in_counts();
        card.probe = Probe::measure(card.probe.seed, &card.features, &network);
        card.check()?;
        checksums::fill_in(&mut card, &weights)?;
        Ok(Self { card, weights })
    }

    /// Reads and checks a file; the probe is not run (see [`Model`](super::Model) for that).
    ///
    /// # Errors
    /// If the file cannot be read or fails a check.
    pub fn read(path: &Path) -> Result<Self, ModelError> {
        Self::from_bytes(&read_bytes(path)?)
    }

    /// The same from memory.
    ///
    /// # Errors
    /// If a check fails.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        Self::within(bytes, &Limits::NONE)
    }

    /// The same for a model that is to be run: one that costs more than the limits is refused before its
    /// weights are read.
    pub(super) fn within(bytes: &[u8], limits: &Limits) -> Result<Self, ModelError> {
        let tensors = SafeTensors::deserialize(bytes)
            .map_err(|error| ModelError::NotSafetensors(error.to_string()))?;
        let text = card_text(bytes)?;
        let mut card = read_card(&text)?;
        card.check()?;
        let cost = Cost::of(&card.architecture, &card.features);
        if !limits.admit(cost) {
            let limits = *limits;
            return Err(ModelError::TooCostly(Excess { cost, limits }));
        }
        let weights = read_weights(&tensors, &card)?;
        check_values(&card, &weights)?;
        checksums::check(&card, &text, &weights)?;
        card.fill_in_counts();
        Ok(Self { card, weights })
    }

    /// The file's bytes, with checksums of card and weights as they are now.
    ///
    /// # Errors
    /// If the card fails a check, or card and weights do not match.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ModelError> {
        self.card.check()?;
        let expected = self
            .card
            .architecture
            .parameters(self.card.features.mel_bands);
        let encoded: Vec<(String, Vec<usize>, Vec<u8>)> = expected
            .into_iter()
            .map(|shape| {
                let missing = || ModelError::Tensors(format!("{} is missing", shape.name));
                let values = self.weights.get(&shape.name).ok_or_else(missing)?;
                let bytes = values
                    .iter()
                    .flat_map(|value| value.to_le_bytes())
                    .collect();
                Ok((shape.name, shape.shape, bytes))
            })
            .collect::<Result<_, ModelError>>()?;
        let views = encoded
            .iter()
            .map(|(name, shape, bytes)| {
                TensorView::new(Dtype::F32, shape.clone(), bytes)
                    .map(|view| (name.as_str(), view))
                    .map_err(|error| ModelError::Tensors(format!("{name}: {error}")))
            })
            .collect::<Result<BTreeMap<_, _>, _>>()?;
        let card = checksums::fill_in(&mut self.card.clone(), &self.weights)?;
        let header = HashMap::from([(CARD_KEY.to_owned(), card)]);
        serialize(views, Some(header)).map_err(|error| ModelError::Tensors(error.to_string()))
    }

    /// Writes the file atomically: into a temporary file beside it, which is then renamed.
    ///
    /// # Errors
    /// If card and weights do not match or the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), ModelError> {
        let bytes = self.to_bytes()?;
        let beside = path.with_extension("safetensors.part");
        let write = || -> std::io::Result<()> {
            let mut file = File::create(&beside)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            std::fs::rename(&beside, path)
        };
        write().map_err(|source| {
            let _ = std::fs::remove_file(&beside);
            ModelError::Write {
                path: path.to_owned(),
                source,
            }
        })
    }
}

/// A file's bytes, if it is not too large. The size is checked before memory is allocated, and again
/// while reading, since a file can grow.
pub(super) fn read_bytes(path: &Path) -> Result<Vec<u8>, ModelError> {
    let failed = |source| ModelError::Read {
        path: path.to_owned(),
        source,
    };
    let metadata = std::fs::metadata(path).map_err(failed)?;
    if !metadata.is_file() {
        return Err(failed(std::io::Error::other("it is not a regular file")));
    }
    let too_large = |bytes| ModelError::TooLarge {
        bytes,
        limit: MAX_FILE_BYTES,
    };
    if metadata.len() > MAX_FILE_BYTES {
        return Err(too_large(metadata.len()));
    }
    let mut bytes = Vec::with_capacity(metadata.len() as usize);
    let file = File::open(path).map_err(failed)?;
    file.take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(too_large(bytes.len() as u64));
    }
    Ok(bytes)
}

/// The card's JSON text as it stands in the header.
fn card_text(bytes: &[u8]) -> Result<String, ModelError> {
    let (_, header) = SafeTensors::read_metadata(bytes)
        .map_err(|error| ModelError::NotSafetensors(error.to_string()))?;
    let card = header.metadata().as_ref().and_then(|map| map.get(CARD_KEY));
    card.cloned().ok_or(ModelError::NoCard)
}

fn read_card(card: &str) -> Result<Card, ModelError> {
    // The version first: a card of another version may have other fields.
    #[derive(serde::Deserialize)]
    struct VersionOnly {
        format_version: u32,
    }
    let unreadable = |error: serde_json::Error| ModelError::Card(error.to_string());
    let VersionOnly {
        format_version: found,
    } = serde_json::from_str(card).map_err(unreadable)?;
    if found != FORMAT_VERSION {
        return Err(ModelError::Version {
            found,
            expected: FORMAT_VERSION,
        });
    }
    serde_json::from_str(card).map_err(unreadable)
}

fn read_weights(tensors: &SafeTensors<'_>, card: &Card) -> Result<Weights, ModelError> {
    let expected = card.architecture.parameters(card.features.mel_bands);
    if let Some(extra) = tensors
        .names()
        .into_iter()
        .find(|name| !expected.iter().any(|shape| shape.name == *name))
    {
        return Err(ModelError::Tensors(format!(
            "{extra} does not belong to the architecture"
        )));
    }
    let read = |shape: crate::network::ParameterShape| {
        let wrong = |what: String| ModelError::Tensors(format!("{} {what}", shape.name));
        let tensor = tensors
            .tensor(&shape.name)
            .map_err(|_| wrong("is missing".into()))?;
        if tensor.dtype() != Dtype::F32 {
            return Err(wrong(format!("holds {:?}, not F32", tensor.dtype())));
        }
        if tensor.shape() != shape.shape {
            return Err(wrong(format!(
                "is {:?}, not {:?}",
                tensor.shape(),
                shape.shape
            )));
        }
        let (quads, _) = tensor.data().as_chunks::<4>();
        Ok((
            shape.name.clone(),
            quads
                .iter()
                .map(|bytes| f32::from_le_bytes(*bytes))
                .collect(),
        ))
    };
    expected.into_iter().map(read).collect()
}

fn check_values(card: &Card, weights: &Weights) -> Result<(), ModelError> {
    for shape in card.architecture.parameters(card.features.mel_bands) {
        let values = &weights[&shape.name];
        let variance = shape.kind == ParameterKind::Statistic && shape.name.ends_with("variance");
        // A NaN is not within the range either.
        let fits = |value: &f32| value.abs() <= LARGEST_VALUE;
        if let Some(at) = values.iter().position(|value| !fits(value)) {
            let what = format!("{} holds {} at {at}", shape.name, values[at]);
            return Err(ModelError::Values(what));
        }
        if let Some(at) = values.iter().position(|&value| variance && value < 0.0) {
            let what = format!("{} holds a negative variance at {at}", shape.name);
            return Err(ModelError::Values(what));
        }
    }
    Ok(())
}
