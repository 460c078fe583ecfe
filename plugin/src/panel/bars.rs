//! The bars: which labels show, where, and how they move.

use egui::{Align2, Painter, Rect, pos2, vec2};
use hamiltone_engine::model::OnLevels;
use hamiltone_engine::tagging::{Lineup, Standing};

use super::shown::{Place, Shown};
use super::text::Line;
use super::{theme, words};

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
/// How fast a peak falls after its hold, a second.
const PEAK_FALL: f32 = 0.6;

/// What bars show at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Levels<'a> {
    /// Hash of the model.
    pub(super) model: &'a str,
    /// Probability of every label.
    pub(super) probabilities: &'a [f32],
    /// Whether each label is on; may be empty.
    pub(super) on: &'a [bool],
    /// Whether they count: they do not in silence.
    pub(super) heard: bool,
    /// Seconds that a peak stays.
    pub(super) hold_s: f32,
    /// From which probability each label is on ...
    pub(super) on_levels: OnLevels<'a>,
    /// ... at this threshold.
    pub(super) threshold: f32,
}

/// The state of the animation.
#[derive(Debug, Default)]
pub(super) struct Bars {
    /// Hash of the model whose labels these are.
    model: String,
    /// Smoothed probability of every label.
    values: Vec<f32>,
    /// Highest value of every label, and its age in seconds.
    peaks: Vec<(f32, f32)>,
    /// All labels: pinned, then the others, then the hidden; of each, those that are on first, and the most specific
    /// first of all; then about by falling value.
    order: Vec<usize>,
    /// How each label takes part in the order.
    standings: Vec<Standing>,
    /// The label that leads, of those that show.
    leader: Option<usize>,
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
    /// Moves everything on by `dt` seconds towards the levels. At most `count` rows show.
    pub(super) fn advance(&mut self, levels: Levels<'_>, shown: &Shown<'_>, count: usize, dt: f32) {
        let labels = shown.labels();
        if self.model != levels.model || self.values.len() != labels {
            *self = Self {
                model: levels.model.to_owned(),
                values: vec![0.0; labels],
                peaks: vec![(0.0, 0.0); labels],
                order: (0..labels).collect(),
                ..Self::default()
            };
        }
        let step = share_of_way(dt, VALUE_TIME_S);
        for (index, value) in self.values.iter_mut().enumerate() {
            let target = levels.probabilities.get(index).filter(|_| levels.heard);
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
        self.lead(levels, shown);
        self.ranked_s_ago += dt;
        if self.ranked_s_ago >= RANK_EVERY_S || self.rows.is_empty() {
            self.ranked_s_ago = 0.0;
            self.rank(shown);
        }
        self.move_rows(count.min(shown.visible()), dt);
    }

    /// The label that leads, of those that show: the most specific one that is on, or the most probable.
    pub(super) fn leader(&self) -> Option<usize> {
        self.leader
    }

    /// Finds the standings and the leader. Only labels that show count, and the last leader stays in a close race.
    fn lead(&mut self, levels: Levels<'_>, shown: &Shown<'_>) {
        let shows = |label: usize| shown.place(label) != Place::Hidden;
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
            parents: shown.parents(),
        };
        self.standings = lineup.standings();
        self.leader = lineup.leader();
    }

    /// The smoothed probability of a label.
    pub(super) fn value(&self, label: usize) -> f32 {
        self.values.get(label).copied().unwrap_or(0.0)
    }

    /// Whether anything is still on its way: the panel repaints faster then.
    pub(super) fn is_moving(&self, levels: Levels<'_>) -> bool {
        let far = |(index, value): (usize, &f32)| {
            let target = levels.probabilities.get(index).filter(|_| levels.heard);
            (target.copied().unwrap_or(0.0) - value).abs() > 0.002
        };
        self.values.iter().enumerate().any(far)
            || self
                .rows
                .iter()
                .any(|row| (row.place - row.place.round()).abs() > 0.01)
    }

