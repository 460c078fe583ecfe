//! Switches, chips, steppers, text fields and the warning sign.

use egui::{
    Align2, CornerRadius, EventFilter, Id, Key, Pos2, Rect, Response, Role, Sense, Shape, Stroke,
    StrokeKind, Ui, WidgetInfo, pos2, vec2,
};

use super::text::Line;
use super::{glyphs, theme};

/// Space between chips.
const GAP: f32 = 3.0;

/// Marks the widget that has the keyboard with a ring around `area`.
pub(crate) fn focus_ring(ui: &Ui, response: &Response, area: Rect) {
    if response.has_focus() {
        let stroke = Stroke::new(1.5, theme::ACCENT);
        let ring = area.expand(2.0);
        ui.painter()
            .rect_stroke(ring, CornerRadius::same(6), stroke, StrokeKind::Outside);
    }
}

/// How often the arrow keys to the right or up (positive) and to the left or down (negative) were pressed, while
/// `response` has the keyboard. They then do not move to another widget.
pub(crate) fn arrow_steps(ui: &Ui, response: &Response) -> i32 {
    if !response.has_focus() {
        return 0;
    }
    let filter = EventFilter {
        horizontal_arrows: true,
        vertical_arrows: true,
        ..EventFilter::default()
    };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    ui.input(|input| {
        let count = |key: Key| input.num_presses(key) as i32;
        count(Key::ArrowRight) + count(Key::ArrowUp) - count(Key::ArrowLeft) - count(Key::ArrowDown)
    })
}

/// A switch at the right of `area` with its name at the left. Returns whether it was pressed.
pub(crate) fn switch(ui: &mut Ui, area: Rect, name: &'static str, on: bool, hint: &str) -> bool {
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
    let anchor = area.left_center();
    Line::new(theme::small(), colour).at(painter, anchor, Align2::LEFT_CENTER, name);
    let pressed = response.clicked();
    focus_ring(ui, &response, switch);
    response.on_hover_text(hint);
    pressed
}

/// A button with a rounded box over all of `area`; lit and underlined while it is `chosen`.
pub(crate) fn chip(ui: &mut Ui, area: Rect, name: &str, chosen: bool) -> Response {
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
        // Marked by shape too, not by brightness alone.
        let under = Rect::from_center_size(
            pos2(area.center().x, area.bottom() - 2.5),
            vec2(words.width(), 2.0),
        );
        painter.rect_filled(under, 1.0, theme::ACCENT);
    }
    focus_ring(ui, &response, area.shrink(2.0));
    response
}

/// Chips from the left of `area`, each as wide as its text; those that do not fit continue in rows below, each as high
/// as `area`. Returns the index of the pressed one.
pub(crate) fn chips(ui: &mut Ui, area: Rect, names: &[(&str, bool)]) -> Option<usize> {
    let widths: Vec<f32> = names.iter().map(|(name, _)| chip_width(ui, name)).collect();
    let mut pressed = None;
    for (index, (at, (name, chosen))) in wrapped(&widths, area.width()).zip(names).enumerate() {
        let min = area.min + vec2(at.0, at.1 as f32 * area.height());
        let rect = Rect::from_min_size(min, vec2(widths[index], area.height()));
        if chip(ui, rect, name, *chosen).clicked() {
            pressed = Some(index);
        }
    }
    pressed
}

/// The number of rows of [`chips`] in an area of this width.
pub(crate) fn chip_rows<'a>(
    ui: &Ui,
    width: f32,
    names: impl IntoIterator<Item = &'a str>,
) -> usize {
    let widths: Vec<f32> = names.into_iter().map(|name| chip_width(ui, name)).collect();
    wrapped(&widths, width).last().map_or(0, |(_, row)| row + 1)
}

/// Where things of these widths go in an area of `width` points: distance from the left, and row.
fn wrapped(widths: &[f32], width: f32) -> impl Iterator<Item = (f32, usize)> {
    // Half a point more: areas that were made to fit must not wrap by rounding.
    let end = width + 0.5;
    let next = move |(left, row): &mut (f32, usize), item: &f32| {
        if *left > 0.0 && *left + item > end {
            (*left, *row) = (0.0, *row + 1);
        }
        let at = (*left, *row);
        *left += item + GAP;
        Some(at)
    };
    widths.iter().scan((0.0, 0), next)
}

