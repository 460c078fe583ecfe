//! Rows and fields: where the parts of a page are.

use egui::{Align, Align2, Layout, Rect, Ui, UiBuilder, pos2, vec2};

use super::text::Line;
use super::theme;

/// Width of the names of fields.
pub(crate) const NAME_WIDTH: f32 = 92.0;

/// Row `index` from the top of `area`, `height` points high.
pub(crate) fn row(area: Rect, index: usize, height: f32) -> Rect {
    let top = area.top() + index as f32 * height;
    Rect::from_min_size(pos2(area.left(), top), vec2(area.width(), height))
}

/// Writes the name of a field at the left of `area`. The returned `Ui` covers the rest.
pub(crate) fn field(ui: &mut Ui, area: Rect, name: &str) -> Ui {
    let faint = Line::new(theme::small(), theme::TEXT_FAINT);
    faint.at(ui.painter(), area.left_center(), Align2::LEFT_CENTER, name);
    let rest = Rect::from_min_max(pos2(area.left() + NAME_WIDTH, area.top()), area.max);
    let layout = Layout::left_to_right(Align::Center);
    ui.new_child(UiBuilder::new().id_salt(name).max_rect(rest).layout(layout))
}
