//! The axis below the roll: bars or times of the host, else seconds before now.

use egui::{Align2, Painter, Rect};

use crate::history::{History, TagColumn};
use crate::panel::widgets::text::Line;
use crate::panel::widgets::{theme, words};

/// Ticks on the axis at most.
const MOST_TICKS: f64 = 8.0;
/// Columns further apart than this, in seconds, do not belong together.
const LONGEST_STEP_S: f64 = 1.0;

/// A tick: stream time in seconds, and its text.
type Tick = (f64, String);

/// Paints lines over `body` and texts on `axis`, for the last `span_s` seconds.
pub(super) fn paint(painter: &Painter, axis: Rect, body: Rect, history: &History, span_s: f64) {
    let Some(newest_s) = history.newest_s() else {
        return;
    };
    let from_s = newest_s - span_s;
    let line = Line::new(theme::caption(), theme::TEXT_FAINT);
    let mut free_from = axis.left();
    for (time_s, text) in ticks(history, span_s) {
        let share = ((time_s - from_s) / span_s) as f32;
        if !(0.0..=1.0).contains(&share) {
            continue;
        }
        let x = axis.left() + axis.width() * share;
        painter.vline(x, body.y_range(), (1.0, theme::LINE.gamma_multiply(0.6)));
        let galley = painter.layout_no_wrap(text, line.font.clone(), line.colour);
        let centre = egui::pos2(x, axis.center().y + 2.0);
        let mut rect = Align2::CENTER_CENTER.anchor_size(centre, galley.size());
        let shift = (axis.left() - rect.left()).max(0.0) - (rect.right() - axis.right()).max(0.0);
        rect = rect.translate(egui::vec2(shift, 0.0));
        if rect.left() >= free_from {
            free_from = rect.right() + 8.0;
            painter.galley(rect.min, galley, line.colour);
        }
    }
}

/// Bars if the host reports tempo and time signature, else its times, else seconds before now.
fn ticks(history: &History, span_s: f64) -> Vec<Tick> {
    let Some(newest) = history.tags().back() else {
        return Vec::new();
    };
    let from_s = newest.time_s - span_s;
    if newest.bars.is_some() {
        let bars: Vec<f64> = shown(history, from_s)
            .filter_map(|column| column.bars)
            .collect();
        let passed: f64 = bars
            .windows(2)
            .map(|pair| (pair[1] - pair[0]).max(0.0))
            .sum();
        let step = bar_step(passed);
        let text = |bars: f64| format!("{:.0}", bars + 1.0);
        let mut ticks = crossings(history, from_s, step, |column| column.bars, text);
        if let Some((_, first)) = ticks.first_mut() {
            *first = format!("bar {first}");
        }
        return ticks;
    }
    if newest.host_s.is_some() {
        let step_s = time_step_s(span_s);
        return crossings(
            history,
            from_s,
            step_s,
            |column| column.host_s,
            words::clock,
        );
    }
    let step_s = time_step_s(span_s);
    let count = (span_s / step_s) as u32;
    let tick = |back: u32| {
        let ago_s = f64::from(back) * step_s;
        let text = match back {
            0 => "now".to_owned(),
            _ => format!("-{ago_s:.0} s"),
        };
        (newest.time_s - ago_s, text)
    };
    (0..=count).rev().map(tick).collect()
}

fn time_step_s(span_s: f64) -> f64 {
    if span_s <= 10.0 { 2.0 } else { span_s / 6.0 }
}

/// The smallest power of two that gives few enough ticks.
fn bar_step(bars: f64) -> f64 {
    let mut step = 1.0;
    while bars / step > MOST_TICKS && step < 1e9 {
        step *= 2.0;
    }
    step
}

fn shown(history: &History, from_s: f64) -> impl Iterator<Item = &TagColumn> {
    let tags = history.tags().iter();
    tags.filter(move |column| column.time_s >= from_s)
}

/// Where a value that grows from column to column passes a multiple of `step`. Nothing before zero: a project starts
/// there, though a host may count from before it. After a jump the value goes on from its new one.
fn crossings(
    history: &History,
    from_s: f64,
    step: f64,
    value: impl Fn(&TagColumn) -> Option<f64>,
    text: impl Fn(f64) -> String,
) -> Vec<Tick> {
    let mut ticks = Vec::new();
    let mut before: Option<(f64, f64)> = None;
    for column in shown(history, from_s) {
        let now = value(column).map(|value| (column.time_s, value));
        if let (Some((at_s, from)), Some((to_s, to))) = (before, now) {
            let next = (from / step).floor() * step + step;
            // More than one multiple between two columns is a jump.
            let follows = to_s - at_s < LONGEST_STEP_S && to > from && to < next + step;
            if follows && to >= next && next >= 0.0 {
                let share = (next - from) / (to - from);
                ticks.push((at_s + share * (to_s - at_s), text(next)));
            }
        }
        before = now;
    }
    ticks
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Half a minute of columns from a position of the host, two seconds a bar.
    fn history(host_s: Option<f64>, has_bars: bool) -> History {
        let mut history = History::default();
        for step in 1..=300 {
            let time_s = f64::from(step) * 0.1;
            let host_s = host_s.map(|host_s| host_s + time_s);
            let bars = host_s.filter(|_| has_bars).map(|host_s| host_s / 2.0);
            history.push_tags("a", time_s, host_s, bars, &[0.5]);
        }
        history
    }

    fn texts(history: &History, span_s: f64) -> Vec<String> {
        ticks(history, span_s)
            .into_iter()
            .map(|(_, text)| text)
            .collect()
    }

    #[test]
    fn positions_are_bars_where_the_host_has_a_tempo() {
        let history = history(Some(0.0), true);
        assert_eq!(texts(&history, 10.0), ["bar 12", "13", "14", "15", "16"]);
        let ticks = ticks(&history, 10.0);
        assert!(
            (ticks[0].0 - 22.0).abs() < 1e-6,
            "bar 12 begins after 11 bars: {ticks:?}"
        );
        assert_eq!(
            texts(&history, 30.0),
            ["bar 3", "5", "7", "9", "11", "13", "15"]
        );
    }

    #[test]
    fn there_are_no_times_before_the_project_starts() {
        assert_eq!(
            texts(&history(Some(-7.0), false), 30.0),
            ["0:00", "0:05", "0:10", "0:15", "0:20"]
        );
        let bars = texts(&history(Some(-7.0), true), 10.0);
        assert_eq!(bars, ["bar 8", "9", "10", "11", "12"]);
        assert_eq!(texts(&history(Some(-29.0), true), 30.0), ["bar 1"]);
    }

    #[test]
    fn a_jump_of_the_host_goes_on_from_the_new_position() {
        let mut history = history(Some(0.0), false);
        for step in 1..=50 {
            let time_s = f64::from(step) * 0.1;
            history.push_tags("a", 30.0 + time_s, Some(100.5 + time_s), None, &[0.5]);
        }
        assert_eq!(
            texts(&history, 10.0),
            ["0:26", "0:28", "0:30", "1:42", "1:44"]
        );
    }

    #[test]
    fn without_a_position_times_count_back_from_now() {
        let texts = texts(&history(None, false), 30.0);
        assert_eq!(texts.first().map(String::as_str), Some("-30 s"));
        assert_eq!(texts.last().map(String::as_str), Some("now"));
        assert!(ticks(&History::default(), 30.0).is_empty());
    }
}