/// The width of [`chips`] in one row.
pub(crate) fn chips_width<'a>(ui: &Ui, names: impl IntoIterator<Item = &'a str>) -> f32 {
    names
        .into_iter()
        .map(|name| chip_width(ui, name) + GAP)
        .sum::<f32>()
        - GAP
}

fn chip_width(ui: &Ui, name: &str) -> f32 {
    let text = ui
        .painter()
        .layout_no_wrap(name.to_owned(), theme::small(), theme::TEXT);
    text.size().x + 18.0
}

/// A field for one line of text, which screen readers call `name`. The caller keeps `text` between frames.
pub(crate) fn text_field(
    ui: &mut Ui,
    area: Rect,
    (id, name): (egui::Id, &str),
    text: &mut String,
    colour: egui::Color32,
    hint: &str,
) -> egui::Response {
    glyphs::drawable(ui.ctx(), text); // searches for fonts: what is typed cannot be transcribed
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
    let response = ui.scope(lower).inner;
    response.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, name));
    response
}

/// Space for the markers before the name.
pub(crate) const MARKERS: f32 = 14.0;

/// A disc for a label that is on, a ring for one that is pinned.
pub(crate) fn paint_markers(painter: &egui::Painter, rect: Rect, on: bool, pinned: bool) {
    let centre = rect.left_center() + vec2(4.0, 0.0);
    if on {
        painter.circle_filled(centre, 3.5, theme::ACCENT);
    }
    if pinned {
        painter.circle_stroke(centre, 5.5, (1.2, theme::TEXT_SECOND));
    }
}

/// The warning sign, a small triangle centred at `at`: recognisable without its colour.
pub(crate) fn paint_warning(ui: &Ui, at: Pos2) {
    let points = vec![
        pos2(at.x, at.y - 4.5),
        pos2(at.x + 5.0, at.y + 4.0),
        pos2(at.x - 5.0, at.y + 4.0),
    ];
    ui.painter()
        .add(Shape::convex_polygon(points, theme::WARNING, Stroke::NONE));
}

/// A caption, a value, and "−" and "+" buttons. Returns the step that was pressed (−1 or 1) and the rest of the area.
pub(crate) fn stepper(ui: &mut Ui, area: Rect, caption: &str, value: &str) -> (Option<i32>, Rect) {
    let faint = Line::new(theme::small(), theme::TEXT_FAINT);
    let left = area.left_center();
    let end = faint.at(ui.painter(), left, Align2::LEFT_CENTER, caption);
    let at = pos2(end.right() + 7.0, area.center().y);
    let text = Line::new(theme::small(), theme::TEXT);
    let end = text.at(ui.painter(), at, Align2::LEFT_CENTER, value);
    let mut left = end.right() + 5.0;
    let mut pressed = None;
    for (sign, step) in [("−", -1), ("+", 1)] {
        let rect = Rect::from_center_size(pos2(left + 9.0, area.center().y), vec2(18.0, 18.0));
        let id = ui.scope_id().with((caption, sign));
        let button = ui.interact(rect, id, Sense::click());
        let name = format!("{caption} {sign}");
        button.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
        let fill = if button.hovered() {
            theme::HOVERED
        } else {
            theme::RAISED
        };
        ui.painter().rect_filled(rect, 5.0, fill);
        let line = Line::new(theme::small(), theme::TEXT);
        line.at(ui.painter(), rect.center(), Align2::CENTER_CENTER, sign);
        focus_ring(ui, &button, rect);
        if button.clicked() {
            pressed = Some(step);
        }
        left += 21.0;
    }
    let rest = Rect::from_min_max(pos2(left, area.top()), area.max);
    (pressed, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_that_do_not_fit_continue_in_the_next_row() {
        let places = |width: f32| -> Vec<_> { wrapped(&[40.0, 40.0, 90.0, 10.0], width).collect() };
        assert_eq!(places(200.0), [(0.0, 0), (43.0, 0), (86.0, 0), (179.0, 0)]);
        assert_eq!(places(100.0), [(0.0, 0), (43.0, 0), (0.0, 1), (0.0, 2)]);
        // Too wide for any row: alone in its row.
        assert_eq!(places(50.0), [(0.0, 0), (0.0, 1), (0.0, 2), (0.0, 3)]);
    }
}
