//! The bars: which labels show, where, and how they move.

use egui::{Align2, Painter, Rect, pos2, vec2};

use super::text::Line;
use super::{theme, words};
use crate::snapshot::Snapshot;

/// Least height of a row, bar and text together.
pub(super) const ROW: f32 = 27.0;
/// Rows grow with the panel up to this.
const TALLEST_ROW: f32 = 46.0;
const MOST_ROWS: usize = 12;

/// Seconds in which a bar goes most of the way to its value.
const VALUE_TIME_S: f32 = 0.13;
/// The same for a row on its way to its rank.
const RANK_TIME_S: f32 = 0.1;
/// A label rises above its neighbour when it leads by this much and by this share of what the
/// neighbour has: what jitters does not dance, and 2 % does not stay below "<1 %".
const RANK_LEAD: f32 = 0.008;
const RANK_LEAD_SHARE: f32 = 0.05;
/// Seconds between two looks at the ranks.
const RANK_EVERY_S: f32 = 0.35;

/// The state of the animation.
#[derive(Debug, Default)]
pub(super) struct Bars {
    /// Hash of the model whose labels these are.
    model: String,
    /// Smoothed probability of every label.
    values: Vec<f32>,
    /// All labels, about by falling value.
    order: Vec<usize>,
    ranked_s_ago: f32,
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
                order: (0..labels).collect(),
                ..Self::default()
            };
        }
        let step = share_of_way(dt, VALUE_TIME_S);
        for (index, value) in self.values.iter_mut().enumerate() {
            let target = snapshot.probabilities.get(index).filter(|_| shown);
            *value += (target.copied().unwrap_or(0.0) - *value) * step;
        }
        self.ranked_s_ago += dt;
        if self.ranked_s_ago >= RANK_EVERY_S || self.rows.is_empty() {
            self.ranked_s_ago = 0.0;
            self.rank();
        }
        self.move_rows(count.min(labels), dt);
    }

    /// The label on top, if any.
    pub(super) fn leader(&self) -> Option<usize> {
        self.order.first().copied()
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

    /// Lets labels rise past neighbours that they clearly lead (an insertion sort, nearly done
    /// already each time).
    fn rank(&mut self) {
        for from in 1..self.order.len() {
            let mut at = from;
            while at > 0 {
                let (above, label) = (self.order[at - 1], self.order[at]);
                let lead = RANK_LEAD + RANK_LEAD_SHARE * self.values[above];
                if self.values[label] <= self.values[above] + lead {
                    break;
                }
                self.order.swap(at - 1, at);
                at -= 1;
            }
        }
    }

    fn move_rows(&mut self, count: usize, dt: f32) {
        let first = self.rows.is_empty();
        let step = share_of_way(dt, RANK_TIME_S);
        let ranking = &self.order[..count];
        let rows = &mut self.rows;
        for (rank, &label) in ranking.iter().enumerate() {
            if !rows.iter().any(|row| row.label == label) {
                // A newcomer comes from just below; the first ones are simply there.
                let place = if first {
                    rank as f32
                } else {
                    rank as f32 + 0.6
                };
                rows.push(Row {
                    label,
                    place,
                    presence: f32::from(first),
                });
            }
        }
        for row in rows.iter_mut() {
            let rank = ranking.iter().position(|&label| label == row.label);
            let (place, presence) = match rank {
                Some(rank) => (rank as f32, 1.0),
                None => (row.place, 0.0),
            };
            row.place += (place - row.place) * step;
            row.presence += (presence - row.presence) * step;
        }
        rows.retain(|row| ranking.contains(&row.label) || row.presence > 0.03);
    }

    /// Paints the rows into `area`. `dim` fades them (0 to 1) while nothing is heard.
    pub(super) fn paint(&self, painter: &Painter, area: Rect, snapshot: &Snapshot, dim: f32) {
        let height = row_height(area.height(), self.values.len());
        let font = if height > 35.0 {
            theme::large()
        } else {
            theme::body()
        };
        let mut painter = painter.with_clip_rect(area.expand(2.0));
        for row in self.risers_last() {
            let rect = self.rect_of(row, area);
            // A row covers those it passes, so that rows that cross do not make a tangle.
            painter.set_opacity(row.presence);
            painter.rect_filled(rect, 0.0, theme::BACKGROUND);
            painter.set_opacity(row.presence * (1.0 - 0.6 * dim));
            let value = self.value(row.label);
            let colour = theme::blend(theme::TEXT_SECOND, theme::TEXT, value * 2.0);
            let bar = bar_rect(rect);
            let name = words::label_for_people(snapshot.label(row.label).unwrap_or_default());
            let label = Line {
                font: font.clone(),
                colour,
            };
            label.elided(
                &painter,
                rect.left_center(),
                &name,
                bar.left() - rect.left() - 14.0,
            );
            paint_bar(&painter, bar, value);
            label.at(
                &painter,
                rect.right_center(),
                Align2::RIGHT_CENTER,
                &words::percent(value),
            );
        }
    }

    /// The rows in the order of painting: what leaves, what falls, what stays, what rises.
    fn risers_last(&self) -> Vec<&Row> {
        let way_up = |row: &Row| {
            let rank = self.order.iter().position(|&label| label == row.label);
            rank.map_or(f32::MIN, |rank| row.place - rank as f32)
        };
        let mut rows: Vec<&Row> = self.rows.iter().collect();
        rows.sort_by(|a, b| way_up(a).total_cmp(&way_up(b)));
        rows
    }

    /// Where a row is in `area`.
    pub(super) fn rect_of(&self, row: &Row, area: Rect) -> Rect {
        row_rect(
            area,
            row.place,
            row_height(area.height(), self.values.len()),
        )
    }

    /// The rows, for those who describe them in other ways than paint.
    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }
}

