//! Hamiltone in a host: the sound passes through untouched and a panel names what it is.
//!
//! ```text
//! process ─▶ tap ─▶ ring ─▶ worker ─▶ snapshot ─▶ panel
//! ```
//!
//! - [`tap`]: the audio thread's side. Copies and returns.
//! - [`worker`]: a thread for each instance. Runs the engine, loads models, writes reports.
//! - [`snapshot`]: what the worker knows, for whoever wants to show it.
//! - [`panel`]: shows a snapshot and turns clicks into parameters and settings.
//! - [`params`], [`settings`]: what the session saves.
//! - [`listen`]: what of the input is listened to.
//! - [`history`]: the last minute, for the tag roll.
//! - `clap_boundary`: the CLAP entry point; refuses states that are too large.
//! - `code_in_memory`: for a thread that has to outlive its instance.
//! - [`report`]: tags and timelines on disk.
//! - `vst3_boundary`: the VST3 entry points, and a way round defects of nice-plug.
//!
//! Arrows point one way: the panel knows snapshots and parameters, the worker knows the tap's far
//! end, and the audio thread knows nobody.
//!
//! # In the audio thread
//! `process` reads a few atomic parameters, mixes to mono and copies into a ring that was made at
//! activation. It does not allocate, lock, log or free. In a render it may wait for the worker, so
//! that every frame is analysed; in real time it never waits: what does not fit is dropped, counted
//! and shown.
#![deny(unsafe_code)] // nice-plug's derive and export macros bring their own

mod clap_boundary;
mod code_in_memory;
mod hidden_instance;
pub mod history;
pub mod listen;
pub mod panel;
pub mod params;
mod plugin;
pub mod report;
pub mod settings;
pub mod snapshot;
pub mod tap;
mod vst3_boundary;
pub mod worker;

pub use plugin::Hamiltone;
