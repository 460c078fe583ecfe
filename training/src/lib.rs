//! Trains quaternion networks for Hamiltone.
//!
//! [`dataset`] knows the data sets and their splits, [`augmentation`] makes each clip new each
//! time, [`optimisation`] adjusts the weights, [`run`] trains fold by fold and can be stopped and
//! resumed at any time, [`evaluation`] asks the finished network (by the engine's own streaming
//! forward, so what is measured is what the plugin runs), [`report`] writes results and pictures.
//! [`teacher`] holds the networks that students learn from, [`material`] the audio they do it on,
//! [`general`] the student of all of AudioSet's labels, [`zero_shot`] what that knows of sets it has
//! never heard.
#![forbid(unsafe_code)]

pub mod audio_cache;
pub mod augmentation;
pub mod dataset;
mod device;
pub mod evaluation;
mod files;
pub mod general;
mod heritage;
mod in_place;
pub mod level;
mod logistic;
pub mod material;
pub mod optimisation;
pub mod pruning;
pub mod random;
pub mod report;
pub mod run;
pub mod study;
pub mod teacher;
mod widening;
pub mod zero_shot;
