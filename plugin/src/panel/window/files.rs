//! Small files that people load and save in the panel: notes and thresholds. Read and written on the window's thread.

use std::io;
use std::path::{Path, PathBuf};

use hamiltone_engine::timeline::Timeline;
use hamiltone_exports::{Format, Thresholds};
use jiff::Zoned;

use crate::panel::contract::Question;
use crate::settings::{Edit, NoteMap, NoteSet, Settings};
use crate::snapshot::{ModelFacts, Trouble};

/// What became of a file.
#[derive(Debug, PartialEq)]
pub(super) enum Outcome {
    /// It was read: apply this.
    Loaded(Edit),
    /// It was written.
    Saved,
}

/// Reads or writes `path` for the purpose of `question`. Blocks.
///
/// # Errors
/// With what is wrong and what to do. Nothing has changed then.
pub(super) fn carry_out(
    question: Question,
    path: &Path,
    settings: &Settings,
    model: Option<&ModelFacts>,
) -> Result<Outcome, Trouble> {
    let labels = || {
        model.ok_or_else(|| Trouble {
            title: "Nothing to save".to_owned(),
            advice: "No model is loaded yet, so there are no labels. Try again when tags show."
                .to_owned(),
        })
    };
    match question {
        Question::LoadThresholds => Thresholds::read(path)
            .map(|thresholds| Outcome::Loaded(Edit::Thresholds(thresholds)))
            .map_err(|error| unreadable("Thresholds", &error.to_string())),
        Question::SaveThresholds => settings
            .thresholds
            .write(path)
            .map(|()| Outcome::Saved)
            .map_err(|error| unwritten("Thresholds", &error.to_string())),
        Question::LoadNotes => NoteSet::read(path)
            .map(|set| Outcome::Loaded(Edit::NoteSet(set)))
            .map_err(|error| unreadable("Notes", &error)),
        Question::SaveNotes => {
            let model = labels()?;
            let map = NoteMap::new(&settings.notes, &model.labels, &model.likely);
            NoteSet::of(&model.labels, &map, &settings.thresholds)
                .write(path)
                .map(|()| Outcome::Saved)
                .map_err(|error| unwritten("Notes", &format!("{}: {error}", path.display())))
        }
        // These are settings, not files.
        Question::Model | Question::BounceFolder => Ok(Outcome::Saved),
    }
}

/// Writes a picture of the roll into the folder of the timelines. Returns its path. Blocks.
///
/// # Errors
/// If there is no folder, or it cannot be written.
pub(super) fn save_picture(timeline: &Timeline, folder: Option<&Path>) -> Result<PathBuf, Trouble> {
    let folder = folder.ok_or_else(|| Trouble {
        title: "No folder for the picture".to_owned(),
        advice:
            "Choose a folder on the page Outputs, or allow that of the session, then save again."
                .to_owned(),
    })?;
    let formats: Vec<Format> = "png".parse::<Format>().into_iter().collect();
    let stem = format!(
        "hamiltone_roll_{}",
        Zoned::now().strftime("%Y-%m-%d_%H-%M-%S")
    );
    let written = hamiltone_exports::write_all(timeline, &formats, folder, &stem);
    let written = written.map_err(|error| Trouble {
        title: "Picture not saved".to_owned(),
        advice: format!("{error}."),
    })?;
    Ok(written.into_iter().next().unwrap_or_default())
}

/// Shows the folder of a file, or a folder, with `open`, which starts the file manager of the desktop.
///
/// # Errors
/// If the folder is gone, or there is no file manager.
pub(super) fn reveal(
    path: &Path,
    open: impl FnOnce(&Path) -> io::Result<()>,
) -> Result<(), Trouble> {
    let folder = match path.is_dir() {
        true => path,
        false => path.parent().unwrap_or(path),
    };
    if !folder.is_dir() {
        return Err(Trouble {
            title: "Folder not found".to_owned(),
            advice: format!(
                "{} does not exist any more, or its drive is not connected.",
                folder.display()
            ),
        });
    }
    open(folder).map_err(|error| Trouble {
        title: "No file manager".to_owned(),
        advice: format!(
            "The desktop cannot show {} ({error}). \"Copy path\" copies it for another program.",
            folder.display()
        ),
    })
}

