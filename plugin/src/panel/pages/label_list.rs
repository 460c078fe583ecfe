//! The live list of labels with their bars and thresholds, on the page *Tags* and below other pages.

use egui::{Popup, Rect, Role, Sense, Ui, WidgetInfo, vec2};
use hamiltone_engine::model::OnLevels;

use crate::panel::contract::{Action, Redraw, View};
use crate::panel::widgets::bars::{self, Bars, Levels};
use crate::panel::widgets::labels::{Labels, Visibility};
use crate::panel::widgets::{theme, words};
use crate::settings::Edit;

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
    let levels = levels(view, signal);
    bars.advance(levels, labels, bars::rows_in(area.height()), dt);
    bars.paint(ui.painter(), area, levels, labels, f32::from(!signal));
    row_menus(ui, area, view, labels, bars, actions);
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

fn levels(view: View<'_>, signal: bool) -> Levels<'_> {
    Levels {
        model: view.snapshot.model.as_ref().map_or("", |model| &model.hash),
        probabilities: &view.snapshot.smoothed,
        on: &view.snapshot.on,
        signal,
        hold_s: view.values.hold_s,
        on_levels: OnLevels::of(&view.snapshot.on_levels),
        threshold: view.values.threshold,
    }
}

/// Describes each row for screen readers, and opens a menu for the row that is clicked.
fn row_menus(
    ui: &Ui,
    list: Rect,
    view: View<'_>,
    labels: &Labels<'_>,
    bars: &Bars,
    actions: &mut Vec<Action>,
) {
    for row in bars.rows() {
        let rect = bars.rect_of(row, list, labels);
        let name = words::label_for_people(labels.name(row.label));
        let value = words::percent(bars.value(row.label));
        let id = ui.scope_id().with(("label", row.label));
        let response = ui.interact(rect, id, Sense::click());
        response.widget_info(|| {
            WidgetInfo::labeled(Role::ProgressIndicator, true, format!("{name} {value}"))
        });
        Popup::menu(&response).show(|ui| row_menu(ui, row.label, view, labels, actions));
    }
}

fn row_menu(
    ui: &mut Ui,
    label: usize,
    view: View<'_>,
    labels: &Labels<'_>,
    actions: &mut Vec<Action>,
) {
    let name = labels.name(label).to_owned();
    ui.label(words::label_for_people(&name));
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
    let note = view.settings.notes.note_of(label);
    let note = note.map_or_else(|| "none left".to_owned(), words::note);
    ui.label(format!("MIDI note: {note}"));
}
