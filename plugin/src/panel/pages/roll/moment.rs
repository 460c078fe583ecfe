//! A moment of the roll that was clicked: a line through it, and a box with its labels.

use egui::{Align2, Rect, Ui, pos2, vec2};

use crate::history::{History, TagColumn};
use crate::panel::widgets::labels::{Labels, Visibility};
use crate::panel::widgets::text::Line;
use crate::panel::widgets::{theme, words};

/// Labels in the box at most.
const LABELS: usize = 6;
/// Width of the box.
const WIDTH: f32 = 240.0;
/// Height of a line in the box.
const LINE: f32 = 17.0;

/// The column that covers a stream time: the first one that ends at or after it.
pub(super) fn column_at(history: &History, time_s: f64) -> Option<&TagColumn> {
    let tags = history.tags();
    let index = tags.partition_point(|column| column.time_s < time_s);
    tags.get(index).or(tags.back())
}

/// Paints the line at `x` of `picture`, and the box beside it.
pub(super) fn paint(ui: &Ui, picture: Rect, x: f32, column: &TagColumn, labels: &Labels<'_>) {
    let painter = ui.painter();
    painter.vline(x, picture.y_range(), (1.0, theme::TEXT));
    let best = best(column, labels);
    let height = LINE * (best.len() + 1) as f32 + 12.0;
    let left = if x + 8.0 + WIDTH < picture.right() {
        x + 8.0
    } else {
        x - 8.0 - WIDTH
    };
    let area = Rect::from_min_size(pos2(left, picture.top() + 4.0), vec2(WIDTH, height));
    painter.rect(
        area,
        7.0,
        theme::SURFACE,
        (1.0, theme::HOVERED),
        egui::StrokeKind::Inside,
    );
    let row = |index: usize| {
        let top = area.top() + 6.0 + LINE * (index as f32 + 0.5);
        (
            pos2(area.left() + 10.0, top),
            pos2(area.right() - 10.0, top),
        )
    };
    let faint = Line::new(theme::caption(), theme::TEXT_FAINT);
    faint.at(painter, row(0).0, Align2::LEFT_CENTER, &position(column));
    let line = Line::new(theme::small(), theme::TEXT);
    for (index, (label, probability)) in best.into_iter().enumerate() {
        let (left, right) = row(index + 1);
        let share = line.at(
            painter,
            right,
            Align2::RIGHT_CENTER,
            &words::percent(probability),
        );
        let name = words::label_for_people(labels.name(label));
        line.hinted(ui, left, &name, share.left() - 8.0 - left.x);
    }
}

/// The most probable visible labels, the first first.
fn best(column: &TagColumn, labels: &Labels<'_>) -> Vec<(usize, f32)> {
    let mut best: Vec<(usize, u8)> = column
        .probabilities
        .iter()
        .copied()
        .enumerate()
        .filter(|&(label, value)| value > 0 && labels.visibility(label) != Visibility::Hidden)
        .collect();
    best.sort_by_key(|&(_, value)| std::cmp::Reverse(value));
    best.truncate(LABELS);
    let share = |(label, value): (usize, u8)| (label, f32::from(value) / 255.0);
    best.into_iter().map(share).collect()
}

/// Bar and time of a column: "bar 17.25  ·  0:34".
fn position(column: &TagColumn) -> String {
    let time = column.host_s.map(words::clock);
    let bar = column.bars.map(|bars| format!("bar {:.2}", bars + 1.0));
    match (bar, time) {
        (Some(bar), Some(time)) => format!("{bar}  ·  {time}"),
        (None, Some(time)) => time,
        _ => "this moment".to_owned(),
    }
}
