//! Interrupts a busy worker when its instance is dropped.

use std::sync::atomic::{AtomicBool, Ordering};

use hamiltone_engine::Interrupt;

/// Shared by an instance and its worker.
#[derive(Default)]
pub(super) struct Quitting {
    interrupt: Interrupt,
    /// Whether the rest of the ring belongs to a report or a recording.
    awaited: AtomicBool,
}

impl Quitting {
    /// The instance is being dropped. Interrupts loading and the current column, unless the rest of the ring belongs
    /// to a report or a recording.
    pub(super) fn ask(&self) {
        if !self.awaited.load(Ordering::Relaxed) {
            self.interrupt.raise();
        }
    }

    /// Set by the worker: whether the rest of the ring is needed.
    pub(super) fn set_awaited(&self, awaited: bool) {
        self.awaited.store(awaited, Ordering::Relaxed);
    }

    /// For long operations.
    pub(super) fn interrupt(&self) -> Interrupt {
        self.interrupt.clone()
    }
}
