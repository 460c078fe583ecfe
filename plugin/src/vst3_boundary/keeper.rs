//! Keeps nice-plug's shared background thread alive for as long as the process lives.
//!
//! nice-plug ends that thread with its last instance. If the thread has ended before, because it met
//! a task of an instance that was gone, the destructor panics and takes the host with it. So one
//! instance is made beside the first real one and never dropped. It has no worker, no panel and no
//! model, and no host sees it. Its tasks also tell when the thread has dealt with all that was queued.

use std::cell::RefCell;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crossbeam_channel::{RecvTimeoutError, bounded};
use nice_plug::prelude::AsyncExecutor;
use nice_plug::wrapper::vst3::Wrapper;

use crate::Hamiltone;

/// How long [`drain`] waits at most. A full queue of 4096 tasks takes about a millisecond.
const PATIENCE: Duration = Duration::from_millis(100);

/// Posts tasks to the shared thread; `None` if the hidden instance could not be made.
static KEEPER: OnceLock<Option<AsyncExecutor<Hamiltone>>> = OnceLock::new();

thread_local! {
    static MAKING: RefCell<Making> = const { RefCell::new(Making::Nothing) };
}

/// What goes on in this thread. nice-plug makes the plugin and asks it for its editor within one call.
enum Making {
    Nothing,
    HiddenInstance,
    Made(AsyncExecutor<Hamiltone>),
}

/// Nothing is made any more, also where nice-plug panics: the next instance is a real one.
struct Reset;

impl Drop for Reset {
    fn drop(&mut self) {
        MAKING.set(Making::Nothing);
    }
}

/// Whether the instance that is being made in this thread is the hidden one.
pub(crate) fn is_hidden() -> bool {
    MAKING.with_borrow(|making| matches!(making, Making::HiddenInstance))
}

/// Called in place of making the hidden instance's editor.
pub(crate) fn keep(executor: AsyncExecutor<Hamiltone>) {
    MAKING.set(Making::Made(executor));
}

/// Makes the hidden instance, once a process. Called before each real one is made.
pub(super) fn hold() {
    KEEPER.get_or_init(|| {
        MAKING.set(Making::HiddenInstance);
        let _after = Reset;
        // Never dropped: its share of the thread is what all this is for.
        std::mem::forget(Wrapper::<Hamiltone>::new());
        match MAKING.replace(Making::Nothing) {
            Making::Made(executor) => Some(executor),
            Making::Nothing | Making::HiddenInstance => None,
        }
    });
}

/// Waits until the shared thread has dealt with every task that was queued before this call, and
/// holds none of their instances any more. Blocks for a few microseconds as a rule, for [`PATIENCE`]
/// at most (a thread that has ended, or one that waits for the host).
pub(super) fn drain() {
    let Some(Some(executor)) = KEEPER.get() else {
        return;
    };
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        let (answer, answered) = bounded(1);
        executor.execute_background(answer);
        match answered.recv_deadline(deadline) {
            Ok(()) | Err(RecvTimeoutError::Timeout) => return,
            // The task was refused: the queue is full, or nobody reads it any more.
            Err(RecvTimeoutError::Disconnected) => std::thread::sleep(Duration::from_millis(1)),
        }
    }
}
