//! Training runs: a recipe on the folds of a data set, resumable at any time.

mod arguments;
mod bare;
mod batch;
mod card;
mod command;
mod context;
mod epochs;
mod fold;
mod fold_folder;
mod folder;
mod folds;
mod head;
mod loss;
mod recordings;
mod start;
mod views;

pub use arguments::TrainArguments;
pub use bare::BareTraining;
pub use command::train;
pub use folds::Run;
pub use recordings::{Loading, Recordings};
