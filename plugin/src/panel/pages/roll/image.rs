//! Images of the history: one texel a point, the newest at the right.

use egui::{Color32, ColorImage};

use crate::history::{BANDS, History};
use crate::panel::widgets::theme;

/// Columns further apart than this leave a gap, in seconds.
const LONGEST_STEP_S: f64 = 1.0;

/// The start of the column that ends at `time_s`: the end of the one before, or `length_s` earlier after a gap.
fn begin_s(before_s: f64, time_s: f64, length_s: f64) -> f64 {
    if time_s - before_s < LONGEST_STEP_S {
        before_s
    } else {
        time_s - length_s
    }
}

/// The labels of `rows`, one texel high each, over the last `span_s` seconds.
pub(crate) fn tags(history: &History, rows: &[usize], span_s: f64, width: usize) -> ColorImage {
    let height = rows.len().max(1);
    let mut image = ColorImage::filled([width, height], theme::SURFACE);
    let from_s = history.newest_s().unwrap_or(0.0) - span_s;
    let mut before_s = f64::NEG_INFINITY;
    for column in history.tags() {
        let begin_s = begin_s(before_s, column.time_s, 0.1);
        before_s = column.time_s;
        for x in texels(begin_s, column.time_s, from_s, span_s, width) {
            for (y, &label) in rows.iter().enumerate() {
                let value = column.probabilities.get(label).copied().unwrap_or(0);
                image.pixels[y * width + x] = colour(value);
            }
        }
    }
    image
}

/// The mel levels, high bands on top.
pub(crate) fn spectrum(history: &History, span_s: f64, width: usize) -> ColorImage {
    let mut image = ColorImage::filled([width, BANDS], theme::SURFACE);
    let from_s = history.newest_s().unwrap_or(0.0) - span_s;
    let mut before_s = f64::NEG_INFINITY;
    for column in history.spectrum() {
        let begin_s = begin_s(before_s, column.time_s, 0.04);
        before_s = column.time_s;
        for x in texels(begin_s, column.time_s, from_s, span_s, width) {
            for (band, &level) in column.bands.iter().enumerate() {
                image.pixels[(BANDS - 1 - band) * width + x] = colour(level);
            }
        }
    }
    image
}

/// The texels between two times.
fn texels(
    begin_s: f64,
    end_s: f64,
    from_s: f64,
    span_s: f64,
    width: usize,
) -> std::ops::Range<usize> {
    let texel = |time_s: f64| {
        let share = ((time_s - from_s) / span_s).clamp(0.0, 1.0);
        (share * width as f64).round() as usize
    };
    texel(begin_s)..texel(end_s)
}

fn colour(level: u8) -> Color32 {
    if level == 0 {
        return theme::SURFACE;
    }
    theme::ramp(f32::from(level) / 255.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_is_at_the_right_and_a_gap_stays_empty() {
        let mut history = History::default();
        for step in 1..=10 {
            history.push_tags("a", f64::from(step) * 0.1, None, None, &[1.0, 0.0]);
        }
        for step in 1..=10 {
            history.push_tags("a", 5.0 + f64::from(step) * 0.1, None, None, &[0.0, 1.0]);
        }
        let image = tags(&history, &[1, 0], 10.0, 100);
        let at = |x: usize, y: usize| image.pixels[y * 100 + x];
        assert_eq!(image.size, [100, 2]);
        // Newest is 6.0 s, so the picture begins at -4 s: ten texels a second.
        assert_eq!(at(99, 0), theme::ramp(1.0));
        assert_eq!(at(99, 1), theme::SURFACE);
        assert_eq!(at(45, 1), theme::ramp(1.0));
        assert_eq!(at(70, 0), theme::SURFACE);
        assert_eq!(at(70, 1), theme::SURFACE);
        assert_eq!(at(10, 1), theme::SURFACE);
    }

    #[test]
    fn low_bands_are_at_the_bottom() {
        let mut history = History::default();
        let mut levels = [-90.0; BANDS];
        levels[0] = 0.0;
        for step in 1..=25 {
            history.push_spectrum(f64::from(step) * 0.04, &levels);
        }
        let image = spectrum(&history, 10.0, 50);
        assert_eq!(image.pixels[(BANDS - 1) * 50 + 49], theme::ramp(1.0));
        assert_eq!(image.pixels[49], theme::SURFACE);
    }

    #[test]
    fn an_empty_history_is_an_empty_image() {
        let image = tags(&History::default(), &[], 30.0, 64);
        assert!(image.pixels.iter().all(|&pixel| pixel == theme::SURFACE));
    }
}
