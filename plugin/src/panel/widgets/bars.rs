//! The list of labels with their level bars, and its animation.

use egui::{Align2, Painter, Rect, pos2, vec2};
use hamiltone_engine::model::OnLevels;
use hamiltone_engine::tagging::{Lineup, Standing};

use super::controls::{MARKERS, paint_markers};
use super::labels::{Labels, Visibility};
use super::text::Line;
use super::{theme, words};

/// Least height of a row, bar and text together.
pub(crate) const ROW: f32 = 27.0;
/// Rows grow with the panel up to this.
const TALLEST_ROW: f32 = 46.0;
const MOST_ROWS: usize = 12;

/// Time constant of a bar on its way to its value, in seconds.
const VALUE_TIME_S: f32 = 0.13;
/// Time constant of a row on its way to its rank, in seconds.
const RANK_TIME_S: f32 = 0.1;
/// A label passes the one above it when it leads by this much plus this share of the other's value: rows do not
/// swap on jitter, and 2 % does not stay below "<1 %".
const RANK_LEAD: f32 = 0.008;
const RANK_LEAD_SHARE: f32 = 0.05;
/// Seconds between two updates of the ranks.
const RANK_EVERY_S: f32 = 0.35;
/// Opacity of the rows while there is no signal: texts keep a contrast of 4.5 : 1.
const DIMMED: f32 = 0.75;
/// How fast a peak falls after its hold, in probability per second.
const PEAK_FALL: f32 = 0.6;

/// The levels that bars show at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Levels<'a> {
    /// Hash of the model.
    pub(crate) model: &'a str,
    /// Probability of every label.
    pub(crate) probabilities: &'a [f32],
    /// Whether each label is on; may be empty.
    pub(crate) on: &'a [bool],
    /// Whether there is a signal; without one, bars fall to zero.
    pub(crate) signal: bool,
    /// Seconds for which a peak is held.
    pub(crate) hold_s: f32,
    /// The labels' own thresholds.
    pub(crate) on_levels: OnLevels<'a>,
    /// Whether the user may set thresholds of single labels.
    pub(crate) can_set: bool,
    /// The threshold parameter, which scales those that the user did not set.
    pub(crate) threshold: f32,
}

/// The state of the animation.
#[derive(Debug, Default)]
pub(crate) struct Bars {
    /// Hash of the model of the labels.
    model: String,
    /// Smoothed probability of every label.
    values: Vec<f32>,
    /// Held peak of every label, and its age in seconds.
    peaks: Vec<(f32, f32)>,
    /// All labels: pinned, normal, hidden; among these those that are on first, the most specific one before the
    /// others; then roughly by falling value.
    order: Vec<usize>,
    /// Where each label belongs in the order.
    standings: Vec<Standing>,
    /// The leading label among the visible ones.
    leader: Option<usize>,
    ranked_s_ago: f32,
    /// Whether the rows stay in their order, since one of them is being dragged.
    held: bool,
    rows: Vec<Row>,
}

/// One row of the list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Row {
    /// Index into the model's labels.
    pub(crate) label: usize,
    /// Distance from the top, in rows.
    pub(crate) offset: f32,
    /// Opacity, 0 to 1.
    pub(crate) opacity: f32,
}

impl Bars {
    /// Advances the animation by `dt` seconds towards the levels. At most `count` rows show.
    pub(crate) fn advance(
        &mut self,
        levels: Levels<'_>,
        labels: &Labels<'_>,
        count: usize,
        dt: f32,
    ) {
        let count_of_all = labels.len();
        if self.model != levels.model || self.values.len() != count_of_all {
            *self = Self {
                model: levels.model.to_owned(),
                values: vec![0.0; count_of_all],
                peaks: vec![(0.0, 0.0); count_of_all],
                order: (0..count_of_all).collect(),
                ..Self::default()
            };
        }
        let step = share_of_way(dt, VALUE_TIME_S);
        for (index, value) in self.values.iter_mut().enumerate() {
            let target = levels.probabilities.get(index).filter(|_| levels.signal);
            *value += (target.copied().unwrap_or(0.0) - *value) * step;
            let (peak, age) = &mut self.peaks[index];
            *age += dt;
            if *age > levels.hold_s {
                *peak -= PEAK_FALL * dt;
            }
            if *value >= *peak {
                (*peak, *age) = (*value, 0.0);
            }
        }
        self.lead(levels, labels);
        self.ranked_s_ago += dt;
        if (self.ranked_s_ago >= RANK_EVERY_S && !self.held) || self.rows.is_empty() {
            self.ranked_s_ago = 0.0;
            self.rank(labels);
        }
        self.move_rows(count.min(labels.visible_count()), dt);
    }

    /// Keeps the order of the rows while `held`.
    pub(crate) fn hold(&mut self, held: bool) {
        self.held = held;
    }

    /// The leading label among the visible ones: the most specific one that is on, or the most probable.
    pub(crate) fn leader(&self) -> Option<usize> {
        self.leader
    }

