//! The desktop's file dialogs, each on a thread of its own so that the panel does not block.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::desktop;
use crate::panel::contract::Question;
use crate::snapshot::Trouble;

/// Nobody answers faster than this: an earlier answer means that no dialog was shown.
const FASTEST_ANSWER: Duration = Duration::from_millis(500);

/// The outcome of a dialog.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The user chose this.
    Chosen(Question, PathBuf),
    /// No dialog could be opened.
    Failed(Trouble),
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
        self.ask_with(question, move || {
            if !desktop::has_dialogs() {
                return Err(NoDialog);
            }
            let start = Instant::now();
            match show(question) {
                Some(path) => Ok(Some(path)),
                // rfd reports a dialog that was cancelled and one that could not be opened alike.
                None if start.elapsed() < FASTEST_ANSWER => Err(NoDialog),
                None => Ok(None),
            }
        });
    }

    fn ask_with(
        &self,
        question: Question,
        show: impl FnOnce() -> Result<Option<PathBuf>, NoDialog> + Send + 'static,
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
            // A panic in the desktop's dialogs must not end the host.
            let chosen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(show));
            let answer = match chosen {
                Ok(Ok(chosen)) => chosen.map(|path| Answer::Chosen(question, path)),
                Ok(Err(NoDialog)) | Err(_) => Some(Answer::Failed(no_dialog(question))),
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
                answer: Some(Answer::Failed(no_dialog(question))),
            };
        }
    }

    /// The answer, once, when there is one. Does not wait.
    pub(super) fn answer(&self) -> Option<Answer> {
        self.state.lock().answer.take()
    }
}

/// No dialog was shown.
struct NoDialog;

fn no_dialog(question: Question) -> Trouble {
    let advice = match question {
        Question::Model => {
            "Type or paste the full path of the file into the field at the end of the model menu, or copy the \
             file to your models folder."
        }
        Question::BounceFolder => {
            "Type or paste the full path of the folder into the field beside Choose, then press Enter."
        }
        _ => {
            "Type or paste the full path of the file into the field below the button, then press Enter."
        }
    };
    Trouble {
        title: "This desktop has no file dialog".to_owned(),
        advice: advice.to_owned(),
    }
}

fn show(question: Question) -> Option<PathBuf> {
    let dialog = rfd::FileDialog::new();
    match question {
        Question::Model => dialog
            .set_title("Open a model")
            .add_filter("Models", &["safetensors"])
            .pick_file(),
        Question::BounceFolder => dialog.set_title("Folder for timelines").pick_folder(),
        Question::LoadNotes => table(dialog).set_title("Load notes").pick_file(),
        Question::LoadThresholds => table(dialog).set_title("Load thresholds").pick_file(),
        Question::SaveNotes => table(dialog)
            .set_title("Save notes")
            .set_file_name("notes.csv")
            .save_file(),
        Question::SaveThresholds => table(dialog)
            .set_title("Save thresholds")
            .set_file_name("thresholds.csv")
            .save_file(),
    }
}

fn table(dialog: rfd::FileDialog) -> rfd::FileDialog {
    dialog.add_filter("Tables", &["csv"])
}

#[cfg(test)]
mod tests {
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
            Ok(Some(PathBuf::from("a")))
        });
        dialogs.ask_with(Question::BounceFolder, || Ok(Some(PathBuf::from("b"))));
        assert_eq!(dialogs.answer(), None);
        close.send(()).unwrap();
        let answer = wait_for_answer(&dialogs);
        assert_eq!(answer, Answer::Chosen(Question::Model, PathBuf::from("a")));
        assert_eq!(dialogs.answer(), None);
    }

    #[test]
    fn a_dialog_that_fails_is_reported() {
        let dialogs = Dialogs::default();
        dialogs.ask_with(Question::Model, || panic!("no portal"));
        assert!(matches!(wait_for_answer(&dialogs), Answer::Failed(_)));
        dialogs.ask_with(Question::BounceFolder, || Err(NoDialog));
        let Answer::Failed(trouble) = wait_for_answer(&dialogs) else {
            panic!("no failure");
        };
        assert!(trouble.advice.contains("beside Choose"), "{trouble:?}");
    }
}
