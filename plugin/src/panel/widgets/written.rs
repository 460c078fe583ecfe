//! Buttons beside files that were written: windows of plugins cannot start a drag of the desktop on every system.

use std::path::{Path, PathBuf};

use egui::{Align, Button, Layout, Rect, RichText, Ui, UiBuilder, vec2};

use super::{glyphs, theme};
use crate::panel::contract::Action;

/// Width of both buttons.
pub(crate) const WIDTH: f32 = 138.0;

/// Shows the buttons at the right end of `area`.
pub(crate) fn at_end(ui: &mut Ui, area: Rect, files: &[PathBuf], actions: &mut Vec<Action>) {
    let end = Rect::from_min_max(area.right_top() - vec2(WIDTH, 0.0), area.max);
    let mut ui = ui.new_child(
        UiBuilder::new()
            .id_salt("written")
            .max_rect(end)
            .layout(Layout::left_to_right(Align::Center)),
    );
    ui.spacing_mut().button_padding = vec2(8.0, 2.0);
    ui.spacing_mut().interact_size.y = 20.0;
    buttons(&mut ui, files, actions);
}

/// Shows a button that opens the folder of `files` in the file manager, and one that copies the path of one of them.
/// Nothing without files.
pub(crate) fn buttons(ui: &mut Ui, files: &[PathBuf], actions: &mut Vec<Action>) {
    let Some(first) = files.first() else { return };
    let show = ui.button(text("Show"));
    if show
        .on_hover_text("Opens the folder, to drag the files from there")
        .clicked()
    {
        actions.push(Action::Reveal(first.clone()));
    }
    if files.len() == 1 {
        let button = ui.button(text("Copy path"));
        let path = first.to_string_lossy();
        let hint = glyphs::drawable(ui.ctx(), &path).into_owned();
        if button.on_hover_text(hint).clicked() {
            copy(ui, first);
        }
        return;
    }
    let menu = ui.menu_button(text("Copy path"), |ui| {
        for file in files {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let name = glyphs::drawable(ui.ctx(), &name).into_owned();
            if ui.add(Button::new(text(name))).clicked() {
                copy(ui, file);
                ui.close();
            }
        }
    });
    menu.response
        .on_hover_text("Copies the path of one of the files");
}

fn text(name: impl Into<String>) -> RichText {
    RichText::new(name).font(theme::small())
}

/// The clipboard has texts only: a path that is not Unicode is copied as far as it is.
fn copy(ui: &Ui, path: &Path) {
    ui.ctx().copy_text(path.to_string_lossy().into_owned());
}
