//! The middle: what is heard, in one large line and in bars.

use std::time::Duration;

use egui::{Align2, Color32, Pos2, Rect, Role, Sense, Shape, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::bars::{self, Bars};
use super::text::Line;
use super::{View, theme, view, words};
use crate::snapshot::{Activity, Snapshot};

/// Height of the large line and the state above it.
pub(super) const HERO: f32 = 66.0;

/// Shows the middle after `dt` more seconds. Returns when the next picture is due.
pub(super) fn show(ui: &Ui, area: Rect, view: View<'_>, bars: &mut Bars, dt: f32) -> Duration {
    let snapshot = view.snapshot;
    let instead = words::instead_of_tags(snapshot, view.bypassed);
    let heard = instead.is_none();
    let (hero, list) = area.split_top_bottom_at_y(area.top() + HERO);
    bars.advance(snapshot, heard, bars::rows_in(list.height()), dt);
    paint_state(ui, hero.left_top() + vec2(0.0, 7.0), view);
    let line = pos2(hero.left(), hero.top() + 36.0);
    match (&instead, bars.leader()) {
        (Some((title, below)), _) => paint_instead(ui, hero, line, title, below),
        (None, Some(leader)) => paint_leader(ui, hero, line, leader, snapshot, bars),
        (None, None) => {}
    }
    bars.paint(ui.painter(), list, snapshot, f32::from(!heard));
    describe(ui, list, snapshot, bars);
    if bars.is_moving(snapshot, heard) {
        view::MOVING
    } else if heard {
        view::LISTENING
    } else {
        view::AT_REST
    }
}

fn paint_instead(ui: &Ui, hero: Rect, line: Pos2, title: &str, below: &str) {
    let large = Line::new(theme::hero(), theme::TEXT_SECOND);
    let title = large.at(ui.painter(), line, Align2::LEFT_CENTER, title);
    let beside = pos2(title.right() + 14.0, line.y + 5.0);
    let small = Line::new(theme::small(), theme::TEXT_FAINT);
    small.elided(ui.painter(), beside, below, hero.right() - beside.x);
}

fn paint_leader(ui: &Ui, hero: Rect, line: Pos2, leader: usize, snapshot: &Snapshot, bars: &Bars) {
    let value = bars.value(leader);
    let bright = theme::blend(theme::ACCENT_DIM, theme::ACCENT, value.sqrt());
    let right = pos2(hero.right(), line.y);
    let share = Line::new(theme::hero(), bright).at(
        ui.painter(),
        right,
        Align2::RIGHT_CENTER,
        &words::percent(value),
    );
    // What the model is not sure of is not shouted.
    let colour = theme::blend(theme::TEXT_FAINT, theme::TEXT, (value - 0.15) * 2.5);
    let name = words::label_for_people(snapshot.label(leader).unwrap_or_default());
    let width = share.left() - 20.0 - line.x;
    Line::new(theme::hero(), colour).elided(ui.painter(), line, &name, width);
}

/// A word and a shape for what is going on.
fn paint_state(ui: &Ui, at: Pos2, view: View<'_>) {
    let snapshot = view.snapshot;
    let centre = at + vec2(4.0, 0.0);
    let (word, shape) = if view.bypassed {
        ("Bypassed", dash(centre))
    } else if snapshot.loading.is_some() {
        ("Loading", ring(centre, theme::ACCENT))
    } else {
        match snapshot.activity {
            Activity::Listening => (
                "Listening",
                Shape::circle_filled(centre, 4.0, theme::ACCENT),
            ),
            Activity::NoSignal => ("Silence", ring(centre, theme::TEXT_FAINT)),
            Activity::Bypassed => ("Bypassed", dash(centre)),
            Activity::Waiting => ("Idle", ring(centre, theme::TEXT_FAINT)),
        }
    };
    ui.painter().add(shape);
    let line = Line::new(theme::caption(), theme::TEXT_FAINT);
    let end = line.at(
        ui.painter(),
        at + vec2(15.0, 0.0),
        Align2::LEFT_CENTER,
        word,
    );
    if let Some(folder) = &snapshot.report_folder {
        let words = format!("·   Writing a report to {}", folder.display());
        let beside = pos2(end.right() + 8.0, at.y);
        let width = ui.max_rect().right() - theme::MARGIN - beside.x;
        line.elided(ui.painter(), beside, &words, width);
    }
}

fn ring(centre: Pos2, colour: Color32) -> Shape {
    Shape::circle_stroke(centre, 3.5, Stroke::new(1.5, colour))
}

fn dash(centre: Pos2) -> Shape {
    Shape::rect_filled(
        Rect::from_center_size(centre, vec2(9.0, 3.0)),
        1.0,
        theme::WARNING,
    )
}

/// Tells screen readers and tests what the paint says.
fn describe(ui: &Ui, list: Rect, snapshot: &Snapshot, bars: &Bars) {
    for row in bars.rows() {
        let rect = bars.rect_of(row, list);
        let name = words::label_for_people(snapshot.label(row.label).unwrap_or_default());
        let value = words::percent(bars.value(row.label));
        let id = ui.scope_id().with(("label", row.label));
        ui.interact(rect, id, Sense::hover()).widget_info(|| {
            WidgetInfo::labeled(Role::ProgressIndicator, true, format!("{name} {value}"))
        });
    }
}
