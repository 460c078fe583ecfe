//! One row of the table.

use egui::{ComboBox, DragValue, Rect, RichText, Role, Sense, Ui, UiBuilder, WidgetInfo, vec2};
use hamiltone_engine::model::OnLevels;

use super::columns::Columns;
use crate::panel::contract::{Action, View};
use crate::panel::widgets::text::Line;
use crate::panel::widgets::{controls, glyphs, theme, words};
use crate::settings::{Edit, LabelNote, Note, Velocity};

/// What a row shows.
pub(super) struct Cells<'a> {
    pub(super) label: usize,
    pub(super) name: &'a str,
    pub(super) pinned: bool,
    pub(super) note: Option<Note>,
    pub(super) address: &'a str,
    /// The thresholds that the user set, for all labels.
    pub(super) thresholds: &'a [Option<f32>],
}

/// Shows a row and adds what the user changed.
pub(super) fn show(
    ui: &mut Ui,
    row: Rect,
    columns: &Columns,
    cells: &Cells<'_>,
    view: View<'_>,
    actions: &mut Vec<Action>,
) {
    let name = words::label_for_people(cells.name);
    ui.spacing_mut().button_padding = vec2(5.0, 2.0);
    ui.spacing_mut().interact_size.y = 20.0;
    ui.style_mut().drag_value_text_style = egui::TextStyle::Body;
    let on = view.snapshot.on.get(cells.label).copied().unwrap_or(false);
    let cell = columns.cell(row, 0);
    controls::paint_markers(ui.painter(), cell, on, cells.pinned);
    let left = cell.left_center() + vec2(controls::MARKERS, 0.0);
    Line::new(theme::small(), theme::TEXT).hinted(ui, left, &name, cell.right() - left.x);
    let changed = view.settings.notes.labels.get(cells.name);
    let note = note_cells(ui, row, columns, &name, cells.note, changed);
    actions.extend(note.map(|note| {
        let label = cells.name.to_owned();
        Action::Edit(Edit::LabelNote { label, note })
    }));
    threshold_cell(ui, columns.cell(row, 5), &name, cells, view, actions);
    address_cell(ui, columns.cell(row, 6), cells.address);
    let is_set = view.settings.thresholds.get(cells.name).is_some();
    if changed.is_some() || is_set {
        reset_cell(ui, columns.cell(row, 7), &name, cells.name, actions);
    }
}

/// Switch, note, channel and velocity. Returns what is special about the note now, if that changed.
fn note_cells(
    ui: &mut Ui,
    row: Rect,
    columns: &Columns,
    name: &str,
    note: Option<Note>,
    changed: Option<&LabelNote>,
) -> Option<LabelNote> {
    let before = changed.cloned().unwrap_or_default();
    let mut now = before.clone();
    let on = columns.cell(row, 1);
    let mut sent = now.on && note.is_some();
    let switch = ui.put(on, egui::Checkbox::without_text(&mut sent));
    let about = format!("Send the note of {name}");
    switch.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, sent, about.as_str()));
    if switch.on_hover_text(&about).changed() {
        now.on = sent;
        if sent && note.is_none() {
            now.note = Some(60); // beyond the last channel: some note
        }
    }
    let note = note?;
    let mut key = note.key;
    let value = DragValue::new(&mut key)
        .range(0..=127)
        .speed(0.15)
        .custom_formatter(|key, _| words::note((0, key as u8)))
        .custom_parser(words::key_named);
    let response = named(
        ui.put(within(columns.cell(row, 2)), value),
        f64::from(key),
        name,
        "Note",
    );
    if response.changed() {
        now.note = Some(key);
    }
    let mut channel = note.channel + 1;
    let value = DragValue::new(&mut channel).range(1..=16).speed(0.1);
    let cell = within(columns.cell(row, 3));
    let response = named(ui.put(cell, value), f64::from(channel), name, "Channel");
    if response.changed() {
        now.channel = Some(channel);
        // A channel alone would move the note by the order along.
        now.note = Some(key);
    }
    now.velocity = velocity_cell(ui, columns.cell(row, 4), name, note.velocity);
    (now != before).then_some(now)
}

/// The part of a cell for a control: those of two rows do not touch.
fn within(cell: Rect) -> Rect {
    cell.shrink2(vec2(0.0, 3.0))
}

