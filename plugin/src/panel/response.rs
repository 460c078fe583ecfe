//! The page of how tags follow the sound, what is listened to, and which labels show.

use egui::{
    Align, Align2, ComboBox, Layout, Rect, RichText, Role, Ui, UiBuilder, WidgetInfo, pos2, vec2,
};

use super::knobs::{self, Knob};
use super::stage::change;
use super::text::Line;
use super::{Action, View, theme, words};
use crate::listen::Listen;

/// Height of a line of the page.
const ROW: f32 = 34.0;
const NAMES: f32 = 92.0;

/// Shows the page.
pub(super) fn show(ui: &mut Ui, area: Rect, view: View<'_>, actions: &mut Vec<Action>) {
    let (left, right) = area.split_left_right_at_fraction(0.5);
    let left = Rect::from_min_max(left.min, left.max - vec2(18.0, 0.0));
    let right = Rect::from_min_max(right.min + vec2(18.0, 0.0), right.max);
    show_knobs(ui, left, ROW, view, actions);
    show_choices(ui, right, ROW, view, actions);
}

fn show_knobs(ui: &mut Ui, area: Rect, height: f32, view: View<'_>, actions: &mut Vec<Action>) {
    let values = view.values;
    let knobs = [
        (Knob::Attack, values.attack_s),
        (Knob::Release, values.release_s),
        (Knob::Threshold, values.threshold),
        (Knob::Hold, values.hold_s),
    ];
    for (index, (knob, value)) in knobs.into_iter().enumerate() {
        knobs::show(ui, row(area, index, height), NAMES, knob, value, actions);
    }
}

fn show_choices(ui: &mut Ui, area: Rect, height: f32, view: View<'_>, actions: &mut Vec<Action>) {
    let mut line = field(ui, row(area, 0, height), "Listen to");
    listen_menu(&mut line, view, actions);
    let mut line = field(ui, row(area, 1, height), "Compare with");
    compare_menu(&mut line, view, actions);
    let mut line = field(ui, row(area, 2, height), "Choose among");
    among_menu(&mut line, view, actions);
    let mut line = field(ui, row(area, 3, height), "Labels");
    labels(&mut line, view, actions);
}

/// A line of the page, `index` from the top.
pub(super) fn row(area: Rect, index: usize, height: f32) -> Rect {
    let top = area.top() + index as f32 * height;
    Rect::from_min_size(pos2(area.left(), top), vec2(area.width(), height))
}

/// Writes the name of a line and gives the rest of it to widgets.
pub(super) fn field(ui: &mut Ui, area: Rect, name: &str) -> Ui {
    let faint = Line::new(theme::small(), theme::TEXT_FAINT);
    faint.at(ui.painter(), area.left_center(), Align2::LEFT_CENTER, name);
    let rest = Rect::from_min_max(pos2(area.left() + NAMES, area.top()), area.max);
    let layout = Layout::left_to_right(Align::Center);
    ui.new_child(UiBuilder::new().id_salt(name).max_rect(rest).layout(layout))
}

fn listen_menu(ui: &mut Ui, view: View<'_>, actions: &mut Vec<Action>) {
    let channels = view.snapshot.stream.map(|(_, channels)| channels as usize);
    let chosen = view.values.listen;
    let mut text = chosen.name().to_owned();
    if channels.is_some_and(|channels| chosen.within(channels) != chosen) {
        text += " (not in the input: the mix)";
    }
    let menu = ComboBox::from_id_salt("listen")
        .selected_text(RichText::new(text).font(theme::small()))
        .width(ui.available_width().min(240.0))
        .truncate()
        .show_ui(ui, |ui| {
            for listen in Listen::ALL {
                let there = channels.is_none_or(|channels| listen.channels_needed() <= channels);
                let entry = ui.add_enabled_ui(there, |ui| {
                    ui.selectable_label(listen == chosen, listen.name())
                });
                if entry.inner.clicked() {
                    actions.push(Action::Listen(listen));
                    ui.close();
                }
            }
        });
    menu.response
        .widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, "Listen to"));
}

