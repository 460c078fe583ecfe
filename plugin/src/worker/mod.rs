//! The worker thread: reads audio from the ring, runs the models, writes the outputs, and publishes snapshots.
//!
//! Each instance has its own, which ends with the instance: nice-plug's background thread is shared by
//! all instances and can outlive the one that used it. The host waits for that end only briefly; a thread that
//! is still busy then (with a slow model, or a folder that does not respond) ends later, and the plugin's code
//! stays in memory for it.

mod bounce;
mod clock;
mod label_settings;
mod meters;
mod models;
mod notes;
mod osc;
mod outputs;
mod permissions;
mod publication;
mod quitting;
mod reports;
mod response;
mod spectrum;
mod stopped;
mod stream;
#[cfg(test)]
mod tests;
mod thread;

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, bounded, unbounded};
use hamiltone_engine::model::Library;
use parking_lot::Mutex;

use crate::agreements::{Item, Store};
use crate::code_in_memory::keep_code_in_memory;
use crate::history::History;
use crate::params::HamiltoneParams;
use crate::snapshot::{Snapshot, Trouble};
use crate::tap::{Outlet, TapMeters};
use quitting::Quitting;

/// How long [`Worker::stop`] waits for the rest of the ring. A full ring takes a tenth of this on any machine
/// that can run the model in real time.
const STOP_PATIENCE: Duration = Duration::from_secs(20);

/// How long dropping a [`Worker`] waits for its thread: one column of the shipped models. The thread checks for
/// the request between two layers of the network and between the steps of loading a model, so it is usually faster.
const QUIT_PATIENCE: Duration = Duration::from_millis(160);

/// A request of the instance or its panel.
enum Command {
    /// Process this stream from now on.
    Start(Outlet),
    /// The stream ended: process the rest, close the report, and reply.
    Stop(Sender<()>),
    /// The panel is open: scan the model folders.
    ListModels,
    /// Write the timelines that wait.
    SaveAgain,
    /// The user agreed to this on this machine.
    Agree(Item),
    /// Start the analysis again after it ended by an error.
    Restart,
    /// A bug, for tests.
    #[cfg(test)]
    Panic,
    /// The instance is dropped.
    Quit,
}

/// The latest snapshot, from the worker to the panel. Wait-free on both sides.
pub type SnapshotReader = triple_buffer::Output<Snapshot>;

/// An instance's handle to its worker. Dropping it stops the thread and waits up to 160 ms. If that is not enough,
/// the thread ends later, and the plugin's code is kept in memory.
pub struct Worker {
    commands: Sender<Command>,
    thread: Option<JoinHandle<()>>,
    quitting: Arc<Quitting>,
    history: Arc<Mutex<History>>,
}

impl Worker {
    /// Starts the thread. It reads nothing from disk before the first stream or open panel, so that hosts scan
    /// the plugin fast.
    pub fn spawn(params: Arc<HamiltoneParams>, meters: Arc<TapMeters>) -> (Self, SnapshotReader) {
        Self::spawn_with(params, meters, || {
            (Library::new(), Store::of_this_machine())
        })
    }

    /// As [`Worker::spawn`], with the caller's model library and agreements (created on the thread).
    pub fn spawn_with(
        params: Arc<HamiltoneParams>,
        meters: Arc<TapMeters>,
        with: impl Fn() -> (Library, Store) + Send + 'static,
    ) -> (Self, SnapshotReader) {
        let (publisher, reader) = triple_buffer::triple_buffer(&Snapshot::default());
        let (commands, inbox) = unbounded();
        let history = Arc::new(Mutex::new(History::default()));
        let written = history.clone();
        let quitting = Arc::new(Quitting::default());
        let asked = quitting.clone();
        let work = move || thread::run(inbox, asked, params, meters, publisher, written, with);
        match std::thread::Builder::new()
            .name("hamiltone".to_owned())
            .spawn(work)
        {
            Ok(thread) => (
                Self {
                    commands,
                    thread: Some(thread),
                    quitting,
                    history,
                },
                reader,
            ),
            Err(error) => {
                let troubles = vec![Trouble {
                    title: "Not analysing".to_owned(),
                    advice: format!(
                        "The system refused to start a thread ({error}). Close some programs and insert \
                         the plugin again."
                    ),
                }];
                let refused = Snapshot {
                    troubles,
                    ..Snapshot::default()
                };
                let (_, reader) = triple_buffer::triple_buffer(&refused);
                (
                    Self {
                        commands,
                        thread: None,
                        quitting,
                        history,
                    },
                    reader,
                )
            }
        }
    }

    /// A worker without a thread, for an instance that no host uses. Requests have no effect.
    pub fn idle() -> (Self, SnapshotReader) {
        let worker = Self {
            commands: unbounded().0,
            thread: None,
            quitting: Arc::default(),
            history: Arc::default(),
        };
        (worker, triple_buffer::triple_buffer(&Snapshot::default()).1)
    }

    /// Starts a new stream; a previous one is finished first.
    pub fn start(&self, outlet: Outlet) {
        self.send(Command::Start(outlet));
    }

    /// Ends the stream. With `wait`, blocks until everything in the ring is analysed and the report is on disk
    /// (at most 20 s). Not for the audio thread.
    pub fn stop(&self, wait: bool) {
        let (done, finished) = bounded(1);
        self.send(Command::Stop(done));
        if wait && self.thread.is_some() {
            let _ = finished.recv_timeout(STOP_PATIENCE);
        }
    }

    /// The last minute, for the panel.
    pub fn history(&self) -> Arc<Mutex<History>> {
        self.history.clone()
    }

    /// A handle for the panel.
    pub fn requests(&self) -> Requests {
        Requests {
            commands: self.commands.clone(),
        }
    }

    fn send(&self, command: Command) {
        // Fails only when the thread has ended, which is reported elsewhere.
        let _ = self.commands.send(command);
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.quitting.ask();
        self.send(Command::Quit);
        let Some(thread) = self.thread.take() else {
            return;
        };
        let start = Instant::now();
        while !thread.is_finished() && start.elapsed() < QUIT_PATIENCE {
            std::thread::sleep(Duration::from_millis(1));
        }
        // The code of a running thread must not be unloaded: if that cannot be prevented, the host waits.
        if thread.is_finished() || !keep_code_in_memory() {
            let _ = thread.join();
        }
    }
}

/// The requests of the panel.
#[derive(Clone)]
pub struct Requests {
    commands: Sender<Command>,
}

impl Requests {
    /// Scans the model folders. A missing model that has reappeared is loaded.
    pub fn list_models(&self) {
        let _ = self.commands.send(Command::ListModels);
    }

    /// Agrees to something on this machine, for all sessions. Writes a file.
    pub fn agree(&self, item: Item) {
        let _ = self.commands.send(Command::Agree(item));
    }

    /// Starts the analysis again after it ended by an error.
    pub fn restart(&self) {
        let _ = self.commands.send(Command::Restart);
    }

    /// Tries again to write the timelines that wait in memory.
    pub fn save_again(&self) {
        let _ = self.commands.send(Command::SaveAgain);
    }
}
