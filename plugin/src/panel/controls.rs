//! The window slider and the bypass switch.

use egui::Role;
use egui::{Align2, CornerRadius, Id, Rect, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};
use hamiltone_engine::tagging::{MAX_WINDOW_S, MIN_WINDOW_S};

use super::text::Line;
use super::{Action, theme};
use crate::params::DEFAULT_WINDOW_S;

/// The slider is fine where windows are short: half of it lies below this many seconds.
const MIDDLE_S: f32 = 2.25;

/// Shows "Window", a slider and the value. Drags are bracketed as one gesture for the host.
pub(super) fn window_slider(ui: &mut Ui, area: Rect, window_s: f32, actions: &mut Vec<Action>) {
    let painter = ui.painter().clone();
    let faint = Line::new(theme::small(), theme::TEXT_FAINT);
    let caption = faint.at(&painter, area.left_center(), Align2::LEFT_CENTER, "Window");
    let value_width = 50.0;
    let track = Rect::from_center_size(
        pos2(
            (caption.right() + 16.0 + area.right() - value_width) / 2.0,
            area.center().y,
        ),
        vec2(area.right() - value_width - caption.right() - 16.0, 22.0),
    );
    let response = ui.interact(track, Id::unique("window"), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::slider(true, f64::from(window_s), "Window in seconds"));
    drag(&response, track, actions);
    let lively = response.hovered() || response.dragged();
    paint_track(ui, track, position_of(window_s), lively);
    let value = format!("{window_s:.1} s");
    let line = Line::new(theme::body(), theme::TEXT);
    line.at(&painter, area.right_center(), Align2::RIGHT_CENTER, &value);
    response.on_hover_text(
        "How much of the past each tag speaks about. Short follows fast, long is sure. \
         Double-click for 2 s.",
    );
}

fn drag(response: &egui::Response, track: Rect, actions: &mut Vec<Action>) {
    if response.double_clicked() {
        actions.extend([
            Action::BeginWindow,
            Action::SetWindow(DEFAULT_WINDOW_S),
            Action::EndWindow,
        ]);
        return;
    }
    if response.drag_started() {
        actions.push(Action::BeginWindow);
    }
    if response.dragged()
        && let Some(pointer) = response.interact_pointer_pos()
    {
        let position = (pointer.x - track.left()) / track.width().max(1.0);
        actions.push(Action::SetWindow(window_at(position)));
    }
    if response.drag_stopped() {
        actions.push(Action::EndWindow);
    }
}

fn paint_track(ui: &Ui, track: Rect, position: f32, lively: bool) {
    let painter = ui.painter();
    let line = Rect::from_center_size(track.center(), vec2(track.width(), 4.0));
    let knob = pos2(track.left() + track.width() * position, track.center().y);
    painter.rect_filled(line, 2.0, theme::RAISED);
    let done = Rect::from_min_max(line.min, pos2(knob.x, line.bottom()));
    painter.rect_filled(done, 2.0, theme::ACCENT_DIM);
    let radius = if lively { 8.0 } else { 7.0 };
    painter.circle(
        knob,
        radius,
        theme::TEXT,
        Stroke::new(3.0, theme::BACKGROUND),
    );
}

/// Shows "Bypass" and a switch.
pub(super) fn bypass_switch(ui: &mut Ui, area: Rect, bypassed: bool, actions: &mut Vec<Action>) {
    let switch = Rect::from_min_max(
        pos2(area.right() - 36.0, area.center().y - 10.0),
        pos2(area.right(), area.center().y + 10.0),
    );
    let response = ui.interact(area, Id::unique("bypass"), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Switch, true, bypassed, "Bypass"));
    if response.clicked() {
        actions.push(Action::Bypass(!bypassed));
    }
    let along = ui.ctx().animate_bool_with_time(response.id, bypassed, 0.12);
    let painter = ui.painter();
    let fill = theme::blend(theme::RAISED, theme::WARNING, along);
    painter.rect(
        switch,
        CornerRadius::same(10),
        fill,
        Stroke::NONE,
        StrokeKind::Inside,
    );
    let knob_x = egui::lerp(switch.left() + 10.0..=switch.right() - 10.0, along);
    painter.circle_filled(pos2(knob_x, switch.center().y), 7.0, theme::TEXT);
    let colour = if bypassed {
        theme::TEXT
    } else {
        theme::TEXT_FAINT
    };
    let anchor = pos2(switch.left() - 10.0, area.center().y);
    Line::new(theme::small(), colour).at(painter, anchor, Align2::RIGHT_CENTER, "Bypass");
    response.on_hover_text("Stops the analysis. The sound passes untouched either way.");
}

/// Where on the slider (0 to 1) a window is.
fn position_of(window_s: f32) -> f32 {
    let linear = (window_s - MIN_WINDOW_S) / (MAX_WINDOW_S - MIN_WINDOW_S);
    linear.clamp(0.0, 1.0).powf(curve().recip())
}

/// The window at a place of the slider, in steps of a tenth of a second.
fn window_at(position: f32) -> f32 {
    let linear = position.clamp(0.0, 1.0).powf(curve());
    let window_s = MIN_WINDOW_S + linear * (MAX_WINDOW_S - MIN_WINDOW_S);
    (window_s * 10.0).round() / 10.0
}

/// The exponent that puts [`MIDDLE_S`] in the middle.
fn curve() -> f32 {
    ((MIDDLE_S - MIN_WINDOW_S) / (MAX_WINDOW_S - MIN_WINDOW_S)).ln() / 0.5f32.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slider_covers_the_range_and_no_more() {
        assert_eq!(window_at(0.0), MIN_WINDOW_S);
        assert_eq!(window_at(1.0), MAX_WINDOW_S);
        assert_eq!(window_at(-3.0), MIN_WINDOW_S);
        assert_eq!(window_at(f32::INFINITY), MAX_WINDOW_S);
        assert_eq!(position_of(1e9), 1.0);
        assert_eq!(position_of(0.0), 0.0);
    }

    #[test]
    fn places_and_windows_are_inverse() {
        for tenths in 5..=100 {
            let window_s = tenths as f32 / 10.0;
            assert!(
                (window_at(position_of(window_s)) - window_s).abs() < 0.051,
                "{window_s}"
            );
        }
        assert!((position_of(MIDDLE_S) - 0.5).abs() < 1e-5);
    }
}
