//! The menus above the table: sets of notes and thresholds, as files.

use egui::containers::menu::{MenuButton, MenuConfig};
use egui::{PopupCloseBehavior, RichText, Role, Ui, WidgetInfo, vec2};

use crate::panel::contract::{Action, Question, View};
use crate::panel::widgets::{path_field, theme};
use crate::settings::{Edit, NoteOrder};
use hamiltone_exports::Thresholds;

/// Width of the menus.
const WIDTH: f32 = 240.0;

/// Shows the menus.
pub(super) fn show(ui: &mut Ui, view: View<'_>, actions: &mut Vec<Action>) {
    menu(ui, "Notes", |ui| {
        let order = view.settings.notes.order;
        let special = view.settings.notes.labels.len();
        for (choice, text) in [
            (NoteOrder::Likely, "Likely labels first"),
            (NoteOrder::Model, "Order of the model"),
        ] {
            let entry = ui.selectable_label(order == choice && special == 0, text);
            let entry = entry.on_hover_text("Removes the notes that were set for single labels");
            if entry.clicked() {
                actions.push(Action::Edit(Edit::NoteOrder(choice)));
                ui.close();
            }
        }
        ui.separator();
        file(ui, "Load notes …", Question::LoadNotes, actions);
        file(ui, "Save notes …", Question::SaveNotes, actions);
    });
    menu(ui, "Thresholds", |ui| {
        let own = !view.settings.thresholds.is_empty();
        let remove = ui.add_enabled(own, egui::Button::new("Remove all"));
        let remove = remove.on_hover_text("Labels turn on at the levels of the model again");
        if remove.clicked() {
            actions.push(Action::Edit(Edit::Thresholds(Thresholds::default())));
            ui.close();
        }
        ui.separator();
        file(ui, "Load thresholds …", Question::LoadThresholds, actions);
        file(ui, "Save thresholds …", Question::SaveThresholds, actions);
        let about = "The same file as for hamiltone analyze --thresholds";
        ui.label(RichText::new(about).color(theme::TEXT_FAINT));
    });
}

fn menu(ui: &mut Ui, name: &'static str, entries: impl FnOnce(&mut Ui)) {
    let text = RichText::new(name).font(theme::small());
    // A click into a path field must not close the menu.
    let config = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    let button = egui::Button::new(text).min_size(vec2(0.0, 26.0));
    let (response, _) = MenuButton::from_button(button).config(config).ui(ui, |ui| {
        ui.set_min_width(WIDTH);
        entries(ui);
    });
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, name));
}

/// A button for a dialog, and a field for desktops without dialogs.
fn file(ui: &mut Ui, text: &str, question: Question, actions: &mut Vec<Action>) {
    if ui.button(text).clicked() {
        actions.push(Action::Ask(question));
        ui.close();
    }
    let field = ui.allocate_space(vec2(WIDTH, 24.0)).1;
    let before = actions.len();
    let hint = "or type or paste its path";
    path_field::show(ui, field, question, None, hint, actions);
    if actions.len() > before {
        ui.close();
    }
}
