//! The strip at the bottom: how the analysis is doing.

use egui::{Align2, Rect, Ui, pos2};

use super::text::Line;
use super::{View, theme, words};

/// What each figure means, in the order of [`words::health`].
const MEANINGS: [&str; 5] = [
    "Part of one processor core that the analysis takes",
    "New tags in a second",
    "The longest time from a sound to the first tags that know of it; the window comes on top",
    "Frames that could not be analysed in time. They were still heard: the sound never waits",
    "What the host sends, and what of it is listened to",
];

/// Shares of the width: the last value is the longest.
const COLUMNS: [f32; 6] = [0.0, 0.17, 0.35, 0.53, 0.74, 1.0];

/// Paints the strip over the whole of `area`, with text `margin` from its sides.
pub(super) fn show(ui: &mut Ui, area: Rect, margin: f32, view: View<'_>) {
    ui.painter().rect_filled(area, 0.0, theme::SURFACE);
    let inner = area.shrink2(egui::vec2(margin, 0.0));
    for (index, (caption, value, warns)) in words::health(view.snapshot, view.values.listen)
        .into_iter()
        .enumerate()
    {
        let left = inner.left() + inner.width() * COLUMNS[index];
        let right = inner.left() + inner.width() * COLUMNS[index + 1];
        let cell = Rect::from_min_max(pos2(left, area.top()), pos2(right - 6.0, area.bottom()));
        let top = pos2(left, area.center().y - 9.0);
        let caption_line = Line::new(theme::caption(), theme::TEXT_FAINT);
        let drawn = caption_line.at(ui.painter(), top, Align2::LEFT_CENTER, caption);
        if warns {
            paint_warning(ui, pos2(drawn.right() + 9.0, top.y));
        }
        let colour = if warns {
            theme::WARNING
        } else {
            theme::TEXT_SECOND
        };
        let below = pos2(left, area.center().y + 8.0);
        Line::new(theme::small(), colour).elided(ui.painter(), below, &value, cell.width());
        ui.interact(
            cell,
            ui.scope_id().with(("health", index)),
            egui::Sense::hover(),
        )
        .on_hover_text(MEANINGS[index]);
    }
}

/// A small triangle: the warning is a shape before it is a colour.
pub(super) fn paint_warning(ui: &Ui, at: egui::Pos2) {
    let points = vec![
        pos2(at.x, at.y - 4.5),
        pos2(at.x + 5.0, at.y + 4.0),
        pos2(at.x - 5.0, at.y + 4.0),
    ];
    ui.painter().add(egui::Shape::convex_polygon(
        points,
        theme::WARNING,
        egui::Stroke::NONE,
    ));
}
