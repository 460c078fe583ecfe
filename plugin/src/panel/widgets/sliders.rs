//! A slider for a continuous parameter: name, track and value.

use egui::{Align2, Id, Rect, Response, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::text::Line;
use super::{controls, theme};
use crate::panel::contract::Action;
use crate::params::table::Continuous;

/// Width of the value at the right of the track.
const VALUE_WIDTH: f32 = 56.0;

/// The tooltip.
fn hint(parameter: Continuous) -> &'static str {
    match parameter {
        Continuous::Window => {
            "Length of audio that each result covers. Shorter reacts faster, longer is more reliable."
        }
        Continuous::Attack => "Smoothing of rising levels, for bars, notes and OSC.",
        Continuous::Release => "Smoothing of falling levels, for bars, notes and OSC.",
        Continuous::Threshold => {
            "A label turns on at this level and off at 70 % of it. Calibrated models have a threshold for each label, \
             shown as a line on its bar; this scales them all: 30 % leaves them as they are, less turns more labels on. \
             A line that was dragged stays where it is."
        }
        Continuous::Hold => "How long the peak of each label is held.",
    }
}

/// Shows name, track and value over `area`; the name takes `name_width` points. Each drag is one gesture
/// for the host.
pub(crate) fn slider(
    ui: &mut Ui,
    area: Rect,
    name_width: f32,
    parameter: Continuous,
    value: f32,
    actions: &mut Vec<Action>,
) {
    let row = parameter.row();
    let painter = ui.painter().clone();
    let faint = Line::new(theme::small(), theme::TEXT_FAINT);
    faint.at(&painter, area.left_center(), Align2::LEFT_CENTER, row.name);
    let track = Rect::from_min_max(
        pos2(area.left() + name_width, area.center().y - 11.0),
        pos2(area.right() - VALUE_WIDTH, area.center().y + 11.0),
    );
    let response = ui.interact(track, Id::unique(parameter), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::slider(true, f64::from(value), row.name));
    respond(ui, &response, track, parameter, value, actions);
    let active = response.hovered() || response.dragged() || response.has_focus();
    paint_track(ui, track, row.normalized(value), active);
    controls::focus_ring(ui, &response, track);
    let line = Line::new(theme::body(), theme::TEXT);
    let right = area.right_center();
    line.at(&painter, right, Align2::RIGHT_CENTER, &row.text(value));
    response.on_hover_text(format!(
        "{} Double-click resets to {}; the mouse wheel and the arrow keys fine-tune.",
        hint(parameter),
        row.text(row.default)
    ));
}

/// Turns what the mouse did into actions.
fn respond(
    ui: &Ui,
    response: &Response,
    track: Rect,
    parameter: Continuous,
    value: f32,
    actions: &mut Vec<Action>,
) {
    let row = parameter.row();
    let mut set_at_once = |value| {
        actions.extend([
            Action::Begin(parameter),
            Action::Set(parameter, value),
            Action::End(parameter),
        ]);
    };
    if response.double_clicked() {
        return set_at_once(row.default);
    }
    let steps = controls::arrow_steps(ui, response);
    if steps != 0 {
        return set_at_once(row.nudged(value, steps > 0));
    }
    let wheel = ui.input(|input| input.smooth_scroll_delta().y);
    if response.hovered() && wheel.abs() > 2.0 {
        return set_at_once(row.nudged(value, wheel > 0.0));
    }
    if response.drag_started() {
        actions.push(Action::Begin(parameter));
    }
    if response.dragged()
        && let Some(pointer) = response.interact_pointer_pos()
    {
        let position = (pointer.x - track.left()) / track.width().max(1.0);
        actions.push(Action::Set(parameter, row.value_at(position)));
    }
    if response.drag_stopped() {
        actions.push(Action::End(parameter));
    }
}

fn paint_track(ui: &Ui, track: Rect, position: f32, active: bool) {
    let painter = ui.painter();
    let line = Rect::from_center_size(track.center(), vec2(track.width(), 4.0));
    let knob = pos2(track.left() + track.width() * position, track.center().y);
    painter.rect_filled(line, 2.0, theme::RAISED);
    let filled = Rect::from_min_max(line.min, pos2(knob.x, line.bottom()));
    painter.rect_filled(filled, 2.0, theme::ACCENT_DIM);
    let radius = if active { 8.0 } else { 7.0 };
    let ring = Stroke::new(3.0, theme::BACKGROUND);
    painter.circle(knob, radius, theme::TEXT, ring);
}

#[cfg(test)]
mod tests {
    use nice_plug::prelude::Param;

    use super::*;
    use crate::params::HamiltoneParams;

    /// Sliders are at the same position as the host's own controls.
    #[test]
    fn the_travel_of_a_slider_is_the_hosts() {
        let params = HamiltoneParams::default();
        for parameter in Continuous::ALL {
            let (row, host) = (parameter.row(), params.continuous(parameter));
            for twentieth in 0..=20 {
                let travel = twentieth as f32 / 20.0;
                let value = host.preview_plain(travel);
                let expected = host.preview_normalized(value);
                assert_eq!(row.normalized(value), expected, "{} at {value}", row.name);
                let set = row.value_at(travel);
                assert!(
                    (set - value).abs() <= 0.5001 * row.step,
                    "{}: {set}",
                    row.name
                );
            }
            assert_eq!(row.default, host.default_plain_value(), "{}", row.name);
        }
    }
}
