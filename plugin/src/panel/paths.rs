//! Fields for a path, for desktops without dialogs: written, or pasted.

use std::path::{Path, PathBuf};

use egui::{Event, Id, Key, Rect, Ui};

use super::dialogs::Question;
use super::{Action, controls, theme};

/// Every field for a path. These take the keyboard once they are clicked.
pub(super) fn ids() -> [Id; 2] {
    [id(Question::Model), id(Question::BounceFolder)]
}

fn id(question: Question) -> Id {
    Id::unique(match question {
        Question::Model => "path of a model",
        Question::BounceFolder => "folder of bounces",
    })
}

/// Shows the field in `area`, with the path that holds or else `hint`. A full path that is pasted, or written and
/// followed by Enter, becomes an action; anything else is shown as wrong and dropped.
pub(super) fn show(
    ui: &mut Ui,
    area: Rect,
    question: Question,
    known: Option<&Path>,
    hint: &str,
    actions: &mut Vec<Action>,
) {
    let id = id(question);
    let written: Option<String> = ui.data(|data| data.get_temp(id));
    let shown = || known.map_or(String::new(), |path| path.display().to_string());
    let mut text = written.clone().unwrap_or_else(shown);
    let right = text.is_empty() || full_path(&text).is_some();
    let colour = if right { theme::TEXT } else { theme::WARNING };
    let field = controls::text_field(ui, area, id, &mut text, colour, hint)
        .on_hover_text("A full path. Write it and press Enter, or paste it.");
    let pasted = ui.input(|input| {
        let pasted = |event: &Event| match event {
            Event::Paste(text) => full_path(text),
            _ => None,
        };
        input.events.iter().find_map(pasted)
    });
    let given_up = ui.input(|input| input.key_pressed(Key::Escape));
    let path = if field.changed() && pasted.is_some() {
        pasted
    } else if field.lost_focus() {
        let is_new = field.changed() || written.is_some();
        full_path(&text).filter(|_| is_new && !given_up)
    } else {
        if field.changed() {
            ui.data_mut(|data| data.insert_temp(id, text));
        }
        return;
    };
    ui.data_mut(|data| data.remove_temp::<String>(id));
    if let Some(path) = path {
        field.surrender_focus();
        actions.push(Action::Path(question, path));
    }
}

/// The full path that `text` means, as people write it and file managers copy it: with `~` or quotes, or as a
/// `file://` address.
fn full_path(text: &str) -> Option<PathBuf> {
    let text = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    let bare = ['"', '\'']
        .into_iter()
        .find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(text);
    let path = if let Some(address) = bare.strip_prefix("file://") {
        let decoded = percent_encoding::percent_decode_str(address).decode_utf8();
        PathBuf::from(decoded.ok()?.into_owned())
    } else if let Some(rest) = bare.strip_prefix("~/") {
        std::env::home_dir()?.join(rest)
    } else {
        PathBuf::from(bare)
    };
    path.is_absolute().then_some(path)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_as_people_write_it() {
        for (text, expected) in [
            ("/music/timelines", "/music/timelines"),
            ("  '/music/my songs' ", "/music/my songs"),
            ("\"/music\"\n", "/music"),
            ("file:///music/my%20songs\r\n", "/music/my songs"),
        ] {
            assert_eq!(full_path(text).as_deref(), Some(Path::new(expected)));
        }
        for text in [
            "",
            "  \n",
            "music",
            "./x",
            "file://music",
            "\"",
            "file:///%ff",
        ] {
            assert_eq!(full_path(text), None, "{text:?}");
        }
        if let Some(home) = std::env::home_dir() {
            assert_eq!(full_path("~/songs"), Some(home.join("songs")));
        }
    }
}
