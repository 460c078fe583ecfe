//! The line that says what the built-in model knows, until it is closed.

use egui::{Rect, Ui, pos2, vec2};

use crate::panel::contract::{Action, View};
use crate::panel::widgets::text::Line;
use crate::panel::widgets::{controls, theme};

/// Height of the line.
pub(crate) const HEIGHT: f32 = 34.0;
/// Width of the button.
const BUTTON: f32 = 60.0;

const TEXT: &str = "The built-in model knows 527 sounds, instruments and genres, but no words, speakers, songs or keys.";

/// Whether the line shows.
pub(crate) fn is_shown(view: View<'_>) -> bool {
    let snapshot = view.snapshot;
    let has_notices = view.problem.is_some() || !snapshot.troubles.is_empty();
    !view.machine.introduced && !has_notices && snapshot.requests.is_empty()
}

/// Shows the line.
pub(crate) fn show(ui: &mut Ui, area: Rect, actions: &mut Vec<Action>) {
    ui.painter().rect_filled(area, 7.0, theme::SURFACE);
    let left = area.left_center() + vec2(12.0, 0.0);
    let button = Rect::from_center_size(
        pos2(area.right() - 8.0 - BUTTON / 2.0, area.center().y),
        vec2(BUTTON, 22.0),
    );
    let line = Line::new(theme::small(), theme::TEXT);
    line.hinted(ui, left, TEXT, button.left() - 10.0 - left.x);
    if controls::chip(ui, button, "Got it", true).clicked() {
        actions.push(Action::CloseIntroduction);
    }
}
