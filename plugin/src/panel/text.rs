//! Text on a painter, with an end that is cut where there is no room.

use egui::text::{LayoutJob, TextWrapping};
use egui::{Align2, Color32, FontId, Painter, Pos2, Rect};

/// Paints one line; returns where it is.
pub(super) fn text(
    painter: &Painter,
    at: Pos2,
    anchor: Align2,
    words: &str,
    font: FontId,
    colour: Color32,
) -> Rect {
    elided(painter, at, anchor, words, font, colour, f32::INFINITY)
}

/// Paints one line no wider than `width`, cut with "…" where it would be.
pub(super) fn elided(
    painter: &Painter,
    at: Pos2,
    anchor: Align2,
    words: &str,
    font: FontId,
    colour: Color32,
    width: f32,
) -> Rect {
    let mut job = LayoutJob::simple_singleline(words.to_owned(), font, colour);
    if width.is_finite() {
        job.wrap = TextWrapping::truncate_at_width(width.max(0.0));
    }
    let galley = painter.layout_job(job);
    let rect = anchor.anchor_size(at, galley.size());
    painter.galley(rect.min, galley, colour);
    rect
}