    /// Updates the standings and the leader. Hidden labels do not count, and the last leader wins ties.
    fn lead(&mut self, levels: Levels<'_>, labels: &Labels<'_>) {
        let shows = |label: usize| labels.visibility(label) != Visibility::Hidden;
        let is_on = |label: usize| levels.on.get(label).copied().unwrap_or(false) && shows(label);
        let on: Vec<bool> = (0..self.values.len()).map(is_on).collect();
        let value = |(label, value): (usize, &f32)| match (shows(label), self.leader == Some(label))
        {
            (false, _) => -1.0,
            (true, true) => value + lead_over(*value),
            (true, false) => *value,
        };
        let values: Vec<f32> = self.values.iter().enumerate().map(value).collect();
        let lineup = Lineup {
            probabilities: &values,
            on: &on,
            levels: levels.on_levels,
            parents: labels.parents(),
        };
        self.standings = lineup.standings();
        self.leader = lineup.leader();
    }

    /// The smoothed probability of a label.
    pub(crate) fn value(&self, label: usize) -> f32 {
        self.values.get(label).copied().unwrap_or(0.0)
    }

    /// Whether a bar or a row is still moving.
    pub(crate) fn is_moving(&self, levels: Levels<'_>) -> bool {
        let far = |(index, value): (usize, &f32)| {
            let target = levels.probabilities.get(index).filter(|_| levels.signal);
            (target.copied().unwrap_or(0.0) - value).abs() > 0.002
        };
        self.values.iter().enumerate().any(far)
            || self
                .rows
                .iter()
                .any(|row| (row.offset - row.offset.round()).abs() > 0.01)
    }

