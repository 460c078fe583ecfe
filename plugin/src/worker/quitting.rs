//! The end of a worker while it is busy.

use std::sync::atomic::{AtomicBool, Ordering};

use hamiltone_engine::Interrupt;

/// Between an instance that goes and its worker.
#[derive(Default)]
pub(super) struct Quitting {
    interrupt: Interrupt,
    /// Whether someone gets to see what is still in the ring: a report or a recording.
    awaited: AtomicBool,
}

impl Quitting {
    /// The instance goes. A model that is being loaded and a column in the making are given up, unless what is in the
    /// ring still belongs to a report or a recording.
    pub(super) fn ask(&self) {
        if !self.awaited.load(Ordering::Relaxed) {
            self.interrupt.raise();
        }
    }

    /// From the worker: whether someone waits for the rest.
    pub(super) fn set_awaited(&self, awaited: bool) {
        self.awaited.store(awaited, Ordering::Relaxed);
    }

    /// For what takes long.
    pub(super) fn interrupt(&self) -> Interrupt {
        self.interrupt.clone()
    }
}
