//! The columns of the table.

use egui::{Rect, pos2};

/// Widths of the columns after the name and before the address: switch, note, channel, velocity, threshold.
const FIXED: [f32; 5] = [34.0, 58.0, 50.0, 76.0, 72.0];
/// The button at the end of a row.
const RESET: f32 = 24.0;
/// Space between columns.
const GAP: f32 = 8.0;

/// The left edges of the columns, and the end of the last one.
#[derive(Debug)]
pub(super) struct Columns([f32; 9]);

impl Columns {
    /// For a table of this width: name and address share what the others leave.
    pub(super) fn of(width: f32) -> Self {
        let rest = width - FIXED.iter().sum::<f32>() - RESET - 10.0; // the scroll bar
        let name = (rest * 0.52).min(300.0);
        let mut edges = [0.0; 9];
        edges[1] = name;
        for (index, width) in FIXED.iter().enumerate() {
            edges[index + 2] = edges[index + 1] + width;
        }
        edges[7] = width - RESET - 10.0;
        edges[8] = width - 10.0;
        Self(edges)
    }

    /// The cell of column `index` in a row: name, switch, note, channel, velocity, threshold, address, button.
    pub(super) fn cell(&self, row: Rect, index: usize) -> Rect {
        let left = row.left() + self.0[index];
        let right = row.left() + self.0[index + 1] - GAP;
        Rect::from_min_max(pos2(left, row.top()), pos2(right, row.bottom()))
    }
}
