//! One line of text on a painter, in letters that can be drawn.

use egui::text::{LayoutJob, TextWrapping};
use egui::{Align2, Color32, FontId, Painter, Pos2, Rect, Sense, Ui};

use super::glyphs;

/// Font and colour of a line.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) font: FontId,
    pub(crate) colour: Color32,
}

impl Line {
    pub(crate) fn new(font: FontId, colour: Color32) -> Self {
        Self { font, colour }
    }

    /// Paints `words` with `anchor` at `position`; returns the painted area.
    pub(crate) fn at(
        &self,
        painter: &Painter,
        position: Pos2,
        anchor: Align2,
        words: &str,
    ) -> Rect {
        self.paint(
            painter,
            position,
            anchor,
            words,
            TextWrapping::no_max_width(),
        )
    }

    /// Paints `words` to the right of `position`, cut with "…" where they are wider than `width`.
    pub(crate) fn elided(
        &self,
        painter: &Painter,
        position: Pos2,
        words: &str,
        width: f32,
    ) -> Rect {
        let wrapping = TextWrapping::truncate_at_width(width.max(0.0));
        self.paint(painter, position, Align2::LEFT_CENTER, words, wrapping)
    }

    /// Paints `words` to the right of `position`. A tooltip has all of them where they are wider than `width` and cut, and
    /// says so where they are transcribed.
    pub(crate) fn hinted(&self, ui: &Ui, position: Pos2, words: &str, width: f32) -> Rect {
        let rect = self.elided(ui.painter(), position, words, width);
        let (tooltip, is_transcribed) = glyphs::tooltip(ui.ctx(), words);
        if is_transcribed || self.is_cut(ui.painter(), words, width) {
            let place = (position.x.to_bits(), position.y.to_bits());
            let id = ui.scope_id().with(("cut", place));
            ui.interact(rect, id, Sense::hover())
                .on_hover_text(&*tooltip);
        }
        rect
    }

    /// Whether `words` are wider than `width`.
    pub(crate) fn is_cut(&self, painter: &Painter, words: &str, width: f32) -> bool {
        let whole = painter.layout_no_wrap(
            glyphs::drawable(painter.ctx(), words).into_owned(),
            self.font.clone(),
            self.colour,
        );
        whole.size().x > width.max(0.0)
    }

    /// Paints `words` below and to the right of `position` in at most `lines` lines of `width`.
    pub(crate) fn wrapped(
        &self,
        painter: &Painter,
        position: Pos2,
        words: &str,
        width: f32,
        lines: usize,
    ) -> Rect {
        let wrapping = TextWrapping {
            max_width: width.max(0.0),
            max_rows: lines,
            ..TextWrapping::default()
        };
        self.paint(painter, position, Align2::LEFT_TOP, words, wrapping)
    }

    fn paint(
        &self,
        painter: &Painter,
        position: Pos2,
        anchor: Align2,
        words: &str,
        wrapping: TextWrapping,
    ) -> Rect {
        let words = glyphs::drawable(painter.ctx(), words).into_owned();
        let font = self.font.clone();
        let mut job = LayoutJob::simple_singleline(words, font, self.colour);
        job.wrap = wrapping;
        let galley = painter.layout_job(job);
        let rect = anchor.anchor_size(position, galley.size());
        painter.galley(rect.min, galley, self.colour);
        rect
    }
}
