//! The worker after an error of ours, until the user starts the analysis again.

use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::Command;
use super::quitting::Quitting;
use super::stream::Stream;

/// Pause between two polls of the ring. A render waits for its space, so this bounds how much slower it gets.
const PAUSE: Duration = Duration::from_millis(5);

/// Discards the audio of the stream, so that a render does not wait for it. Returns whether the user wants to start
/// again; false if the instance is dropped.
pub(super) fn wait_for_restart(
    inbox: &Receiver<Command>,
    quitting: &Quitting,
    stream: &mut Option<Stream>,
) -> bool {
    loop {
        match inbox.recv_timeout(PAUSE) {
            Ok(Command::Restart) => return true,
            Ok(Command::Quit) | Err(RecvTimeoutError::Disconnected) => return false,
            Ok(Command::Start(outlet)) => *stream = Some(Stream::new(outlet, quitting.interrupt())),
            Ok(Command::Stop(done)) => {
                *stream = None;
                let _ = done.send(());
            }
            Ok(_) | Err(RecvTimeoutError::Timeout) => {}
        }
        if let Some(stream) = stream {
            stream.discard();
        }
    }
}