    /// Lets labels rise past neighbours that they clearly lead (an insertion sort, nearly done
    /// already each time).
    fn rank(&mut self, shown: &Shown<'_>) {
        let tier = |label: usize| {
            let standing = self.standings.get(label).copied().unwrap_or(Standing::Off);
            (shown.place(label), self.leader != Some(label), standing)
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
    pub(super) fn paint(
        &self,
        painter: &Painter,
        area: Rect,
        levels: Levels<'_>,
        shown: &Shown<'_>,
        dim: f32,
    ) {
        let height = row_height(area.height(), shown.visible());
        let font = if height > 35.0 {
            theme::large()
        } else {
            theme::body()
        };
        let mut painter = painter.with_clip_rect(area.expand(2.0));
        for row in self.risers_last() {
            let rect = self.rect_of(row, area, shown);
            // A row covers those it passes, so that rows that cross do not make a tangle.
            painter.set_opacity(row.presence);
            painter.rect_filled(rect, 0.0, theme::BACKGROUND);
            painter.set_opacity(row.presence * (1.0 - 0.6 * dim));
            self.paint_row(&painter, rect, row.label, &font, levels, shown);
        }
    }

    fn paint_row(
        &self,
        painter: &Painter,
        rect: Rect,
        label: usize,
        font: &egui::FontId,
        levels: Levels<'_>,
        shown: &Shown<'_>,
    ) {
        let value = self.value(label);
        let on = levels.on.get(label).copied().unwrap_or(false);
        let pinned = shown.place(label) == Place::Pinned;
        let colour = theme::blend(theme::TEXT_SECOND, theme::TEXT, value * 2.0);
        let bar = bar_rect(rect);
        let name = words::label_for_people(shown.name(label));
        let line = Line {
            font: font.clone(),
            colour,
        };
        paint_signs(painter, rect, on, pinned);
        let left = rect.left_center() + vec2(SIGNS, 0.0);
        line.elided(painter, left, &name, bar.left() - left.x - 12.0);
        paint_bar(
            painter,
            bar,
            value,
            self.peaks.get(label).map_or(0.0, |peak| peak.0),
        );
        let ends = bar.height();
        let level = levels.on_levels.level(label, levels.threshold);
        let threshold = bar.left() + ends + (bar.width() - ends) * level;
        painter.vline(
            threshold,
            bar.expand(2.0).y_range(),
            (1.0, theme::TEXT_FAINT),
        );
        let right = rect.right_center();
        line.at(painter, right, Align2::RIGHT_CENTER, &words::percent(value));
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
    pub(super) fn rect_of(&self, row: &Row, area: Rect, shown: &Shown<'_>) -> Rect {
        row_rect(area, row.place, row_height(area.height(), shown.visible()))
    }

    /// The rows, for those who describe them in other ways than paint.
    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }
}

/// How far a label's value has to be over a neighbour's to pass it.
fn lead_over(value: f32) -> f32 {
    RANK_LEAD + RANK_LEAD_SHARE * value
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

/// Space for the signs before the name.
const SIGNS: f32 = 14.0;

/// A full disc for a label that is on; a pin's ring for one that always shows.
fn paint_signs(painter: &Painter, rect: Rect, on: bool, pinned: bool) {
    let centre = rect.left_center() + vec2(4.0, 0.0);
    if on {
        painter.circle_filled(centre, 3.5, theme::ACCENT);
    }
    if pinned {
        painter.circle_stroke(centre, 5.5, (1.2, theme::TEXT_SECOND));
    }
}

fn paint_bar(painter: &Painter, bar: Rect, value: f32, peak: f32) {
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
    if peak > value + 0.01 && peak > 0.02 {
        let x = bar.left() + ends + (bar.width() - ends) * peak.min(1.0);
        let mark = Rect::from_center_size(pos2(x - 1.0, bar.center().y), vec2(2.0, bar.height()));
        painter.rect_filled(mark, 1.0, theme::TEXT_SECOND);
    }
}

#[cfg(test)]
mod tests;
