use std::path::PathBuf;

use super::cost::Excess;

/// Why a model could not be loaded or written. Every message says what is wrong and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The file could not be read.
    #[error("cannot read the model file {}: {source}. Check that it exists and may be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// The file could not be written.
    #[error("cannot write the model file {}: {source}. Check the folder and the free space", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// The file is larger than a model may be.
    #[error(
        "the file has {bytes} bytes, more than the {limit} that a model may have: it is not a Hamiltone model"
    )]
    TooLarge {
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// Not a complete safetensors file.
    #[error("not a complete .safetensors file ({0}): download or export it again")]
    NotSafetensors(String),
    /// A safetensors file without a card.
    #[error(
        "a .safetensors file without a Hamiltone card: only models made by `hamiltone-training` can be run"
    )]
    NoCard,
    /// The card is damaged.
    #[error("the model's card cannot be parsed ({0}): export the model again")]
    Card(String),
    /// Made for another version of the format.
    #[error("the model has format version {found}, this program reads {expected}: {}", if found > expected { "get a newer Hamiltone" } else { "export the model again with this version" })]
    Version {
        /// The version in the file.
        found: u32,
        /// The supported version.
        expected: u32,
    },
    /// The card contradicts itself or is out of range.
    #[error("the model's card is inconsistent: {0}. Export the model again")]
    Inconsistent(String),
    /// A tensor is missing, extra, or has another shape or type.
    #[error("the model's weights do not match its card: {0}. Export the model again")]
    Tensors(String),
    /// A weight out of range, or a network that gives implausible logits.
    #[error("the model's weights are damaged: {0}. Download or export the file again")]
    Values(String),
    /// It costs more than the limits allow.
    #[error("the model is too costly to run: {0} (docs/USER_GUIDE.md, limits)")]
    TooCostly(Excess),
    /// Loading was interrupted.
    #[error("loading the model was interrupted: load it again")]
    Interrupted,
    /// Card or weights do not match their checksums.
    #[error(
        "the checksum (SHA-256) of the model's {0} is wrong: the file is damaged. Download or export it again"
    )]
    Checksum(&'static str),
    /// The network's logits for the probe differ from those in the file.
    #[error(
        "the model's output for its test signal differs from the stated one by {off:.2e} (allowed: {allowed:.0e}): the file is damaged or was made by an incompatible version"
    )]
    Probe {
        /// The largest difference of a logit.
        off: f32,
        /// The tolerance.
        allowed: f32,
    },
    /// No model of this name or hash was found.
    #[error("model missing: {0}. Put its file into {1} or choose another model")]
    Missing(String, String),
}
