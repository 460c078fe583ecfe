//! Trains quaternion networks for Hamiltone.
//!
//! [`dataset`] knows the data sets and their splits, [`augmentation`] makes each clip new each
//! time, [`optimisation`] adjusts the weights, [`run`] trains fold by fold and can be stopped and
//! resumed at any time, [`evaluation`] asks the finished network (by the engine's own streaming
//! forward, so what is measured is what the plugin runs), [`report`] writes results and pictures.
//! [`teacher`] is what a run asks where it distils, [`statistics`] and [`level`] finish a model.
#![forbid(unsafe_code)]

pub mod audio_cache;
pub mod augmentation;
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
pub mod trainer;
pub mod widening;