fn unreadable(what: &str, why: &str) -> Trouble {
    Trouble {
        title: format!("{what} not loaded"),
        advice: format!("{why}. The present ones stay."),
    }
}

fn unwritten(what: &str, why: &str) -> Trouble {
    Trouble {
        title: format!("{what} not saved"),
        advice: format!("{why}. Free some space, or choose another folder."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hamiltone_engine::model::Library;

    #[test]
    fn the_folder_of_a_file_is_shown_and_what_is_gone_is_reported() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.mid");
        std::fs::write(&file, "").unwrap();
        for path in [&file, folder.path(), &folder.path().join("deleted.png")] {
            let mut shown = None;
            let open = |folder: &Path| {
                shown = Some(folder.to_owned());
                Ok(())
            };
            assert_eq!(reveal(path, open), Ok(()), "{path:?}");
            assert_eq!(shown.as_deref(), Some(folder.path()), "{path:?}");
        }
        let gone = folder.path().join("removed/a.mid");
        let trouble = reveal(&gone, |_| panic!("nothing to show")).unwrap_err();
        assert_eq!(trouble.title, "Folder not found");
        let refused = reveal(&file, |_| Err(io::ErrorKind::NotFound.into())).unwrap_err();
        assert_eq!(refused.title, "No file manager");
        assert!(refused.advice.contains(&*folder.path().to_string_lossy()));
    }

    #[test]
    fn a_picture_of_the_roll_has_a_path_to_show() {
        let folder = tempfile::tempdir().unwrap();
        let library = Library::with_folders(vec![]);
        let model = library.default_model();
        let facts = ModelFacts::of(&model);
        let mut history = crate::history::History::default();
        for step in 1..=20 {
            let time_s = f64::from(step) * 0.16;
            history.push_tags(
                &facts.hash,
                time_s,
                None,
                None,
                &vec![0.5; facts.labels.len()],
            );
        }
        let timeline = crate::panel::pages::roll::timeline(&history, &facts, 10.0).unwrap();
        let path = save_picture(&timeline, Some(folder.path())).unwrap();
        assert!(
            path.is_file() && path.parent() == Some(folder.path()),
            "{path:?}"
        );
        let trouble = save_picture(&timeline, None).unwrap_err();
        assert_eq!(trouble.title, "No folder for the picture");
    }

    #[test]
    fn notes_and_thresholds_come_back_from_their_files() {
        let model = ModelFacts::of(&Library::with_folders(vec![]).default_model());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("set.csv");
        let mut settings = Settings::default();
        settings.apply(Edit::LabelThreshold {
            label: "Speech".to_owned(),
            threshold: Some(0.37),
        });
        let go = |question| carry_out(question, &path, &settings, Some(&model));
        for (save, load) in [
            (Question::SaveThresholds, Question::LoadThresholds),
            (Question::SaveNotes, Question::LoadNotes),
        ] {
            assert_eq!(go(save), Ok(Outcome::Saved));
            let Ok(Outcome::Loaded(edit)) = go(load) else {
                panic!("{load:?}");
            };
            let mut other = Settings::default();
            other.apply(edit);
            assert_eq!(other.thresholds, settings.thresholds, "{load:?}");
        }
        let title = |question| go(question).unwrap_err().title;
        assert_eq!(
            title(Question::LoadThresholds),
            "Thresholds not loaded",
            "these are notes"
        );
        std::fs::remove_file(&path).unwrap();
        assert_eq!(title(Question::LoadNotes), "Notes not loaded");
        let nowhere = carry_out(
            Question::SaveNotes,
            &folder.path().join("no/x.csv"),
            &settings,
            Some(&model),
        );
        assert_eq!(nowhere.unwrap_err().title, "Notes not saved");
        let early = carry_out(Question::SaveNotes, &path, &settings, None);
        assert_eq!(early.unwrap_err().title, "Nothing to save");
    }
}
