use std::path::PathBuf;

use super::cost::Excess;

/// Why a model could not be had. Every message says what is wrong and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The file could not be read.
    #[error("cannot read the model file {}: {source}. Check that it exists and may be read", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file could not be written.
    #[error("cannot write the model file {}: {source}. Check the folder and the free space", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Larger than any model is.
    #[error(
        "the file has {bytes} bytes, more than the {limit} a model may have: this is no Hamiltone model"
    )]
    TooLarge {
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// Not a whole safetensors file.
    #[error("not a whole .safetensors file ({0}): fetch or export it again")]
    NotSafetensors(String),
    /// A safetensors file, but not one of ours.
    #[error(
        "a .safetensors file without a Hamiltone card: only models made by `hamiltone-training` can be run"
    )]
    NoCard,
    /// The card is damaged.
    #[error("the model's card cannot be understood ({0}): make the file again")]
    Card(String),
    /// Made for another version of the format.
    #[error("the model has format version {found}, this program reads {expected}: {}", if found > expected { "get a newer Hamiltone" } else { "export the model again with this version" })]
    Version {
        /// What the file says.
        found: u32,
        /// What is supported.
        expected: u32,
    },
    /// The card contradicts itself or is out of range.
    #[error("the model's card cannot be right: {0}. Make the file again")]
    Inconsistent(String),
    /// A tensor is missing, extra, or has another shape or type.
    #[error("the model's weights do not fit its card: {0}. Make the file again")]
    Tensors(String),
    /// A weight that no working network has.
    #[error("the model's weights are damaged: {0}. Fetch or export the file again")]
    Values(String),
    /// It costs more than is accepted.
    #[error("the model is too costly to run: {0} (docs/USER_GUIDE.md, limits)")]
    TooCostly(Excess),
    /// Its loading was interrupted.
    #[error("loading the model was interrupted: load it again")]
    Interrupted,
    /// Card or weights are not those that were written.
    #[error(
        "the model's {0} differ from what was written (SHA-256): the file is damaged. Fetch or export it again"
    )]
    Checksum(&'static str),
    /// The network does not say what the file states it says.
    #[error(
        "the model does not give the output that its file states (off by {off:.2e}, allowed {allowed:.0e}): the file is damaged or was made by an incompatible version"
    )]
    Probe {
        /// The largest difference of a logit.
        off: f32,
        /// The tolerance.
        allowed: f32,
    },
    /// Not to be found anywhere.
    #[error("model missing: {0}. Put its file into {1} or choose another model")]
    Missing(String, String),
}
