//! Keeps the plugin's code in memory when a thread has to outlive its instance.
#![allow(unsafe_code)] // the system's loader is asked about this very library

/// From now on a host that unloads the plugin does not remove its code from memory. Returns whether that is
/// certain. Never blocks for long; cannot be taken back.
///
/// A host may unload the library as soon as its last instance is gone. A thread that still runs its code would
/// then crash the host. So whoever leaves a thread behind calls this first, and joins the thread where this
/// returns `false`.
pub(crate) fn keep_code_in_memory() -> bool {
    imp::keep()
}

#[cfg(unix)]
mod imp {
    use std::ffi::c_void;
    use std::mem::MaybeUninit;

    pub(super) fn keep() -> bool {
        let here = super::keep_code_in_memory as *const c_void;
        let mut found = MaybeUninit::<libc::Dl_info>::zeroed();
        // SAFETY: `dladdr` writes to `found` alone, for which zeros are a valid value. The name that it gives is
        // the loader's and stays as long as this library, whose code is running, is loaded. With `RTLD_NOLOAD`
        // nothing is loaded and no initialiser runs; the handle is never closed.
        unsafe {
            if libc::dladdr(here, found.as_mut_ptr()) == 0 {
                return false;
            }
            let name = found.assume_init().dli_fname;
            let flags = libc::RTLD_NOW | libc::RTLD_NOLOAD | libc::RTLD_NODELETE;
            !name.is_null() && !libc::dlopen(name, flags).is_null()
        }
    }
}

#[cfg(windows)]
mod imp {
    use windows_sys::Win32::System::LibraryLoader::{
        GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, GET_MODULE_HANDLE_EX_FLAG_PIN, GetModuleHandleExW,
    };

    pub(super) fn keep() -> bool {
        let here = super::keep_code_in_memory as *const u16;
        let mut module = std::ptr::null_mut();
        let flags = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN;
        // SAFETY: with these flags the second argument is an address in a loaded module, as that of a function
        // of ours is, and `module` is written to.
        unsafe { GetModuleHandleExW(flags, here, &mut module) != 0 }
    }
}
