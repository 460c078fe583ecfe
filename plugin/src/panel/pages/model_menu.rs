//! The model menu: the running model and those to choose from.

use egui::{
    CollapsingHeader, ComboBox, PopupCloseBehavior, RectAlign, RichText, Role, ScrollArea, Tooltip,
    Ui, WidgetInfo, vec2,
};
use hamiltone_engine::model::{ModelChoice, user_folder};

use crate::panel::contract::{Action, Question, View};
use crate::panel::widgets::{glyphs, path_field, theme};
use crate::settings::Edit;
use crate::snapshot::{MenuEntry, ModelFacts, Snapshot};

/// Height of the end of the menu, which is always visible: a button and a field.
const END: f32 = 92.0;
/// Height of the panel above and below the menu.
const AROUND: f32 = 70.0;
/// The list is at most this high, in points.
const MAX_LIST: f32 = 320.0;

/// Shows the menu, `width` points wide, with or without a model.
pub(crate) fn show(ui: &mut Ui, view: View<'_>, width: f32, actions: &mut Vec<Action>) {
    let snapshot = view.snapshot;
    let list_height = (ui.ctx().content_rect().height() - AROUND - END).min(MAX_LIST);
    let menu = ComboBox::from_id_salt("model")
        .selected_text(
            RichText::new(&*glyphs::drawable(ui.ctx(), &selected_text(snapshot)))
                .font(theme::body()),
        )
        .width(width)
        .height(list_height + END)
        .truncate()
        // A click into the path field must not close the menu.
        .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
        .show_ui(ui, |ui| {
            ui.set_min_width(width - 2.0 * f32::from(theme::MENU_MARGIN));
            ScrollArea::vertical()
                .max_height(list_height)
                .show(ui, |ui| list(ui, view, actions));
            ui.separator();
            end(ui, actions);
        });
    menu.response
        .widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, "Model"));
    if menu.response.clicked() {
        actions.push(Action::ListModels);
    }
    if let Some(model) = &snapshot.model
        && let Some(Ok(card)) = snapshot.menu.iter().find(|e| e.is(model)).map(|e| &e.card)
    {
        // The menu cuts a long name.
        menu.response.on_hover_ui(|ui| {
            let text = format!("{}\n{card}", model.name);
            ui.label(&*glyphs::drawable(ui.ctx(), &text));
        });
    }
}

/// The usable models that were used last on this machine, except the running one.
fn recent(view: View<'_>) -> Vec<&MenuEntry> {
    let menu = &view.snapshot.menu;
    let running = |entry: &&MenuEntry| {
        let model = view.snapshot.model.as_ref();
        model.is_some_and(|model| entry.is(model))
    };
    let is = |entry: &MenuEntry, choice: &ModelChoice| match &choice.hash {
        Some(hash) => entry.hash == *hash,
        None => choice.path.is_none() && entry.built_in && entry.choice.name == choice.name,
    };
    let found = view.machine.recent.iter().filter_map(|choice| {
        let mut usable = menu.iter().filter(|entry| entry.card.is_ok());
        usable.find(|entry| is(entry, choice))
    });
    found.filter(|entry| !running(entry)).collect()
}

/// The models by where they are and by task.
fn list(ui: &mut Ui, view: View<'_>, actions: &mut Vec<Action>) {
    let snapshot = view.snapshot;
    let running = snapshot.model.as_deref();
    let recent = recent(view);
    if !recent.is_empty() {
        caption(ui, "Last used");
        for entry in recent {
            ui.push_id(("last used", &entry.hash), |ui| {
                show_entry(ui, entry, running, actions)
            });
        }
        ui.add_space(4.0);
    }
    let (built_in, own): (Vec<_>, Vec<_>) = snapshot.menu.iter().partition(|entry| entry.built_in);
    section(ui, "Built in", &built_in, running, actions);
    ui.add_space(4.0);
    section(ui, "Your models", &own, running, actions);
    if own.is_empty() {
        ui.label(
            RichText::new(&*glyphs::drawable(ui.ctx(), &where_to_put_models()))
                .color(theme::TEXT_FAINT),
        );
    }
}

/// A dialog or a field for a model elsewhere.
fn end(ui: &mut Ui, actions: &mut Vec<Action>) {
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
}

