use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Asks long computations to end early, from another thread. Clones share one state.
///
/// Loading a model and computing columns check it between their steps (a layer of the network at most), and
/// return without a result once it is raised. It cannot be lowered: an interrupted tagger is not to be used again.
#[derive(Debug, Clone, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Requests the end. Never allocates or waits.
    pub fn raise(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the end was requested. Never allocates or waits.
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
