//! Fields to type or paste a path into, for desktops without file dialogs.

use std::path::{Path, PathBuf};

use egui::{Event, Id, Key, Rect, Ui};

use super::{controls, theme};
use crate::panel::contract::{Action, Question};

fn id(question: Question) -> Id {
    Id::unique(("path", question))
}

/// Shows the field in `area`, with the current path or `hint`. A full path that is pasted, or typed and
/// followed by Enter, becomes an action; anything else is marked as invalid and dropped.
pub(crate) fn show(
    ui: &mut Ui,
    area: Rect,
    question: Question,
    current: Option<&Path>,
    hint: &str,
    actions: &mut Vec<Action>,
) {
    let id = id(question);
    let typed: Option<String> = ui.data(|data| data.get_temp(id));
    let current = || current.map_or(String::new(), |path| path.display().to_string());
    let mut text = typed.clone().unwrap_or_else(current);
    let valid = text.is_empty() || full_path(&text).is_some();
    let colour = if valid { theme::TEXT } else { theme::WARNING };
    let field = controls::text_field(ui, area, (id, question.name()), &mut text, colour, hint)
        .on_hover_text("A full path. Type it and press Enter, or paste it.");
    let pasted = ui.input(|input| {
        let pasted = |event: &Event| match event {
            Event::Paste(text) => full_path(text),
            _ => None,
        };
        input.events.iter().find_map(pasted)
    });
    let cancelled = ui.input(|input| input.key_pressed(Key::Escape));
    let path = if field.changed() && pasted.is_some() {
        pasted
    } else if field.lost_focus() {
        let is_new = field.changed() || typed.is_some();
        full_path(&text).filter(|_| is_new && !cancelled)
    } else {
        if field.changed() {
            ui.data_mut(|data| data.insert_temp(id, text));
        }
        return;
    };
    ui.data_mut(|data| data.remove_temp::<String>(id));
    if let Some(path) = path {
        field.surrender_focus();
        actions.push(question.answered_with(path));
    }
}

/// The full path in `text`, as people type it and file managers copy it: with `~`, in quotes, or as a
/// `file://` URL.
fn full_path(text: &str) -> Option<PathBuf> {
    let text = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    let bare = ['"', '\'']
        .into_iter()
        .find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(text);
    let path = if let Some(encoded) = bare.strip_prefix("file://") {
        let decoded = percent_encoding::percent_decode_str(encoded).decode_utf8();
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
