//! The live list of labels with their bars and thresholds, on the page *Tags* and below other pages.

use egui::{CursorIcon, Popup, Rect, Role, Sense, Ui, WidgetInfo, vec2};
use hamiltone_engine::model::OnLevels;

use crate::osc_addresses::osc_addresses;
use crate::panel::contract::{Action, Redraw, View};
use crate::panel::widgets::bars::{self, Bars, Levels};
use crate::panel::widgets::labels::{Labels, Visibility};
use crate::panel::widgets::{controls, glyphs, theme, words};
use crate::settings::{Edit, NoteMap};

/// Space between a page and the list below it.
const GAP: f32 = 10.0;

/// Shows the list, `dt` seconds after the last frame. Clicks on labels open their menus.
pub(crate) fn show(
    ui: &mut Ui,
    area: Rect,
    view: View<'_>,
    labels: &Labels<'_>,
    bars: &mut Bars,
    dt: f32,
    actions: &mut Vec<Action>,
) -> Redraw {
    let signal = words::instead_of_tags(view.snapshot, view.values.bypassed).is_none();
    let thresholds = thresholds(view);
    let levels = levels(view, &thresholds, signal);
    bars.advance(levels, labels, bars::rows_in(area.height()), dt);
    bars.paint(ui.painter(), area, levels, labels, f32::from(!signal));
    row_menus(ui, area, view, labels, (bars, Which::First), actions);
    threshold_lines(ui, area, levels, labels, bars, actions);
    if bars.is_moving(levels) {
        Redraw::Animation
    } else if signal {
        Redraw::Tags
    } else {
        Redraw::Idle
    }
}

/// Shows the list below the first `used` points of a page, under a line; nothing where there is no space for a row.
pub(crate) fn show_below(
    ui: &mut Ui,
    (page, used): (Rect, f32),
    view: View<'_>,
    labels: &Labels<'_>,
    bars: &mut Bars,
    dt: f32,
    actions: &mut Vec<Action>,
) -> Redraw {
    let (_, rest) = page.split_top_bottom_at_y(page.top() + used + GAP / 2.0);
    let list = Rect::from_min_max(rest.min + vec2(0.0, GAP / 2.0), rest.max);
    if list.height() < bars::ROW {
        return Redraw::Idle;
    }
    ui.painter()
        .hline(rest.x_range(), rest.top(), (1.0, theme::LINE));
    show(ui, list, view, labels, bars, dt, actions)
}

/// The thresholds that the user set, one a label; empty where none applies. From the settings, not from the worker, so
/// that a line follows the pointer at once.
pub(crate) fn thresholds(view: View<'_>) -> Vec<Option<f32>> {
    match &view.snapshot.model {
        Some(model) if !view.snapshot.choosing[0] && !view.settings.thresholds.is_empty() => {
            view.settings.thresholds.of_labels(&model.labels)
        }
        _ => Vec::new(),
    }
}

fn levels<'a>(view: View<'a>, thresholds: &'a [Option<f32>], signal: bool) -> Levels<'a> {
    Levels {
        model: view.snapshot.model.as_ref().map_or("", |model| &model.hash),
        probabilities: &view.snapshot.smoothed,
        on: &view.snapshot.on,
        signal,
        hold_s: view.values.hold_s,
        on_levels: OnLevels::of(&view.snapshot.on_levels).with_thresholds(thresholds),
        can_set: !view.snapshot.choosing[0],
        threshold: view.values.threshold,
    }
}

/// The model of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Which {
    /// The one that sends notes and OSC.
    First,
    /// The one that is compared with it.
    Compared,
}

/// Describes each row for screen readers, and opens a menu for the row that is clicked.
pub(crate) fn row_menus(
    ui: &Ui,
    list: Rect,
    view: View<'_>,
    labels: &Labels<'_>,
    (bars, which): (&Bars, Which),
    actions: &mut Vec<Action>,
) {
    for row in bars.rows() {
        let rect = bars.rect_of(row, list, labels);
        let name = words::label_for_people(labels.name(row.label));
        let value = words::percent(bars.value(row.label));
        let id = ui.scope_id().with(("label", which, row.label));
        let response = ui.interact(rect, id, Sense::click());
        let described = match which {
            Which::First => format!("{name} {value}"),
            Which::Compared => format!("{name} {value}, second model"),
        };
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &described));
        controls::focus_ring(ui, &response, rect.shrink2(vec2(0.0, 2.0)));
        let (tooltip, is_transcribed) = glyphs::tooltip(ui.ctx(), &name);
        if is_transcribed || bars.is_cut(ui.painter(), rect, &name) {
            response.clone().on_hover_text(&*tooltip);
        }
        Popup::menu(&response).show(|ui| {
            row_menu(ui, (row.label, which), view, labels, actions);
        });
    }
}

