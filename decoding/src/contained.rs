//! Calls into decoders of others, whose panics end only the call.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};

thread_local! {
    /// Whether this thread is inside of such a call.
    static CONTAINED: Cell<bool> = const { Cell::new(false) };
}

/// Runs a call into Symphonia and catches panics. Some of its arithmetic on header fields overflows (a CAF with 2³² / 8
/// bytes per packet, for example), and an untrusted file must not end the process. Its reader and decoder are discarded
/// after a panic.
pub(crate) fn contain<T>(call: impl FnOnce() -> T) -> Result<T, Box<dyn Any + Send>> {
    let before = CONTAINED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(call));
    CONTAINED.set(before);
    result
}

/// Hides the messages of panics that are caught while a file is decoded; the [`DecodeError`](crate::DecodeError) says all
/// that a user needs. Other panics are printed as before. For the `main` of programs: it replaces the panic hook of the
/// process.
pub fn hide_contained_panics() {
    let usual = take_hook();
    set_hook(Box::new(move |panic| {
        if !CONTAINED.get() {
            usual(panic);
        }
    }));
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    static PRINTED: AtomicUsize = AtomicUsize::new(0);

    #[test]
    fn only_panics_in_a_decoder_are_hidden() {
        let before = take_hook();
        set_hook(Box::new(|panic| {
            // Other tests may panic at the same time.
            if panic.payload_as_str() == Some("for this test") {
                PRINTED.fetch_add(1, Ordering::SeqCst);
            }
        }));
        hide_contained_panics();
        assert!(contain(|| panic!("for this test")).is_err());
        assert_eq!(PRINTED.load(Ordering::SeqCst), 0);
        assert!(catch_unwind(|| panic!("for this test")).is_err());
        assert_eq!(PRINTED.load(Ordering::SeqCst), 1);
        set_hook(before);
    }
}
