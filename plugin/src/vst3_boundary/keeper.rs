//! Ends nice-plug's shared background thread at once, and never drops its last owner.
//!
//! On Linux all VST3 instances share that thread. nice-plug posts a task to it for each parameter that
//! the host changes on its audio thread, and the thread ends the process in several ways:
//!
//! - It ends when it meets a task of an instance that has gone. The last instance then panics in its
//!   destructor, which cannot unwind.
//! - It panics when the panel is just being opened, or is open in a host without a run loop; the same
//!   destructor follows. If it only looks at the panel while the host opens or closes it, that call panics.
//! - An instance may be dropped there, after the host believes it to be gone.
//!
//! Nothing that it does is of use to us: its tasks tell the panel of changes that the panel reads by
//! itself, and we post none. So one instance is made beside the first real one, which ends the thread
//! from within and is never dropped. Tasks are then refused when they are posted. No host sees that
//! instance; it has no worker, no panel and no model.

use std::sync::Once;

use nice_plug::wrapper::vst3::Wrapper;

use crate::{Hamiltone, hidden_instance};

static HELD: Once = Once::new();

/// Makes the hidden instance, once a process. Called before each real one is made.
pub(super) fn hold() {
    HELD.call_once_force(|_| {
        // Never dropped: it has to keep its share of the thread.
        std::mem::forget(hidden_instance::make(Wrapper::<Hamiltone>::new));
    });
}
