use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Asks work that takes long to end early, from another thread. Clones share one state.
///
/// Loading a model and computing columns look at it between their steps (a layer of the network at most), and
/// return without a result once it is raised. It cannot be taken back: what was interrupted is not to be used.
#[derive(Debug, Clone, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Asks for the end. Never blocks.
    pub fn raise(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the end was asked for. Never blocks.
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
