//! The VST3 entry points, and the objects between the host and nice-plug's VST3 objects.
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
//! - All VST3 instances share one background thread, which ends the host when automation meets the
//!   release of an instance or the opening of a panel. `keeper` takes it out of use.
//! - Each view leaks its event handler, with two file descriptors, and the host keeps calling it.
//!   `view` gives nice-plug a frame of ours instead of the host's and releases what was leaked.
//!
//! On every system an oversized state is refused before it is read.
//!
//! The objects here forward every call and hold no state of the plugin. They do not depend on how
//! nice-plug lays out its own: they use its public types (`Wrapper`, `PluginInfo`) and COM. When
//! nice-plug is fixed they do no harm, and `tests/tests/framework.rs` fails as a reminder to remove them.
//! Other systems do not need `keeper` and `view`: there the background thread gets no tasks from
//! nice-plug, and there is no run loop.
#![allow(unsafe_code, reason = "COM objects are called through raw pointers")]
#![allow(
    non_snake_case,
    reason = "names of VST3 and of the entry points that hosts look for"
)]

#[cfg(target_os = "linux")]
mod event_handler;
mod factory;
#[cfg(target_os = "linux")]
mod frame;
mod instance;
#[cfg(target_os = "linux")]
mod keeper;
#[cfg(all(test, target_os = "linux"))]
mod tests;
#[cfg(target_os = "linux")]
mod view;

use std::ffi::c_void;

use nice_plug::wrapper::setup_logger;
use nice_plug::wrapper::vst3::vst3;
use vst3::ComWrapper;
use vst3::Steinberg::IPluginFactory;

use crate::Hamiltone;
use factory::Factory;

/// The factory; the caller owns one reference.
#[unsafe(no_mangle)] // SAFETY: hosts look for this name, and nothing else in the library has it
pub(crate) extern "system" fn GetPluginFactory() -> *mut c_void {
    ComWrapper::new(Factory::default())
        .to_com_ptr::<IPluginFactory>()
        .map_or(std::ptr::null_mut(), |factory| factory.into_raw().cast())
}

/// What hosts call after loading the library and before unloading it, by the names of each system. On
/// Linux the library then stays in memory (`build.rs`).
macro_rules! module {
    ($system:literal, $abi:literal, $enter:ident($($argument:ty)?), $leave:ident) => {
        #[doc = "Called after the library was loaded."]
        #[cfg(target_os = $system)]
        #[unsafe(no_mangle)] // SAFETY: as above
        pub(crate) extern $abi fn $enter($(_: $argument)?) -> bool {
            setup_logger::<Hamiltone>();
            true
        }

        #[doc = "Called before the library is unloaded."]
        #[cfg(target_os = $system)]
        #[unsafe(no_mangle)] // SAFETY: as above
        pub(crate) extern $abi fn $leave() -> bool {
            true
        }
    };
}

module!("linux", "C", ModuleEntry(*mut c_void), ModuleExit);
module!("macos", "C", bundleEntry(*mut c_void), bundleExit);
module!("windows", "system", InitDll(), ExitDll);
