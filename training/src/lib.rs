//! Trains quaternion networks for Hamiltone.
//!
//! [`dataset`] reads data sets and their splits, and [`augmentation`] changes clips at random. [`trainer`] holds the loop,
//! the optimiser and the checkpoints; [`run`] trains fold by fold and can be stopped and resumed at any time.
//! [`evaluation`] measures finished networks with the engine's streaming forward, as the plugin runs them, and
//! [`report`] writes results and pictures. [`teacher`] is the trait of networks that a run distils from. [`statistics`],
//! [`level`] and [`certainty`] finish a model.
#![forbid(unsafe_code)]

pub mod audio_cache;
pub mod augmentation;
pub mod certainty;
pub mod dataset;
pub mod evaluation;
pub mod files;
pub mod heritage;
pub mod level;
mod logistic;
pub mod material;
pub mod outcome;
pub mod progress_bar;
pub mod pruning;
pub mod random;
pub mod recipe;
pub mod report;
pub mod run;
pub mod statistics;
pub mod teacher;
mod temperature;
pub mod trainer;
pub mod trunks;
pub mod widening;
