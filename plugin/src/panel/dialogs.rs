//! The desktop's own dialogs, each on a thread of its own: neither the panel nor the sound waits.

use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// A model file.
    Model,
    /// The folder of bounces.
    BounceFolder,
}

/// An answer that waits to be picked up.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The user chose this.
    Chosen(Question, PathBuf),
    /// No dialog could be opened.
    Failed(String),
}

/// At most one dialog at a time, and its answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Dialogs {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    open: bool,
    answer: Option<Answer>,
}

impl Dialogs {
    /// Opens a dialog, unless one is open.
    pub(super) fn ask(&self, question: Question) {
        self.ask_with(question, move || show(question));
    }

    fn ask_with(
        &self,
        question: Question,
        show: impl FnOnce() -> Option<PathBuf> + Send + 'static,
    ) {
        {
            let mut state = self.state.lock();
            if state.open {
                return;
            }
            *state = State {
                open: true,
                answer: None,
            };
        }
        let shared = self.state.clone();
        let work = move || {
            // A desktop without dialogs must not take the host with it.
            let chosen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(show));
            let answer = match chosen {
                Ok(chosen) => chosen.map(|path| Answer::Chosen(question, path)),
                Err(_) => Some(Answer::Failed(cannot_open())),
            };
            *shared.lock() = State {
                open: false,
                answer,
            };
        };
        let thread = std::thread::Builder::new().name("hamiltone dialog".to_owned());
        if thread.spawn(work).is_err() {
            *self.state.lock() = State {
                open: false,
                answer: Some(Answer::Failed(cannot_open())),
            };
        }
    }

    /// The answer, once, when there is one. Does not wait.
    pub(super) fn answer(&self) -> Option<Answer> {
        self.state.lock().answer.take()
    }
}

fn cannot_open() -> String {
    "The desktop opens no dialog. Put models into the models folder instead".to_owned()
}

fn show(question: Question) -> Option<PathBuf> {
    let dialog = rfd::FileDialog::new();
    match question {
        Question::Model => dialog
            .set_title("Open a model")
            .add_filter("Models", &["safetensors"])
            .pick_file(),
        Question::BounceFolder => dialog.set_title("Folder for timelines").pick_folder(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn wait_for_answer(dialogs: &Dialogs) -> Answer {
        let start = Instant::now();
        loop {
            if let Some(answer) = dialogs.answer() {
                return answer;
            }
            assert!(start.elapsed() < Duration::from_secs(10));
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    #[test]
    fn an_answer_comes_once_and_a_second_dialog_waits_for_the_first() {
        let dialogs = Dialogs::default();
        let (close, closed) = std::sync::mpsc::channel::<()>();
        dialogs.ask_with(Question::Model, move || {
            let _ = closed.recv();
            Some(PathBuf::from("a"))
        });
        dialogs.ask_with(Question::BounceFolder, || Some(PathBuf::from("b")));
        assert_eq!(dialogs.answer(), None);
        close.send(()).unwrap();
        let answer = wait_for_answer(&dialogs);
        assert_eq!(answer, Answer::Chosen(Question::Model, PathBuf::from("a")));
        assert_eq!(dialogs.answer(), None);
    }

    #[test]
    fn a_desktop_that_fails_is_said() {
        let dialogs = Dialogs::default();
        dialogs.ask_with(Question::Model, || panic!("no portal"));
        assert!(matches!(wait_for_answer(&dialogs), Answer::Failed(_)));
    }
}