/// How many rows fit.
pub(super) fn rows_in(height: f32) -> usize {
    ((height / ROW) as usize).clamp(1, MOST_ROWS)
}

/// The height of a row where `labels` could show: they share a tall panel.
fn row_height(height: f32, labels: usize) -> f32 {
    let rows = rows_in(height).min(labels.max(1));
    (height / rows as f32).clamp(ROW, TALLEST_ROW)
}

/// Where a row is.
fn row_rect(area: Rect, place: f32, height: f32) -> Rect {
    let top = area.top() + place * height;
    Rect::from_min_size(pos2(area.left(), top), vec2(area.width(), height))
}

fn bar_rect(row: Rect) -> Rect {
    let label_width = (row.width() * 0.27).clamp(118.0, 280.0);
    let half = (row.height() * 0.15).clamp(4.0, 6.0);
    Rect::from_min_max(
        pos2(row.left() + label_width, row.center().y - half),
        pos2(row.right() - 54.0, row.center().y + half),
    )
}

/// Part of the remaining way that is done in `dt` seconds, the same at any frame rate.
fn share_of_way(dt: f32, time_s: f32) -> f32 {
    1.0 - (-dt.max(0.0) / time_s).exp()
}

fn paint_bar(painter: &Painter, bar: Rect, value: f32) {
    let value = value.clamp(0.0, 1.0);
    let ends = bar.height();
    painter.rect_filled(bar, ends / 2.0, theme::RAISED);
    if value >= 0.0005 {
        // Never narrower than its round ends, so that little is seen as little and not as nothing.
        let width = ends + (bar.width() - ends) * value;
        let filled = Rect::from_min_size(bar.min, vec2(width, bar.height()));
        let colour = theme::blend(theme::ACCENT_DIM, theme::ACCENT, value.sqrt());
        painter.rect_filled(filled, ends / 2.0, colour);
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
            groups: Vec::new(),
            parameters: 1,
            multiply_adds_per_second: 1_000_000,
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
        let between = (0..100).any(|_| {
            bars.advance(&other, true, 2, 0.01);
            let half_way = |row: &Row| row.place > 0.4 && row.place < 0.6;
            bars.rows().iter().any(half_way) && bars.is_moving(&other, true)
        });
        assert!(between, "{:?}", bars.rows());
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
    fn what_jitters_does_not_dance() {
        let mut bars = Bars::default();
        settled(&mut bars, &snapshot("a", &[0.30, 0.305, 0.1]), 3);
        let before = order(&bars);
        for _ in 0..20 {
            settled(&mut bars, &snapshot("a", &[0.31, 0.30, 0.11]), 3);
            settled(&mut bars, &snapshot("a", &[0.30, 0.31, 0.11]), 3);
            assert_eq!(order(&bars), before);
        }
    }

    #[test]
    fn two_percent_rise_above_less_than_one() {
        let mut bars = Bars::default();
        settled(&mut bars, &snapshot("a", &[0.9, 0.009, 0.0]), 3);
        settled(&mut bars, &snapshot("a", &[0.9, 0.009, 0.02]), 3);
        assert_eq!(order(&bars), [0, 2, 1]);
    }

    #[test]
    fn rows_fit_any_height() {
        assert_eq!(rows_in(-5.0), 1);
        assert_eq!(rows_in(ROW * 4.5), 4);
        assert_eq!(rows_in(1e9), MOST_ROWS);
        assert_eq!(row_height(10.0 * TALLEST_ROW, 10), TALLEST_ROW);
        assert_eq!(row_height(0.0, 0), ROW);
    }
}
