//! Waits for the threads of windows, which must end before a host unloads the plugin.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long to wait for a window that does not close: one that the host did not close before.
const PATIENCE: Duration = Duration::from_secs(1);

thread_local! {
    /// Dropped when the thread ends, after the resources of its window.
    static HELD: RefCell<Option<Held>> = const { RefCell::new(None) };
}

/// The window threads of one instance.
///
/// On X11 a window has a thread of its own. baseview (0.4.2) waits for its end when a window is closed,
/// unless the thread stops just as it is asked to show the window once more: then it is still releasing
/// its resources when the call returns. A host that exits or unloads the plugin then crashes. So dropping
/// this waits.
#[derive(Default)]
pub(super) struct WindowThreads {
    held: Held,
}

/// Held by a window's thread until it ends.
#[derive(Clone, Default)]
pub(super) struct Held(Arc<()>);

impl WindowThreads {
    /// For a new window.
    pub(super) fn hold(&self) -> Held {
        self.held.clone()
    }
}

impl Held {
    /// Keeps this until the current thread ends. Only on Linux: elsewhere windows use the host's own thread,
    /// which need not end.
    pub(super) fn until_this_thread_ends(&self) {
        if cfg!(target_os = "linux") {
            HELD.set(Some(self.clone()));
        }
    }
}

impl Drop for WindowThreads {
    /// Blocks the host's main thread, for a few milliseconds as a rule.
    fn drop(&mut self) {
        let start = Instant::now();
        while Arc::strong_count(&self.held.0) > 1 && start.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn dropping_it_waits_for_the_threads() {
        let threads = WindowThreads::default();
        let (held, ended) = (threads.hold(), Arc::new(AtomicBool::new(false)));
        let (ready, is_ready) = mpsc::channel();
        let thread = std::thread::spawn({
            let ended = ended.clone();
            move || {
                held.until_this_thread_ends();
                drop(held);
                ready.send(()).unwrap();
                std::thread::sleep(Duration::from_millis(100));
                ended.store(true, Ordering::Release);
            }
        });
        is_ready.recv().unwrap();
        drop(threads);
        assert!(!cfg!(target_os = "linux") || ended.load(Ordering::Acquire));
        thread.join().unwrap();
    }
}
