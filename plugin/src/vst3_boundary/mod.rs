//! The VST3 entry points on Linux, and what stands between the host and nice-plug's VST3 objects.
//!
//! ```text
//! host ◀─▶ Factory ─▶ Instance ─▶ nice-plug's component and controller
//!             │           └─────▶ View ─▶ nice-plug's view
//!             └─▶ keeper                   └─▶ RunLoopFrame ─▶ host's frame and run loop
//! ```
//!
//! nice-plug 0.4.2, the newest release, has two defects on Linux that end the host (reports:
//! `docs/upstream/`):
//!
//! - All VST3 instances share one background thread. It ends when it meets a task of an instance that
//!   has gone, and then the last instance panics in its destructor, which cannot unwind. [`keeper`]
//!   holds one hidden instance, so that this destructor never runs, and [`Instance`] lets the thread
//!   finish the tasks of an instance before that instance goes.
//! - Each view leaks its event handler, with two file descriptors, and the host goes on calling it.
//!   [`View`] gives nice-plug a frame of ours in place of the host's and gives back what was leaked.
//!
//! The objects here forward every call and hold no state of the plugin. They do not depend on how
//! nice-plug lays out its own: they use its public types (`Wrapper`, `PluginInfo`) and COM. When
//! nice-plug is mended they do nothing harmful, and `tests/tests/framework.rs` fails, to say that this
//! module can go: then `nice_export_vst3!` serves all systems again.
//!
//! Other systems are not concerned: there the background thread gets no tasks from nice-plug, and
//! there is no run loop.
#![allow(unsafe_code, reason = "COM objects are called through raw pointers")]
#![allow(
    non_snake_case,
    reason = "names of VST3 and of the entry points that hosts look for"
)]

mod event_handler;
mod factory;
mod frame;
mod instance;
pub(crate) mod keeper;
#[cfg(test)]
mod tests;
mod view;

use std::ffi::c_void;

use nice_plug::wrapper::setup_logger;
use nice_plug::wrapper::vst3::vst3;
use vst3::ComWrapper;
use vst3::Steinberg::IPluginFactory;

use crate::Hamiltone;
use factory::Factory;

/// What a host asks for after [`ModuleEntry`]. The caller owns one reference.
#[unsafe(no_mangle)] // SAFETY: hosts look for this name, and nothing else in the library has it
pub extern "system" fn GetPluginFactory() -> *mut c_void {
    ComWrapper::new(Factory::default())
        .to_com_ptr::<IPluginFactory>()
        .map_or(std::ptr::null_mut(), |factory| factory.into_raw().cast())
}

/// Called by a host after it has loaded the library.
#[unsafe(no_mangle)] // SAFETY: as above
pub extern "C" fn ModuleEntry(_library: *mut c_void) -> bool {
    setup_logger::<Hamiltone>();
    true
}

/// Called by a host before it unloads the library (which then stays in memory: see `build.rs`).
#[unsafe(no_mangle)] // SAFETY: as above
pub extern "C" fn ModuleExit() -> bool {
    true
}