fn section(
    ui: &mut Ui,
    title: &str,
    entries: &[&MenuEntry],
    running: Option<&ModelFacts>,
    actions: &mut Vec<Action>,
) {
    caption(ui, title);
    for group in by_task(entries) {
        let [first, _, ..] = group[..] else {
            group
                .iter()
                .for_each(|entry| show_entry(ui, entry, running, actions));
            continue;
        };
        // Variants are folded under their task, except those of the running model.
        let runs = |entry: &MenuEntry| running.is_some_and(|model| entry.is(model));
        let text = format!("{} ({})", first.task, group.len());
        let text = RichText::new(&*glyphs::drawable(ui.ctx(), &text)).font(theme::small());
        CollapsingHeader::new(text)
            .id_salt((title, &first.task))
            .default_open(group.iter().any(|entry| runs(entry)))
            .show(ui, |ui| {
                for entry in &group {
                    show_entry(ui, entry, running, actions);
                }
            });
    }
}

fn caption(ui: &mut Ui, title: &str) {
    let title = RichText::new(title).font(theme::caption());
    ui.label(title.color(theme::TEXT_FAINT));
}

/// The entries grouped by task, in the order of the first of each. Entries without a task stay alone.
fn by_task<'a>(entries: &[&'a MenuEntry]) -> Vec<Vec<&'a MenuEntry>> {
    let mut groups: Vec<Vec<&MenuEntry>> = Vec::new();
    for &entry in entries {
        let same = |group: &&mut Vec<&MenuEntry>| group[0].task == entry.task;
        match groups.iter_mut().find(same) {
            Some(group) if !entry.task.is_empty() => group.push(entry),
            _ => groups.push(vec![entry]),
        }
    }
    groups
}

/// One model: its name, and a line about it.
fn show_entry(
    ui: &mut Ui,
    entry: &MenuEntry,
    running: Option<&ModelFacts>,
    actions: &mut Vec<Action>,
) {
    let name = RichText::new(&*glyphs::drawable(ui.ctx(), &entry.name)).font(theme::body());
    match &entry.card {
        Ok(card) => {
            let runs = running.is_some_and(|model| entry.is(model));
            let line = ui.selectable_label(runs, name);
            if line.clicked() {
                actions.push(Action::Edit(Edit::ChooseModel(entry.choice.clone())));
                ui.close();
            }
            ui.indent(&entry.hash, |ui| {
                ui.label(
                    RichText::new(&*glyphs::drawable(ui.ctx(), &entry.summary))
                        .font(theme::caption())
                        .color(theme::TEXT_SECOND),
                );
            });
            beside(Tooltip::for_enabled(&line), card);
        }
        Err(reason) => {
            let name = format!("{}  (not usable)", entry.name);
            let name = RichText::new(&*glyphs::drawable(ui.ctx(), &name)).font(theme::body());
            let line = ui
                .add_enabled_ui(false, |ui| ui.selectable_label(false, name))
                .inner;
            beside(Tooltip::for_disabled(&line), reason);
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
    tooltip.show(|ui| ui.label(&*glyphs::drawable(ui.ctx(), words)));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, task: &str) -> MenuEntry {
        MenuEntry {
            name: name.to_owned(),
            built_in: true,
            hash: name.to_owned(),
            choice: Default::default(),
            task: task.to_owned(),
            summary: String::new(),
            card: Ok(String::new()),
        }
    }

    #[test]
    fn variants_of_a_task_are_grouped_and_damaged_files_are_not() {
        let entries = [
            entry("general", "everything"),
            entry("broken", ""),
            entry("esc10", "ten sounds"),
            entry("damaged", ""),
            entry("general-half", "everything"),
        ];
        let entries: Vec<&MenuEntry> = entries.iter().collect();
        let groups: Vec<Vec<&str>> = by_task(&entries)
            .iter()
            .map(|group| group.iter().map(|entry| entry.name.as_str()).collect())
            .collect();
        let expected: [&[&str]; 4] = [
            &["general", "general-half"],
            &["broken"],
            &["esc10"],
            &["damaged"],
        ];
        assert_eq!(groups, expected);
    }
}
