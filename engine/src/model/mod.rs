//! One file is a model: a `.safetensors` whose header carries the [`Card`].
//!
//! The loader checks everything against everything and trusts nothing: size, header, version,
//! feature settings, architecture against names and shapes of the tensors and against the memory it
//! would take, texts, finite values, variances, labels against outputs, and at last the probe: a
//! sound whose logits the file states.

mod among;
mod calibration;
mod card;
mod checks;
mod choice;
mod error;
mod file;
mod hierarchy;
mod library;
mod loaded;
mod on_levels;
mod probe;
mod statistics;

pub use among::Among;
pub use calibration::Calibration;
pub use card::{Accuracy, Card, FORMAT_VERSION, TaskKind};
pub use choice::{ANY_LABELS, CLEAR, Choice, ChoiceFigures, ChoiceRule};
pub use error::ModelError;
pub use file::{MAX_FILE_BYTES, ModelFile};
pub use library::{FileSignature, Library, LibraryEntry, ModelChoice, ModelSource, user_folder};
pub use loaded::{Model, clip_features, clip_logits};
pub use on_levels::{OnLevels, USUAL_THRESHOLD};
pub use probe::Probe;
pub use statistics::{ClassStatistics, GROUPS};
