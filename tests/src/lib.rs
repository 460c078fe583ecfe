//! The bundles in real hosts. The library is a small CLAP host and what its users share; the tests
//! are in `tests/`, and `cargo xtask demo` plays its demo through the same host.
//!
//! The tests need the bundles of `cargo xtask test` and say so where they are missing.

#![deny(unsafe_code)] // loading a plugin is unsafe by nature: allowed there, with its reason

pub mod child;
pub mod demo;
pub mod host;
pub mod places;
pub mod report;
pub mod state;
