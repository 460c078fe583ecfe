//! The model menu: the running model and those to choose from.

use egui::{
    ComboBox, PopupCloseBehavior, RectAlign, RichText, Role, Tooltip, Ui, WidgetInfo, vec2,
};
use hamiltone_engine::model::user_folder;

use crate::panel::contract::{Action, Question};
use crate::panel::widgets::{path_field, theme};
use crate::settings::Edit;
use crate::snapshot::{MenuEntry, ModelFacts, Snapshot};

/// Shows the menu, `width` points wide, with or without a model.
pub(crate) fn show(ui: &mut Ui, snapshot: &Snapshot, width: f32, actions: &mut Vec<Action>) {
    let menu = ComboBox::from_id_salt("model")
        .selected_text(RichText::new(selected_text(snapshot)).font(theme::body()))
        .width(width)
        .truncate()
        // A click into the path field must not close the menu.
        .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
        .show_ui(ui, |ui| {
            ui.set_min_width(width - 2.0 * f32::from(theme::MENU_MARGIN));
            let (built_in, own): (Vec<_>, Vec<_>) =
                snapshot.menu.iter().partition(|entry| entry.built_in);
            let running = snapshot.model.as_deref();
            section(ui, "Built in", &built_in, running, actions);
            ui.add_space(4.0);
            section(ui, "Your models", &own, running, actions);
            if own.is_empty() {
                ui.label(RichText::new(where_to_put_models()).color(theme::TEXT_FAINT));
            }
            ui.add_space(4.0);
            if ui.button("Open a file …").clicked() {
                actions.push(Action::Ask(Question::Model));
                ui.close();
            }
            let width = vec2(ui.available_width(), 24.0);
            let field = ui.allocate_space(width).1;
            let before = actions.len();
            let hint = "or type or paste its path";
            path_field::show(ui, field, Question::Model, None, hint, actions);
            if actions.len() > before {
                ui.close();
            }
        });
    menu.response
        .widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, "Model"));
    if menu.response.clicked() {
        actions.push(Action::ListModels);
    }
    if let Some(model) = &snapshot.model
        && let Some(Ok(card)) = snapshot.menu.iter().find(|e| e.is(model)).map(|e| &e.card)
    {
        menu.response.on_hover_text(card);
    }
}

fn section(
    ui: &mut Ui,
    title: &str,
    entries: &[&MenuEntry],
    running: Option<&ModelFacts>,
    actions: &mut Vec<Action>,
) {
    ui.label(
        RichText::new(title)
            .font(theme::caption())
            .color(theme::TEXT_FAINT),
    );
    for entry in entries {
        let runs = running.is_some_and(|model| entry.is(model));
        match &entry.card {
            Ok(card) => {
                let name = RichText::new(&entry.name).font(theme::body());
                let line = ui.selectable_label(runs, name);
                if line.clicked() {
                    actions.push(Action::Edit(Edit::ChooseModel(entry.choice.clone())));
                    ui.close();
                }
                beside(Tooltip::for_enabled(&line), card);
            }
            Err(reason) => {
                let name = format!("{}  (not usable)", entry.name);
                let name = RichText::new(name).font(theme::body());
                let line = ui
                    .add_enabled_ui(false, |ui| ui.selectable_label(false, name))
                    .inner;
                beside(Tooltip::for_disabled(&line), reason);
            }
        }
    }
}

/// Shows `words` to the left of the menu, where they cover none of its entries.
fn beside(mut tooltip: Tooltip<'_>, words: &str) {
    tooltip.popup = tooltip
        .popup
        .align(RectAlign::LEFT_START)
        .align_alternatives(&[RectAlign::BOTTOM_END])
        .gap(2.0 * f32::from(theme::MENU_MARGIN));
    tooltip.show(|ui| ui.label(words));
}

fn selected_text(snapshot: &Snapshot) -> String {
    match (&snapshot.loading, &snapshot.model) {
        (Some(name), _) => format!("Loading {name} …"),
        (None, Some(model)) => model.name.clone(),
        (None, None) => "Models".to_owned(),
    }
}

fn where_to_put_models() -> String {
    user_folder().map_or_else(
        || "This system has no folder for models".to_owned(),
        |folder| format!("Copy .safetensors files to\n{}", folder.display()),
    )
}
