//! The model file: a `.safetensors` file with a [`Card`] in its header.
//!
//! The loader trusts nothing and checks size, header, version,
//! feature settings, architecture against names and shapes of the tensors and against the memory and
//! the arithmetic it would take, texts, the range of every number, labels against outputs, checksums of
//! card and weights, the probe (a sound whose logits the file states), and the logits of silence and of
//! the loudest input.

mod activation;
mod among;
mod calibration;
mod card;
mod card_in_short;
mod checks;
mod checksums;
mod choice;
mod choice_rule;
mod class_statistics;
mod cost;
mod error;
mod file;
mod hash;
mod hierarchy;
mod label_groups;
mod library;
mod loaded;
mod on_levels;
mod probe;

pub use crate::network::{clip_features, clip_logits};
pub use among::Among;
pub use calibration::Calibration;
pub use card::{Accuracy, Card, Checksums, FORMAT_VERSION, OtherCorpus, TaskKind};
pub use choice::Choice;
pub use choice_rule::{ANY_LABELS, CLEAR, ChoiceFigures, ChoiceRule};
pub use class_statistics::ClassStatistics;
pub use cost::{Cost, Excess, Limits, parse_count};
pub use error::ModelError;
pub use file::{MAX_FILE_BYTES, ModelFile};
pub use label_groups::{LABEL_GROUPS, LabelGroup};
pub use library::{FileSignature, Library, LibraryEntry, ModelChoice, ModelSource, user_folder};
pub use loaded::{LoadOptions, Model};
pub use on_levels::{OnLevels, USUAL_THRESHOLD};
pub use probe::Probe;