/// The threshold line of each row can be dragged; a double click removes a threshold that the user set.
fn threshold_lines(
    ui: &mut Ui,
    list: Rect,
    levels: Levels<'_>,
    labels: &Labels<'_>,
    bars: &mut Bars,
    actions: &mut Vec<Action>,
) {
    let mut held = false;
    for row in bars.rows().iter().filter(|_| levels.can_set) {
        let name = labels.name(row.label);
        let level = levels.on_levels.level(row.label, levels.threshold);
        let rect = bars.rect_of(row, list, labels);
        let handle = bars::handle_of(rect, level);
        let id = ui.scope_id().with(("threshold", row.label));
        let response = ui.interact(handle, id, Sense::click_and_drag());
        let shown = words::label_for_people(name);
        response.widget_info(|| {
            WidgetInfo::slider(true, f64::from(level), format!("Threshold of {shown}"))
        });
        controls::focus_ring(ui, &response, handle.shrink2(vec2(2.0, 3.0)));
        held |= response.dragged();
        let steps = controls::arrow_steps(ui, &response);
        let wanted = match response.interact_pointer_pos() {
            Some(pointer) if response.dragged() => bars::level_at(rect, pointer.x),
            _ => (level + 0.01 * steps as f32).clamp(0.01, 1.0),
        };
        let threshold = if response.double_clicked() {
            levels.on_levels.is_set(row.label).then_some(None)
        } else {
            let moved = response.dragged() || steps != 0;
            (moved && (wanted - level).abs() > 0.004).then_some(Some(wanted))
        };
        actions.extend(threshold.map(|threshold| {
            let label = name.to_owned();
            Action::Edit(Edit::LabelThreshold { label, threshold })
        }));
        let how = match levels.on_levels.is_set(row.label) {
            true => "Double-click to remove it.",
            false => "Drag to set it for this label.",
        };
        let shown = glyphs::drawable(ui.ctx(), &shown);
        response
            .on_hover_cursor(CursorIcon::ResizeHorizontal)
            .on_hover_text(format!(
                "{shown} turns on at {}. {how}",
                words::percent(level)
            ));
    }
    bars.hold(held);
}

fn row_menu(
    ui: &mut Ui,
    (label, which): (usize, Which),
    view: View<'_>,
    labels: &Labels<'_>,
    actions: &mut Vec<Action>,
) {
    let name = labels.name(label).to_owned();
    let shown = words::label_for_people(&name);
    ui.label(&*glyphs::drawable(ui.ctx(), &shown));
    let (text, edit) = if labels.visibility(label) == Visibility::Pinned {
        ("Unpin", Edit::Unpin(name.clone()))
    } else {
        ("Pin to top", Edit::Pin(name.clone()))
    };
    for (text, edit) in [(text, edit), ("Hide", Edit::Hide(name))] {
        if ui.button(text).clicked() {
            actions.push(Action::Edit(edit));
            ui.close();
        }
    }
    if view.settings.thresholds.get(labels.name(label)).is_some()
        && ui.button("Remove its threshold").clicked()
    {
        let label = labels.name(label).to_owned();
        let threshold = None;
        actions.push(Action::Edit(Edit::LabelThreshold { label, threshold }));
        ui.close();
    }
    if which == Which::First
        && let Some(model) = &view.snapshot.model
    {
        let map = NoteMap::new(&view.settings.notes, &model.labels, &model.likely);
        ui.label(format!("MIDI note: {}", words::note_of(map.get(label))));
        if let Some(address) = osc_addresses(&model.labels).get(label) {
            ui.label(format!("OSC: {address}"));
        }
    }
}
