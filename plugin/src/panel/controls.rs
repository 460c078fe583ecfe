//! What is pressed: switches, tabs and chips.

use egui::{
    Align2, CornerRadius, Id, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo,
    pos2, vec2,
};

use super::text::Line;
use super::theme;

/// Shows `name` and a switch at the right of `area`. Returns whether it was pressed.
pub(super) fn switch(ui: &mut Ui, area: Rect, name: &'static str, on: bool, hint: &str) -> bool {
    let switch = Rect::from_min_max(
        pos2(area.right() - 36.0, area.center().y - 10.0),
        pos2(area.right(), area.center().y + 10.0),
    );
    let response = ui.interact(area, Id::unique(("switch", name)), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Switch, true, on, name));
    let along = ui.ctx().animate_bool_with_time(response.id, on, 0.12);
    let painter = ui.painter();
    let fill = theme::blend(theme::RAISED, theme::ACCENT_DIM, along);
    let round = CornerRadius::same(10);
    painter.rect(switch, round, fill, Stroke::NONE, StrokeKind::Inside);
    let knob_x = egui::lerp(switch.left() + 10.0..=switch.right() - 10.0, along);
    painter.circle_filled(pos2(knob_x, switch.center().y), 7.0, theme::TEXT);
    let colour = if on { theme::TEXT } else { theme::TEXT_FAINT };
    let anchor = pos2(switch.left() - 10.0, area.center().y);
    Line::new(theme::small(), colour).at(painter, anchor, Align2::RIGHT_CENTER, name);
    let pressed = response.clicked();
    response.on_hover_text(hint);
    pressed
}

/// A word in a rounded box; lit and underlined where it is chosen. `area` is the whole of it.
pub(super) fn chip(ui: &mut Ui, area: Rect, name: &str, chosen: bool) -> Response {
    let response = ui.interact(area, Id::unique(("chip", name)), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, chosen, name));
    let painter = ui.painter();
    let fill = match (chosen, response.hovered()) {
        (true, _) => theme::RAISED,
        (false, true) => theme::SURFACE,
        (false, false) => theme::BACKGROUND,
    };
    painter.rect_filled(area, 6.0, fill);
    let colour = if chosen {
        theme::TEXT
    } else {
        theme::TEXT_SECOND
    };
    let line = Line::new(theme::small(), colour);
    let words = line.at(painter, area.center(), Align2::CENTER_CENTER, name);
    if chosen {
        // By shape too, not by brightness alone.
        let under = Rect::from_center_size(
            pos2(area.center().x, area.bottom() - 2.5),
            vec2(words.width(), 2.0),
        );
        painter.rect_filled(under, 1.0, theme::ACCENT);
    }
    response
}

/// Chips in a row from the left of `area`, each as wide as its word. Returns which was pressed.
pub(super) fn chips(ui: &mut Ui, area: Rect, names: &[(&str, bool)]) -> Option<usize> {
    let mut left = area.left();
    let mut pressed = None;
    for (index, (name, chosen)) in names.iter().enumerate() {
        let width = chip_width(ui, name);
        let place = Rect::from_min_size(pos2(left, area.top()), vec2(width, area.height()));
        if chip(ui, place, name, *chosen).clicked() {
            pressed = Some(index);
        }
        left += width + 3.0;
    }
    pressed
}

/// How wide [`chips`] will be.
pub(super) fn chips_width<'a>(ui: &Ui, names: impl IntoIterator<Item = &'a str>) -> f32 {
    names
        .into_iter()
        .map(|name| chip_width(ui, name) + 3.0)
        .sum::<f32>()
        - 3.0
}

fn chip_width(ui: &Ui, name: &str) -> f32 {
    let text = ui
        .painter()
        .layout_no_wrap(name.to_owned(), theme::small(), theme::TEXT);
    text.size().x + 18.0
}

/// A line of text to be written over. The caller keeps `text`.
pub(super) fn text_field(
    ui: &mut Ui,
    area: Rect,
    id: egui::Id,
    text: &mut String,
    colour: egui::Color32,
    hint: &str,
) -> egui::Response {
    let hint = egui::RichText::new(hint).color(theme::TEXT_FAINT);
    let edit = egui::TextEdit::singleline(text)
        .id(id)
        .hint_text(hint)
        .font(theme::small())
        .text_color(colour)
        .background_color(theme::RAISED)
        .margin(vec2(7.0, 2.0))
        .align(Align2::LEFT_CENTER);
    let lower = |ui: &mut Ui| {
        ui.spacing_mut().interact_size.y = area.height();
        ui.put(area, edit)
    };
    ui.scope(lower).inner
}