fn compare_menu(ui: &mut Ui, view: View<'_>, actions: &mut Vec<Action>) {
    let settings = view.settings;
    let text = match (&settings.compare, &view.snapshot.compared) {
        (None, _) => "No other model",
        (Some(_), Some(compared)) => &compared.model.name,
        (Some(choice), None) => choice.name.as_deref().unwrap_or("Loading …"),
    };
    let menu = ComboBox::from_id_salt("compare")
        .selected_text(RichText::new(text).font(theme::small()))
        .width(ui.available_width().min(240.0))
        .truncate()
        .show_ui(ui, |ui| {
            let none = ui.selectable_label(settings.compare.is_none(), "No other model");
            if none.clicked() {
                change(settings, actions, |settings| settings.compare = None);
                ui.close();
            }
            for entry in view.snapshot.menu.iter().filter(|entry| entry.card.is_ok()) {
                let chosen = settings.compare.as_ref() == Some(&entry.choice);
                if ui.selectable_label(chosen, &entry.name).clicked() {
                    let choice = entry.choice.clone();
                    change(settings, actions, |settings| {
                        settings.compare = Some(choice)
                    });
                    ui.close();
                }
            }
        });
    menu.response
        .widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, "Compare with"));
    if menu.response.clicked() {
        actions.push(Action::ListModels);
    }
}

/// Which labels compete: all, a set of the model's, or those that are pinned.
fn among_menu(ui: &mut Ui, view: View<'_>, actions: &mut Vec<Action>) {
    let settings = view.settings;
    let model = view.snapshot.model.as_deref();
    let sets = model.map_or(&[][..], |model| &model.label_sets);
    let unknown = view.snapshot.among.is_empty() && view.snapshot.stream.is_some();
    let chosen = match &settings.among[..] {
        some @ [_, ..] if unknown => format!("{} (not in this model)", words::among(some)),
        some => words::among(some),
    };
    let menu = ComboBox::from_id_salt("among")
        .selected_text(RichText::new(chosen).font(theme::small()))
        .width(ui.available_width().min(240.0))
        .truncate()
        .show_ui(ui, |ui| {
            let one = |set: &String| vec![set.clone()];
            let mut choices: Vec<Vec<String>> = vec![Vec::new()];
            choices.extend(sets.iter().map(one));
            if settings.pinned.len() > 1 {
                choices.push(settings.pinned.clone());
            }
            for among in choices {
                let is_chosen = settings.among == among;
                if ui
                    .selectable_label(is_chosen, words::among(&among))
                    .clicked()
                {
                    change(settings, actions, |settings| settings.among = among);
                    ui.close();
                }
            }
        });
    menu.response
        .widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, "Choose among"));
    menu.response.on_hover_text(
        "Only these labels compete. The best one is on when it is more likely right than not; else there is no clear \
         answer.",
    );
}

/// What is pinned and hidden, and the way back.
fn labels(ui: &mut Ui, view: View<'_>, actions: &mut Vec<Action>) {
    let settings = view.settings;
    let (pinned, hidden) = (settings.pinned.len(), settings.hidden.len());
    if pinned + hidden == 0 {
        let hint = "Click a row of the list to pin or hide it";
        ui.label(RichText::new(hint).color(theme::TEXT_FAINT));
        return;
    }
    let list = |names: &[String]| {
        let names: Vec<String> = names
            .iter()
            .map(|name| words::label_for_people(name))
            .collect();
        names.join(", ")
    };
    for (text, names, clear) in [
        (format!("Unpin {pinned}"), &settings.pinned, true),
        (format!("Show {hidden} hidden"), &settings.hidden, false),
    ] {
        if names.is_empty() {
            continue;
        }
        let button = ui.button(RichText::new(text).font(theme::small()));
        if button.on_hover_text(list(names)).clicked() {
            change(settings, actions, |settings| {
                if clear {
                    settings.pinned.clear();
                } else {
                    settings.hidden.clear();
                }
            });
        }
    }
}
