//! Keeps the plugin's code loaded when a thread outlives its instance.
#![allow(
    unsafe_code,
    reason = "the system's loader is asked about this very library"
)]

use std::ffi::c_void;

/// Prevents the code from being unloaded with the plugin. Returns whether that is certain. Never blocks for long;
/// cannot be undone.
///
/// A host may unload the library as soon as its last instance is dropped. A thread that still runs its code would
/// then crash the host. So call this before leaving a thread behind, and join the thread if this returns `false`.
pub(crate) fn keep_code_in_memory() -> bool {
    imp::keep(keep_code_in_memory as *const c_void)
}

#[cfg(unix)]
mod imp {
    use std::ffi::c_void;
    use std::mem::MaybeUninit;

    /// Keeps the library loaded that contains `address`.
    pub(super) fn keep(address: *const c_void) -> bool {
        let Some(library) = library_at(address) else {
            return false;
        };
        if is_the_program(library) {
            return true;
        }
        let flags = libc::RTLD_NOW | libc::RTLD_NOLOAD | libc::RTLD_NODELETE;
        // SAFETY: the name is the loader's and stays as long as the library is loaded, whose code the caller runs.
        // With `RTLD_NOLOAD` nothing is loaded and no initialiser runs. The handle is never closed.
        unsafe { !library.dli_fname.is_null() && !libc::dlopen(library.dli_fname, flags).is_null() }
    }

    fn library_at(address: *const c_void) -> Option<libc::Dl_info> {
        let mut found = MaybeUninit::<libc::Dl_info>::zeroed();
        // SAFETY: `dladdr` looks up the address without reading there, and writes to `found` alone, for which zeros
        // are a valid value.
        unsafe { (libc::dladdr(address, found.as_mut_ptr()) != 0).then(|| found.assume_init()) }
    }

    /// Whether it is the program itself, as in tests: that is never unloaded, and has no name to open it by.
    #[cfg(target_os = "linux")]
    fn is_the_program(library: libc::Dl_info) -> bool {
        // SAFETY: reads a value that the kernel gave to the process.
        let headers = unsafe { libc::getauxval(libc::AT_PHDR) } as *const c_void;
        library_at(headers).is_some_and(|program| program.dli_fbase == library.dli_fbase)
    }

    #[cfg(not(target_os = "linux"))]
    fn is_the_program(_library: libc::Dl_info) -> bool {
        false // others open it by its name
    }

    #[cfg(all(test, target_os = "linux", target_env = "gnu"))]
    mod tests {
        use super::*;

        /// A library that every glibc has and hardly anyone uses, and a function in it.
        const LIBRARY: &std::ffi::CStr = c"libBrokenLocale.so.1";
        const FUNCTION: &std::ffi::CStr = c"__ctype_get_mb_cur_max";

        /// Opens the library, perhaps keeps it, and closes it. Whether it is still there; `None` where it never was.
        fn survives(kept: bool) -> Option<bool> {
            // SAFETY: a library of the C library without state; its handle is closed once, and nothing of it is
            // called.
            unsafe {
                let handle = libc::dlopen(LIBRARY.as_ptr(), libc::RTLD_NOW);
                if handle.is_null() {
                    return None;
                }
                if kept {
                    assert!(keep(libc::dlsym(handle, FUNCTION.as_ptr())));
                }
                libc::dlclose(handle);
                let flags = libc::RTLD_NOW | libc::RTLD_NOLOAD;
                Some(!libc::dlopen(LIBRARY.as_ptr(), flags).is_null())
            }
        }

        #[test]
        fn what_is_kept_stays_after_it_is_closed() {
            if survives(false).is_none() {
                hamiltone_test_support::skip(format_args!("{LIBRARY:?}"));
                return;
            }
            assert_eq!(survives(false), Some(false));
            assert_eq!(survives(true), Some(true));
            assert!(crate::code_in_memory::keep_code_in_memory());
        }
    }
}

#[cfg(windows)]
mod imp {
    use std::ffi::c_void;

    use windows_sys::Win32::System::LibraryLoader::{
        GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, GET_MODULE_HANDLE_EX_FLAG_PIN, GetModuleHandleExW,
    };

    /// Keeps the module loaded that contains `address`.
    pub(super) fn keep(address: *const c_void) -> bool {
        let mut module = std::ptr::null_mut();
        let flags = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN;
        // SAFETY: with these flags the second argument is an address in a loaded module, which the caller runs,
        // and `module` is written to.
        unsafe { GetModuleHandleExW(flags, address.cast(), &mut module) != 0 }
    }
}