/// Names a value for screen readers and in a tooltip.
fn named(response: egui::Response, value: f64, label: &str, what: &str) -> egui::Response {
    let name = format!("{what} of {label}");
    response.widget_info(|| WidgetInfo::slider(true, value, name.as_str()));
    let hint = format!("{name}: drag, or click and type");
    let hint = glyphs::drawable(&response.ctx, &hint).into_owned();
    response.on_hover_text(hint)
}

fn velocity_cell(ui: &mut Ui, cell: Rect, name: &str, current: Velocity) -> Velocity {
    let mut chosen = current;
    let mut cell_ui = ui.new_child(UiBuilder::new().id_salt("velocity").max_rect(cell));
    cell_ui.spacing_mut().interact_size.y = 20.0;
    cell_ui.add_space(0.5 * (cell.height() - 20.0));
    let menu = ComboBox::from_id_salt("curve")
        .selected_text(RichText::new(current.name()).font(theme::small()))
        .width(cell.width())
        .truncate()
        .show_ui(&mut cell_ui, |ui| {
            for curve in Velocity::ALL {
                ui.selectable_value(&mut chosen, curve, curve.name());
            }
        });
    let about = format!("Velocity of {name}");
    menu.response
        .widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, about.as_str()));
    let about = glyphs::drawable(ui.ctx(), &about);
    menu.response.on_hover_text(format!(
        "{about}: linear follows the probability, soft lifts low ones, hard lowers them, fixed is 100"
    ));
    chosen
}

/// From which probability the label is on.
fn threshold_cell(
    ui: &mut Ui,
    cell: Rect,
    name: &str,
    cells: &Cells<'_>,
    view: View<'_>,
    actions: &mut Vec<Action>,
) {
    let levels = OnLevels::of(&view.snapshot.on_levels).with_thresholds(cells.thresholds);
    let level = levels.level(cells.label, view.values.threshold);
    let mut percent = (100.0 * level).round();
    let value = DragValue::new(&mut percent)
        .range(1.0..=100.0)
        .max_decimals(0)
        .speed(0.3)
        .suffix(" %");
    let can_set = !view.snapshot.choosing[0];
    if levels.is_set(cells.label) {
        ui.visuals_mut().override_text_color = Some(theme::ACCENT);
    }
    let response = ui
        .add_enabled_ui(can_set, |ui| ui.put(within(cell), value))
        .inner;
    ui.visuals_mut().override_text_color = None;
    let response = named(response, f64::from(percent), name, "Threshold");
    if response.changed() {
        actions.push(Action::Edit(Edit::LabelThreshold {
            label: cells.name.to_owned(),
            threshold: Some(percent / 100.0),
        }));
    }
}

/// The OSC address; a click copies it.
fn address_cell(ui: &mut Ui, cell: Rect, address: &str) {
    let response = ui.interact(cell, ui.scope_id().with("address"), Sense::click());
    response.widget_info(|| {
        WidgetInfo::labeled(
            Role::Button,
            true,
            format!("Copy the OSC address {address}"),
        )
    });
    let colour = match response.hovered() || response.has_focus() {
        true => theme::TEXT,
        false => theme::TEXT_SECOND,
    };
    let line = Line::new(theme::caption(), colour);
    // The end differs from label to label.
    let short = address.strip_prefix("/hamiltone/label").unwrap_or(address);
    line.elided(ui.painter(), cell.left_center(), short, cell.width());
    controls::focus_ring(ui, &response, cell.shrink2(vec2(0.0, 3.0)));
    if response.clicked() {
        ui.ctx().copy_text(address.to_owned());
    }
    response.on_hover_text(format!("{address}\nClick to copy"));
}

/// Removes everything that is special about the label.
fn reset_cell(ui: &mut Ui, cell: Rect, name: &str, label: &str, actions: &mut Vec<Action>) {
    let button = egui::Button::new(RichText::new("×").font(theme::small())).small();
    let response = ui.put(within(cell), button);
    let about = format!("Remove the changes of {name}");
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, about.as_str()));
    let hint = glyphs::drawable(ui.ctx(), &about);
    if response.on_hover_text(&*hint).clicked() {
        let label = label.to_owned();
        let note = LabelNote::default();
        actions.push(Action::Edit(Edit::LabelThreshold {
            label: label.clone(),
            threshold: None,
        }));
        actions.push(Action::Edit(Edit::LabelNote { label, note }));
    }
}
