//! The page *Response*: how labels follow the audio, which input is analysed, and which labels show.

use egui::{ComboBox, Rect, RichText, Role, Ui, WidgetInfo, vec2};

use crate::listen::Listen;
use crate::panel::contract::{Action, View};
use crate::panel::widgets::layout::{NAME_WIDTH, field, row};
use crate::panel::widgets::sliders::slider;
use crate::panel::widgets::{glyphs, theme, words};
use crate::params::table::{Continuous, LISTEN_NAME};
use crate::settings::Edit;

/// Height of a row.
const ROW: f32 = 34.0;
/// Half the space between the columns.
const GUTTER: f32 = 18.0;
/// The menus are no wider than this.
const MENU_WIDTH: f32 = 240.0;

/// Rows of both columns.
const ROWS: usize = 4;

/// Height of the page.
pub(crate) const HEIGHT: f32 = ROW * ROWS as f32;

/// Shows the page.
pub(crate) fn show(ui: &mut Ui, area: Rect, view: View<'_>, actions: &mut Vec<Action>) {
    let (left, right) = area.split_left_right_at_fraction(0.5);
    let left = Rect::from_min_max(left.min, left.max - vec2(GUTTER, 0.0));
    let right = Rect::from_min_max(right.min + vec2(GUTTER, 0.0), right.max);
    for (index, parameter) in [
        Continuous::Attack,
        Continuous::Release,
        Continuous::Threshold,
        Continuous::Hold,
    ]
    .into_iter()
    .enumerate()
    {
        let value = view.values.continuous(parameter);
        let area = row(left, index, ROW);
        slider(ui, area, NAME_WIDTH, parameter, value, actions);
    }
    listen_menu(
        &mut field(ui, row(right, 0, ROW), LISTEN_NAME),
        view,
        actions,
    );
    compare_menu(
        &mut field(ui, row(right, 1, ROW), "Compare with"),
        view,
        actions,
    );
    among_menu(
        &mut field(ui, row(right, 2, ROW), "Choose among"),
        view,
        actions,
    );
    label_buttons(&mut field(ui, row(right, 3, ROW), "Labels"), view, actions);
}

/// A menu of entries; `name` describes it to screen readers.
fn menu(
    ui: &mut Ui,
    name: &'static str,
    selected: &str,
    entries: impl FnOnce(&mut Ui),
) -> egui::Response {
    let menu = ComboBox::from_id_salt(name)
        .selected_text(RichText::new(&*glyphs::drawable(ui.ctx(), selected)).font(theme::small()))
        .width(ui.available_width().min(MENU_WIDTH))
        .truncate()
        .show_ui(ui, entries);
    menu.response
        .widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, name));
    menu.response
}

fn listen_menu(ui: &mut Ui, view: View<'_>, actions: &mut Vec<Action>) {
    let channels = view.snapshot.stream.map(|(_, channels)| channels as usize);
    let chosen = view.values.listen;
    let mut text = chosen.name().to_owned();
    if channels.is_some_and(|channels| chosen.within(channels) != chosen) {
        text += " (not in this input: mix)";
    }
    menu(ui, LISTEN_NAME, &text, |ui| {
        for listen in Listen::ALL {
            let exists = channels.is_none_or(|channels| listen.channels_needed() <= channels);
            let entry = ui.add_enabled_ui(exists, |ui| {
                ui.selectable_label(listen == chosen, listen.name())
            });
            if entry.inner.clicked() {
                actions.push(Action::Listen(listen));
                ui.close();
            }
        }
    });
}

fn compare_menu(ui: &mut Ui, view: View<'_>, actions: &mut Vec<Action>) {
    const NONE: &str = "No other model";
    let compare = view.settings.compare.as_deref();
    let text = match (compare, &view.snapshot.compared) {
        (None, _) => NONE,
        (Some(_), Some(compared)) => &compared.model.name,
        (Some(choice), None) => choice.name.as_deref().unwrap_or("Loading …"),
    };
    let response = menu(ui, "Compare with", text, |ui| {
        if ui.selectable_label(compare.is_none(), NONE).clicked() {
            actions.push(Action::Edit(Edit::StopComparing));
            ui.close();
        }
        for entry in view.snapshot.menu.iter().filter(|entry| entry.card.is_ok()) {
            let chosen = compare == Some(&entry.choice);
            if ui
                .selectable_label(chosen, &*glyphs::drawable(ui.ctx(), &entry.name))
                .clicked()
            {
                actions.push(Action::Edit(Edit::Compare(entry.choice.clone())));
                ui.close();
            }
        }
    });
    if response.clicked() {
        actions.push(Action::ListModels);
    }
}

/// Which labels compete: all, one of the model's label sets, or the pinned ones.
fn among_menu(ui: &mut Ui, view: View<'_>, actions: &mut Vec<Action>) {
    let settings = view.settings;
    let model = view.snapshot.model.as_deref();
    let sets = model.map_or(&[][..], |model| &model.label_sets);
    let unknown = view.snapshot.among.is_empty() && view.snapshot.stream.is_some();
    let chosen = match &settings.among[..] {
        some @ [_, ..] if unknown => format!("{} (not in this model)", words::among(some)),
        some => words::among(some),
    };
    let response = menu(ui, "Choose among", &chosen, |ui| {
        let mut choices: Vec<Vec<String>> = vec![Vec::new()];
        choices.extend(sets.iter().map(|set| vec![set.clone()]));
        if settings.pinned.len() > 1 {
            choices.push(settings.pinned.clone());
        }
        for among in choices {
            let text = words::among(&among);
            if ui
                .selectable_label(settings.among == among, &*glyphs::drawable(ui.ctx(), &text))
                .clicked()
            {
                actions.push(Action::Edit(Edit::ChooseAmong(among)));
                ui.close();
            }
        }
    });
    response.on_hover_text(
        "Only these labels compete. The best one turns on when it is more likely right than wrong; \
         otherwise the result is unclear.",
    );
}

/// How many labels are pinned and hidden, with buttons to undo it.
fn label_buttons(ui: &mut Ui, view: View<'_>, actions: &mut Vec<Action>) {
    let (pinned, hidden) = (&view.settings.pinned, &view.settings.hidden);
    if pinned.is_empty() && hidden.is_empty() {
        let hint = "Click a label in the list to pin or hide it";
        ui.label(RichText::new(hint).color(theme::TEXT_FAINT));
        return;
    }
    for (text, names, edit) in [
        (format!("Unpin {}", pinned.len()), pinned, Edit::UnpinAll),
        (
            format!("Show {} hidden", hidden.len()),
            hidden,
            Edit::ShowHidden,
        ),
    ] {
        if names.is_empty() {
            continue;
        }
        let names: Vec<String> = names
            .iter()
            .map(|name| words::label_for_people(name))
            .collect();
        let button = ui.button(RichText::new(text).font(theme::small()));
        if button
            .on_hover_text(&*glyphs::drawable(ui.ctx(), &names.join(", ")))
            .clicked()
        {
            actions.push(Action::Edit(edit));
        }
    }
}
