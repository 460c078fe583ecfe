//! Marks the one instance that no host sees: it only keeps nice-plug's background thread out of use
//! (`vst3_boundary::keeper`).

use std::cell::Cell;

thread_local! {
    /// Whether this thread is making the hidden instance.
    static MAKING: Cell<bool> = const { Cell::new(false) };
}

/// Whether the instance that is being made in this thread is the hidden one.
pub(crate) fn is_being_made() -> bool {
    MAKING.get()
}

/// Runs `make`, in which the hidden instance is made.
#[cfg(target_os = "linux")]
pub(crate) fn make<T>(make: impl FnOnce() -> T) -> T {
    /// If nice-plug panics, the next instance must not count as hidden.
    struct Reset;
    impl Drop for Reset {
        fn drop(&mut self) {
            MAKING.set(false);
        }
    }
    MAKING.set(true);
    let _after = Reset;
    make()
}
