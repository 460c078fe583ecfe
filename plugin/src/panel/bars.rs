//! The bars: which labels show, where, and how they move.

use egui::{Align2, Painter, Rect, Vec2, pos2, vec2};

use super::text::{elided, text};
use super::{theme, words};
use crate::snapshot::Snapshot;

/// Height of a row, bar and text together.
pub(super) const ROW: f32 = 27.0;
const BAR: f32 = 8.0;

/// Seconds in which a bar goes most of the way to its value.
const VALUE_TIME_S: f32 = 0.13;
/// The same for a row on its way to its rank.
const RANK_TIME_S: f32 = 0.11;
/// A label that shows already keeps its rank against one that is ahead by less than this.
const RANK_BONUS: f32 = 0.01;

/// The state of the animation.
#[derive(Debug, Default)]
pub(super) struct Bars {
    /// Hash of the model whose labels these are.
    model: String,
    /// Smoothed probability of every label.
    values: Vec<f32>,
    rows: Vec<Row>,
}

/// A label that shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Row {
    /// Index into the model's labels.
    pub(super) label: usize,
    /// Where the row is, in rows from the top.
    pub(super) place: f32,
    /// How visible it is, 0 to 1.
    pub(super) presence: f32,
}

impl Bars {
    /// Moves everything on by `dt` seconds towards the snapshot; `shown` says whether its tags
    /// count (they do not in silence). At most `count` rows show.
    pub(super) fn advance(&mut self, snapshot: &Snapshot, shown: bool, count: usize, dt: f32) {
        let labels = snapshot
            .model
            .as_ref()
            .map_or(0, |model| model.labels.len());
        let hash = snapshot.model.as_ref().map_or("", |model| &model.hash);
        if self.model != hash || self.values.len() != labels {
            *self = Self {
                model: hash.to_owned(),
                values: vec![0.0; labels],
                rows: Vec::new(),
            };
        }
        let step = share_of_way(dt, VALUE_TIME_S);
        for (index, value) in self.values.iter_mut().enumerate() {
            let target = snapshot.probabilities.get(index).filter(|_| shown);
            *value += (target.copied().unwrap_or(0.0) - *value) * step;
        }
        self.move_rows(count.min(labels), dt);
    }

    /// The label on top, if any.
    pub(super) fn leader(&self) -> Option<usize> {
        self.ranking(1).first().copied()
    }

    /// The smoothed probability of a label.
    pub(super) fn value(&self, label: usize) -> f32 {
        self.values.get(label).copied().unwrap_or(0.0)
    }

    /// Whether anything is still on its way: the panel repaints faster then.
    pub(super) fn is_moving(&self, snapshot: &Snapshot, shown: bool) -> bool {
        let far = |(index, value): (usize, &f32)| {
            let target = if shown {
                snapshot.probabilities.get(index).copied()
            } else {
                None
            };
            (target.unwrap_or(0.0) - value).abs() > 0.002
        };
        self.values.iter().enumerate().any(far)
            || self
                .rows
                .iter()
                .any(|row| (row.place - row.place.round()).abs() > 0.01)
    }

    fn ranking(&self, count: usize) -> Vec<usize> {
        let shows = |label: usize| self.rows.iter().any(|row| row.label == label);
        let mut ranked: Vec<(usize, f32)> = self
            .values
            .iter()
            .enumerate()
            .map(|(label, &value)| (label, value + if shows(label) { RANK_BONUS } else { 0.0 }))
            .collect();
        // Among those that show, ranks change when the values do; equal ones stay by index.
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
        ranked.truncate(count);
        ranked.into_iter().map(|(label, _)| label).collect()
    }

    fn move_rows(&mut self, count: usize, dt: f32) {
        let ranking = self.ranking(count);
        let first = self.rows.is_empty();
        for &label in &ranked_but_absent(&ranking, &self.rows) {
            let place = ranking.iter().position(|&l| l == label).unwrap_or(count) as f32;
            // A newcomer comes from just below; the first ones are simply there.
            let place = if first { place } else { place + 0.6 };
            self.rows.push(Row {
                label,
                place,
                presence: f32::from(first),
            });
        }
        let step = share_of_way(dt, RANK_TIME_S);
        for row in &mut self.rows {
            let rank = ranking.iter().position(|&label| label == row.label);
            let (place, presence) = match rank {
                Some(rank) => (rank as f32, 1.0),
                None => (row.place, 0.0),
            };
            row.place += (place - row.place) * step;
            row.presence += (presence - row.presence) * step;
        }
        self.rows
            .retain(|row| ranking.contains(&row.label) || row.presence > 0.03);
    }

    /// Paints the rows from the top of `area`. `dim` fades them (0 to 1) while nothing is heard.
    pub(super) fn paint(&self, painter: &Painter, area: Rect, snapshot: &Snapshot, dim: f32) {
        let label_width = (area.width() * 0.32).clamp(110.0, 240.0);
        let value_width = 46.0;
        for row in &self.rows {
            let top = area.top() + row.place * ROW;
            let rect = Rect::from_min_size(pos2(area.left(), top), vec2(area.width(), ROW));
            let mut painter = painter.with_clip_rect(area.expand(2.0));
            painter.set_opacity(row.presence * (1.0 - 0.6 * dim));
            let value = self.value(row.label);
            let name = words::label_for_people(snapshot.label(row.label).unwrap_or_default());
            let strong = theme::blend(theme::TEXT_SECOND, theme::TEXT, value * 2.0);
            elided(
                &painter,
                rect.left_center(),
                Align2::LEFT_CENTER,
                &name,
                theme::body(),
                strong,
                label_width - 14.0,
            );
            let bar = Rect::from_min_max(
                pos2(rect.left() + label_width, rect.center().y - BAR / 2.0),
                pos2(rect.right() - value_width, rect.center().y + BAR / 2.0),
            );
            paint_bar(&painter, bar, value);
            text(
                &painter,
                rect.right_center(),
                Align2::RIGHT_CENTER,
                &words::percent(value),
                theme::body(),
                strong,
            );
        }
    }

