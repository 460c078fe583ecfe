//! The CLAP and VST3 plugin: passes the audio unchanged, tags it, and shows the labels in a panel.
//!
//! ```text
//! process ─▶ tap ─▶ ring ─▶ worker ─▶ snapshot ─▶ panel
//! ```
//!
//! - [`tap`]: copies audio from the audio thread to the worker.
//! - [`worker`]: a thread for each instance. Runs the engine, loads models, feeds the outputs.
//! - [`snapshot`]: what the worker publishes.
//! - [`panel`]: shows snapshots and turns what the user does into parameters and settings.
//! - [`params`], [`settings`]: what the session saves.
//! - [`agreements`]: what sessions may do outside of the plugin on this machine.
//! - [`listen`]: the input channels that are analysed.
//! - [`osc_addresses`]: the OSC address of each label.
//! - [`machine`]: what this machine remembers for all sessions.
//! - [`history`]: the last minute, for the tag roll.
//! - [`report`]: tags and timelines on disk.
//! - `clap_boundary`: the CLAP entry point; refuses states that are too large.
//! - `vst3_boundary`: the VST3 entry points, and workarounds for defects of nice-plug.
//! - `hidden_instance`: marks the instance that one of these workarounds needs.
//! - `code_in_memory`: keeps the code loaded for a thread that outlives its instance.
//!
//! Dependencies point one way: the panel knows snapshots, parameters and requests to the worker, the worker knows
//! its end of the tap, and the audio thread knows neither.
//!
//! # In the audio thread
//! `process` reads a few atomic parameters, mixes to mono and copies into a ring that was allocated at
//! activation. It does not allocate, lock, log or free. In a render it may wait for the worker, so
//! that every frame is analysed; in real time it never waits: frames that do not fit are dropped, counted
//! and reported in the panel.
#![deny(unsafe_code)] // nice-plug's derive and export macros bring their own

pub mod agreements;
mod clap_boundary;
mod code_in_memory;
mod hidden_instance;
pub mod history;
pub mod listen;
pub mod machine;
pub mod osc_addresses;
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
