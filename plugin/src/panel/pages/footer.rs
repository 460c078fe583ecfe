//! The footer: load, refresh rate, latency, dropped frames and input format.

use egui::{Align2, Rect, Ui, pos2};

use crate::panel::contract::View;
use crate::panel::widgets::text::Line;
use crate::panel::widgets::{controls, theme, words};

/// The tooltip of each figure, in the order of [`words::health`].
const HINTS: [&str; 5] = [
    "Share of one processor core that the analysis takes",
    "Results per second",
    "Longest delay from the audio to the first result that includes it, not counting the window",
    "Frames that could not be analysed in time. Playback is not affected",
    "Sample rate and channels from the host, and the channels that are analysed",
];

/// Left edges of the cells as shares of the width: the last value is the longest.
const COLUMNS: [f32; 6] = [0.0, 0.17, 0.35, 0.53, 0.74, 1.0];

/// Paints the footer over all of `area`, with text `margin` points from its sides.
pub(crate) fn show(ui: &mut Ui, area: Rect, margin: f32, view: View<'_>) {
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
            controls::paint_warning(ui, pos2(drawn.right() + 9.0, top.y));
        }
        let colour = if warns {
            theme::WARNING
        } else {
            theme::TEXT_SECOND
        };
        let below = pos2(left, area.center().y + 8.0);
        Line::new(theme::small(), colour).elided(ui.painter(), below, &value, cell.width());
        let id = ui.scope_id().with(("health", index));
        ui.interact(cell, id, egui::Sense::hover())
            .on_hover_text(format!("{caption}: {value}. {}", HINTS[index]));
    }
}