    /// The rows, for those who describe them in other ways than paint.
    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }
}

/// How many rows fit.
pub(super) fn rows_in(height: f32) -> usize {
    ((height / ROW) as usize).clamp(1, 12)
}

fn ranked_but_absent(ranking: &[usize], rows: &[Row]) -> Vec<usize> {
    let absent = |label: &usize| !rows.iter().any(|row| row.label == *label);
    ranking.iter().copied().filter(absent).collect()
}

/// Part of the remaining way that is done in `dt` seconds, the same at any frame rate.
fn share_of_way(dt: f32, time_s: f32) -> f32 {
    1.0 - (-dt.max(0.0) / time_s).exp()
}

fn paint_bar(painter: &Painter, bar: Rect, value: f32) {
    let value = value.clamp(0.0, 1.0);
    painter.rect_filled(bar, BAR / 2.0, theme::RAISED);
    if value > 0.0 {
        // Never narrower than its round ends, so that little is seen as little and not as nothing.
        let width = BAR + (bar.width() - BAR) * value;
        let filled = Rect::from_min_size(bar.min, Vec2::new(width, bar.height()));
        let colour = theme::blend(theme::ACCENT_DIM, theme::ACCENT, value.sqrt());
        painter.rect_filled(filled, BAR / 2.0, colour);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::ModelFacts;
    use std::sync::Arc;

    fn snapshot(hash: &str, probabilities: &[f32]) -> Snapshot {
        let model = ModelFacts {
            name: hash.to_owned(),
            hash: hash.to_owned(),
            labels: (0..probabilities.len())
                .map(|i| format!("label {i}"))
                .collect(),
            one_of: true,
            parameters: 1,
            size_bytes: 1,
        };
        Snapshot {
            model: Some(Arc::new(model)),
            probabilities: probabilities.to_vec(),
            ..Snapshot::default()
        }
    }

    fn settled(bars: &mut Bars, snapshot: &Snapshot, count: usize) {
        for _ in 0..200 {
            bars.advance(snapshot, true, count, 0.05);
        }
    }

    fn order(bars: &Bars) -> Vec<usize> {
        let mut rows = bars.rows().to_vec();
        rows.sort_by(|a, b| a.place.total_cmp(&b.place));
        rows.iter().map(|row| row.label).collect()
    }

    #[test]
    fn bars_settle_on_the_probabilities_in_their_order() {
        let snapshot = snapshot("a", &[0.1, 0.6, 0.0, 0.3]);
        let mut bars = Bars::default();
        settled(&mut bars, &snapshot, 3);
        assert_eq!(order(&bars), [1, 3, 0]);
        assert_eq!(bars.leader(), Some(1));
        assert!((bars.value(1) - 0.6).abs() < 1e-3);
        assert!(!bars.is_moving(&snapshot, true));
    }

    #[test]
    fn rows_slide_when_the_order_changes() {
        let mut bars = Bars::default();
        settled(&mut bars, &snapshot("a", &[0.8, 0.2]), 2);
        let other = snapshot("a", &[0.1, 0.9]);
        bars.advance(&other, true, 2, 0.2);
        let between = bars
            .rows()
            .iter()
            .any(|row| row.place > 0.05 && row.place < 0.95);
        assert!(between && bars.is_moving(&other, true), "{:?}", bars.rows());
        settled(&mut bars, &other, 2);
        assert_eq!(order(&bars), [1, 0]);
    }

    #[test]
    fn speed_does_not_depend_on_the_frame_rate() {
        let snapshot = snapshot("a", &[1.0]);
        let (mut slow, mut fast) = (Bars::default(), Bars::default());
        slow.advance(&snapshot, true, 1, 0.2);
        (0..20).for_each(|_| fast.advance(&snapshot, true, 1, 0.01));
        assert!((slow.value(0) - fast.value(0)).abs() < 1e-3);
    }

    #[test]
    fn silence_lets_the_bars_fall() {
        let snapshot = snapshot("a", &[0.9, 0.1]);
        let mut bars = Bars::default();
        settled(&mut bars, &snapshot, 2);
        (0..100).for_each(|_| bars.advance(&snapshot, false, 2, 0.05));
        assert!(bars.value(0) < 1e-3);
    }

    #[test]
    fn another_model_starts_anew_even_with_fewer_labels() {
        let mut bars = Bars::default();
        settled(&mut bars, &snapshot("a", &[0.1, 0.2, 0.3, 0.4]), 4);
        bars.advance(&snapshot("b", &[0.5, 0.5]), true, 4, 0.01);
        assert!(bars.rows().iter().all(|row| row.label < 2));
        bars.advance(&Snapshot::default(), true, 4, 0.01);
        assert!(bars.rows().is_empty() && bars.leader().is_none());
    }

    #[test]
    fn a_label_that_leaves_the_top_fades_out() {
        let mut bars = Bars::default();
        settled(&mut bars, &snapshot("a", &[0.7, 0.3, 0.0]), 2);
        let other = snapshot("a", &[0.7, 0.0, 0.3]);
        settled(&mut bars, &other, 2);
        assert_eq!(order(&bars), [0, 2]);
    }

    #[test]
    fn rows_fit_any_height() {
        assert_eq!(rows_in(-5.0), 1);
        assert_eq!(rows_in(ROW * 4.5), 4);
        assert_eq!(rows_in(1e9), 12);
    }
}
