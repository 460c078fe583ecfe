//! The bundles in real hosts. The library has a small CLAP host, a small VST3 host and shared helpers; the tests
//! are in `tests/`, and `cargo xtask demo` plays its demo through the same CLAP host.
//!
//! The tests need the bundles that `cargo xtask test` builds, and fail with a message if they are missing.

#![deny(unsafe_code)] // loading a plugin is unsafe by nature: allowed there, with its reason

pub mod child;
pub mod demo;
#[cfg(feature = "screen")]
pub mod display;
pub mod host;
pub mod permission;
#[cfg(feature = "screen")]
pub mod picture;
pub mod places;
pub mod report;
pub mod state;
#[cfg(all(unix, feature = "vst3"))]
pub mod vst3;
#[cfg(feature = "screen")]
pub mod window;