    /// Moves labels up past those that they clearly lead: an insertion sort over a nearly sorted list.
    fn rank(&mut self, labels: &Labels<'_>) {
        let tier = |label: usize| {
            let standing = self.standings.get(label).copied().unwrap_or(Standing::Off);
            (
                labels.visibility(label),
                self.leader != Some(label),
                standing,
            )
        };
        for from in 1..self.order.len() {
            let mut at = from;
            while at > 0 {
                let (above, label) = (self.order[at - 1], self.order[at]);
                let value = self.values[above];
                let leads = self.values[label] > value + lead_over(value);
                match tier(label).cmp(&tier(above)) {
                    std::cmp::Ordering::Less => {}
                    std::cmp::Ordering::Equal if leads => {}
                    _ => break,
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
                // New rows slide in from below; the first ones appear at once.
                let offset = if first {
                    rank as f32
                } else {
                    rank as f32 + 0.6
                };
                rows.push(Row {
                    label,
                    offset,
                    opacity: f32::from(first),
                });
            }
        }
        for row in rows.iter_mut() {
            let rank = ranking.iter().position(|&label| label == row.label);
            let (offset, opacity) = match rank {
                Some(rank) => (rank as f32, 1.0),
                None => (row.offset, 0.0),
            };
            row.offset += (offset - row.offset) * step;
            row.opacity += (opacity - row.opacity) * step;
        }
        rows.retain(|row| ranking.contains(&row.label) || row.opacity > 0.03);
    }

    /// Paints the rows into `area`. `dim` (0 to 1) fades them while there is no signal.
    pub(crate) fn paint(
        &self,
        painter: &Painter,
        area: Rect,
        levels: Levels<'_>,
        labels: &Labels<'_>,
        dim: f32,
    ) {
        let height = row_height(area.height(), labels.visible_count());
        let font = name_font(height);
        let mut painter = painter.with_clip_rect(area.expand(2.0));
        for row in self.risers_last() {
            let rect = self.rect_of(row, area, labels);
            // Rows that cross cover each other, so that texts do not overlap: also rows that appear or leave.
            painter.set_opacity(1.0);
            painter.rect_filled(rect, 0.0, theme::BACKGROUND);
            painter.set_opacity(row.opacity * (1.0 - (1.0 - DIMMED) * dim));
            self.paint_row(&painter, rect, row.label, &font, levels, labels);
        }
    }

    fn paint_row(
        &self,
        painter: &Painter,
        rect: Rect,
        label: usize,
        font: &egui::FontId,
        levels: Levels<'_>,
        labels: &Labels<'_>,
    ) {
        let value = self.value(label);
        let on = levels.on.get(label).copied().unwrap_or(false);
        let pinned = labels.visibility(label) == Visibility::Pinned;
        let colour = theme::blend(theme::TEXT_SECOND, theme::TEXT, value * 2.0);
        let bar = bar_rect(rect);
        let name = words::label_for_people(labels.name(label));
        let line = Line {
            font: font.clone(),
            colour,
        };
        paint_markers(painter, rect, on, pinned);
        let left = rect.left_center() + vec2(MARKERS, 0.0);
        line.elided(painter, left, &name, name_width(rect));
        paint_bar(
            painter,
            bar,
            value,
            self.peaks.get(label).map_or(0.0, |peak| peak.0),
        );
        let level = levels.on_levels.level(label, levels.threshold);
        paint_threshold(painter, bar, level, levels.on_levels.is_set(label));
        let right = rect.right_center();
        line.at(painter, right, Align2::RIGHT_CENTER, &words::percent(value));
    }

    /// The rows in the order of painting: leaving, falling, resting, rising.
    fn risers_last(&self) -> Vec<&Row> {
        let rise = |row: &Row| {
            let rank = self.order.iter().position(|&label| label == row.label);
            rank.map_or(f32::MIN, |rank| row.offset - rank as f32)
        };
        let mut rows: Vec<&Row> = self.rows.iter().collect();
        rows.sort_by(|a, b| rise(a).total_cmp(&rise(b)));
        rows
    }

    /// The rectangle of a row in `area`.
    pub(crate) fn rect_of(&self, row: &Row, area: Rect, labels: &Labels<'_>) -> Rect {
        row_rect(
            area,
            row.offset,
            row_height(area.height(), labels.visible_count()),
        )
    }

    /// Whether the name of a row is cut in `rect`.
    pub(crate) fn is_cut(&self, painter: &Painter, rect: Rect, name: &str) -> bool {
        let line = Line::new(name_font(rect.height()), theme::TEXT);
        line.is_cut(painter, name, name_width(rect))
    }

    /// The rows that show now.
    pub(crate) fn rows(&self) -> &[Row] {
        &self.rows
    }
}

/// How far a label's value has to exceed `value` to pass the label that has it.
fn lead_over(value: f32) -> f32 {
    RANK_LEAD + RANK_LEAD_SHARE * value
}

/// How many rows fit.
pub(crate) fn rows_in(height: f32) -> usize {
    ((height / ROW) as usize).clamp(1, MOST_ROWS)
}

/// The height of a row where `labels` labels could show: few rows share a tall panel.
fn row_height(height: f32, labels: usize) -> f32 {
    let rows = rows_in(height).min(labels.max(1));
    (height / rows as f32).clamp(ROW, TALLEST_ROW)
}

fn row_rect(area: Rect, offset: f32, height: f32) -> Rect {
    let top = area.top() + offset * height;
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

fn name_font(row_height: f32) -> egui::FontId {
    if row_height > 35.0 {
        theme::large()
    } else {
        theme::body()
    }
}

/// The width of a name in a row.
fn name_width(row: Rect) -> f32 {
    bar_rect(row).left() - row.left() - MARKERS - 12.0
}

/// The position of a level (0 to 1) on a bar.
fn x_of(bar: Rect, level: f32) -> f32 {
    let ends = bar.height();
    bar.left() + ends + (bar.width() - ends) * level
}

/// The area of the threshold line in `row` that can be dragged.
pub(crate) fn handle_of(row: Rect, level: f32) -> Rect {
    let bar = bar_rect(row);
    let x = x_of(bar, level);
    Rect::from_center_size(pos2(x, row.center().y), vec2(11.0, row.height() - 2.0))
}

/// The threshold (0 to 1, in hundredths) at a position on the bar of `row`.
pub(crate) fn level_at(row: Rect, x: f32) -> f32 {
    let bar = bar_rect(row);
    let share = (x - x_of(bar, 0.0)) / (x_of(bar, 1.0) - x_of(bar, 0.0)).max(1.0);
    (share.clamp(0.01, 1.0) * 100.0).round() / 100.0
}

/// A line at the threshold; thicker, with a mark above it, if the user set it.
fn paint_threshold(painter: &Painter, bar: Rect, level: f32, is_set: bool) {
    let x = x_of(bar, level);
    let (width, colour) = match is_set {
        true => (2.0, theme::TEXT),
        false => (1.0, theme::TEXT_FAINT),
    };
    painter.vline(x, bar.expand(2.0).y_range(), (width, colour));
    if is_set {
        let top = bar.top() - 2.0;
        let mark = vec![
            pos2(x - 3.5, top - 4.0),
            pos2(x + 3.5, top - 4.0),
            pos2(x, top),
        ];
        painter.add(egui::Shape::convex_polygon(
            mark,
            colour,
            egui::Stroke::NONE,
        ));
    }
}

/// Share of the remaining distance that is covered in `dt` seconds, the same at any frame rate.
fn share_of_way(dt: f32, time_s: f32) -> f32 {
    1.0 - (-dt.max(0.0) / time_s).exp()
}

fn paint_bar(painter: &Painter, bar: Rect, value: f32, peak: f32) {
    let value = value.clamp(0.0, 1.0);
    let ends = bar.height();
    painter.rect_filled(bar, ends / 2.0, theme::RAISED);
    if value >= 0.0005 {
        // Never narrower than its round ends: a low level stays visible.
        let width = ends + (bar.width() - ends) * value;
        let filled = Rect::from_min_size(bar.min, vec2(width, bar.height()));
        let colour = theme::blend(theme::ACCENT_DIM, theme::ACCENT, value.sqrt());
        painter.rect_filled(filled, ends / 2.0, colour);
    }
    if peak > value + 0.01 && peak > 0.02 {
        let x = bar.left() + ends + (bar.width() - ends) * peak.min(1.0);
        let mark = Rect::from_center_size(pos2(x - 1.0, bar.center().y), vec2(2.0, bar.height()));
        painter.rect_filled(mark, 1.0, theme::TEXT_SECOND);
    }
}

#[cfg(test)]
mod tests;
