//! A picture of the tag roll: labels over time, brighter for higher probabilities.

use std::io::{self, Write};
use std::sync::Once;

use hamiltone_engine::timeline::Timeline;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontStyle, register_font};

use crate::fields::one_line;

const WIDTH: usize = 1600;
const LEFT: usize = 260;
const RIGHT: usize = 40;
const TOP: usize = 84;
const BOTTOM: usize = 56;
const ROW: usize = 34;
/// Labels in a picture at most.
const MAX_ROWS: usize = 24;

const BACKGROUND: RGBColor = RGBColor(18, 20, 26);
const ROLL: RGBColor = RGBColor(25, 28, 36);
const TEXT: RGBColor = RGBColor(232, 234, 240);
const FAINT: RGBColor = RGBColor(150, 156, 168);
const GRID: RGBColor = RGBColor(52, 57, 68);
/// Gaps are hatched, so that they are not marked by colour alone.
const GAP: RGBColor = RGBColor(92, 96, 106);
const FONT: &str = "hamiltone";

pub(super) fn write(timeline: &Timeline, target: &mut dyn Write) -> io::Result<()> {
    let rows = rows(timeline);
    let height = TOP + BOTTOM + ROW * rows.len().max(1);
    let mut pixels = vec![0; WIDTH * height * 3];
    draw(timeline, &rows, height, &mut pixels)
        .map_err(|error| io::Error::other(format!("the picture cannot be drawn: {error}")))?;
    let mut encoder = png::Encoder::new(target, WIDTH as u32, height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut image = encoder.write_header().map_err(io::Error::other)?;
    image.write_image_data(&pixels).map_err(io::Error::other)
}

/// The labels with the largest sums of squared probabilities, largest first.
fn rows(timeline: &Timeline) -> Vec<usize> {
    let mut weights = vec![0.0f64; timeline.labels.len()];
    for column in timeline.columns.iter() {
        for (label, probability) in column.top() {
            // Squared: a short certain label counts more than one that is uncertain throughout.
            weights[label] += f64::from(probability).powi(2);
        }
    }
    let mut rows: Vec<usize> = (0..weights.len())
        .filter(|&label| weights[label] > 0.0)
        .collect();
    rows.sort_by(|a, b| weights[*b].total_cmp(&weights[*a]));
    rows.truncate(MAX_ROWS);
    rows
}

fn draw(timeline: &Timeline, rows: &[usize], height: usize, pixels: &mut [u8]) -> DrawResult {
    load_font();
    let size = (WIDTH as u32, height as u32);
    let area = BitMapBackend::with_buffer(pixels, size).into_drawing_area();
    area.fill(&BACKGROUND)?;
    let title = format!(
        "{}   ·   model {}",
        one_line(&timeline.source),
        one_line(&timeline.model)
    );
    area.draw(&Text::new(title, (LEFT as i32, 22), font(24, TEXT)))?;
    draw_scale(&area)?;
    let bottom = TOP + ROW * rows.len().max(1);
    for (row, &label) in rows.iter().enumerate() {
        draw_row(&area, timeline, label, TOP + row * ROW)?;
    }
    draw_gaps(&area, timeline, bottom)?;
    draw_times(&area, timeline, bottom)?;
    area.present()?;
    Ok(())
}

type Area<'a> = DrawingArea<BitMapBackend<'a>, plotters::coord::Shift>;
type DrawResult = Result<(), Box<dyn std::error::Error>>;

fn draw_row(area: &Area<'_>, timeline: &Timeline, label: usize, top: usize) -> DrawResult {
    let name = timeline.labels.get(label).map_or("", String::as_str);
    let style = font(19, TEXT).pos(Pos::new(HPos::Right, VPos::Center));
    let middle = (top + ROW / 2) as i32;
    let name = shortened(&one_line(name), 26);
    area.draw(&Text::new(name, (LEFT as i32 - 16, middle), style))?;
    let levels = levels(timeline, label);
    for (x, level) in levels.into_iter().enumerate() {
        let colour = level.map_or(ROLL, colour_of);
        let left = (LEFT + x) as i32;
        let strip = [(left, top as i32 + 2), (left + 1, (top + ROW) as i32 - 3)];
        area.draw(&Rectangle::new(strip, colour.filled()))?;
    }
    Ok(())
}

/// The highest probability of a label in the interval of each pixel; `None` where the columns do not list it.
fn levels(timeline: &Timeline, label: usize) -> Vec<Option<f32>> {
    let width = WIDTH - LEFT - RIGHT;
    let mut levels: Vec<Option<f32>> = vec![None; width];
    let pixel = |time_s: f64| x_of(timeline, time_s).min(width as f64 - 1.0).max(0.0) as usize;
    let mut from_s = 0.0f64;
    for column in timeline.columns.iter() {
        if let Some((_, probability)) = column.top().find(|(index, _)| *index == label) {
            // After a gap the previous column is far away; the gap stays empty.
            let from_s = from_s.max(column.time_s - 1.5 * timeline.refresh_s);
            for level in &mut levels[pixel(from_s)..=pixel(column.time_s)] {
                *level = Some(level.map_or(probability, |known| known.max(probability)));
            }
        }
        from_s = column.time_s;
    }
    levels
}

fn draw_gaps(area: &Area<'_>, timeline: &Timeline, bottom: usize) -> DrawResult {
    for gap in &timeline.gaps {
        let left = LEFT as f64 + x_of(timeline, gap.start_s).max(0.0);
        let right = (LEFT as f64 + x_of(timeline, gap.end_s)).min((WIDTH - RIGHT) as f64);
        let mut x = left as i32;
        while x <= right as i32 {
            area.draw(&PathElement::new(
                vec![(x, TOP as i32), (x, bottom as i32)],
                GAP,
            ))?;
            x += 4;
        }
    }
    Ok(())
}

fn draw_times(area: &Area<'_>, timeline: &Timeline, bottom: usize) -> DrawResult {
    let step = nice_step(timeline.duration_s);
    let first = (timeline.start_s / step).ceil() * step;
    let mut at = first;
    while at <= timeline.start_s + timeline.duration_s + 1e-9 {
        let x = (LEFT as f64 + x_of(timeline, at - timeline.start_s)) as i32;
        area.draw(&PathElement::new(
            vec![(x, bottom as i32), (x, bottom as i32 + 6)],
            GRID,
        ))?;
        let style = font(16, FAINT).pos(Pos::new(HPos::Center, VPos::Top));
        area.draw(&Text::new(clock(at, step), (x, bottom as i32 + 12), style))?;
        at += step;
    }
    Ok(())
}

/// The colour scale.
fn draw_scale(area: &Area<'_>) -> DrawResult {
    let (left, top) = ((WIDTH - RIGHT - 200) as i32, 26);
    for step in 0..200 {
        let colour = colour_of(step as f32 / 199.0);
        let strip = [(left + step, top), (left + step + 1, top + 14)];
        area.draw(&Rectangle::new(strip, colour.filled()))?;
    }
    for (text, x, side) in [("0", left, HPos::Left), ("100 %", left + 200, HPos::Right)] {
        let style = font(15, FAINT).pos(Pos::new(side, VPos::Top));
        area.draw(&Text::new(text, (x, top + 19), style))?;
    }
    Ok(())
}

/// Pixels from the left edge of the roll.
fn x_of(timeline: &Timeline, time_s: f64) -> f64 {
    time_s / timeline.duration_s.max(1e-3) * (WIDTH - LEFT - RIGHT) as f64
}

/// Seconds between two ticks of the time axis, so that it has at most fourteen.
fn nice_step(duration_s: f64) -> f64 {
    const STEPS: [f64; 14] = [
        0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 10_800.0,
    ];
    let fits = |step: &f64| duration_s / step <= 14.0;
    STEPS.into_iter().find(fits).unwrap_or(duration_s / 8.0)
}

fn clock(seconds: f64, step: f64) -> String {
    let sign = if seconds < -1e-9 { "-" } else { "" };
    let tenths = (seconds.abs() * 10.0).round() as u64;
    let (whole, tenth) = (tenths / 10, tenths % 10);
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60);
    let fraction = if step < 1.0 {
        format!(".{tenth}")
    } else {
        String::new()
    };
    if hours > 0 {
        format!("{sign}{hours}:{minutes:02}:{rest:02}{fraction}")
    } else {
        format!("{sign}{minutes}:{rest:02}{fraction}")
    }
}

/// Cividis (Nuñez et al., PLOS ONE 2018), a map for any colour vision, interpolated between nine of its colours.
fn colour_of(level: f32) -> RGBColor {
    const STOPS: [[f32; 3]; 9] = [
        [0.0, 34.0, 78.0],
        [18.0, 53.0, 112.0],
        [59.0, 73.0, 108.0],
        [87.0, 93.0, 109.0],
        [112.0, 113.0, 115.0],
        [138.0, 134.0, 120.0],
        [165.0, 156.0, 116.0],
        [208.0, 194.0, 94.0],
        [254.0, 232.0, 56.0],
    ];
    let position = level.clamp(0.0, 1.0) * (STOPS.len() - 1) as f32;
    let below = (position as usize).min(STOPS.len() - 2);
    let fraction = position - below as f32;
    let [r, g, b] = [0, 1, 2].map(|i| {
        (STOPS[below][i] + (STOPS[below + 1][i] - STOPS[below][i]) * fraction).round() as u8
    });
    RGBColor(r, g, b)
}

fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let cut: String = text.chars().take(most - 1).collect();
    format!("{}…", cut.trim_end())
}

fn font(size: u32, colour: RGBColor) -> TextStyle<'static> {
    TextStyle {
        color: colour.to_backend_color(),
        ..TextStyle::from((FONT, size).into_font())
    }
}

fn load_font() {
    static LOADED: Once = Once::new();
    LOADED.call_once(|| {
        // Fails only for bytes that are not a font.
        let _ = register_font(FONT, FontStyle::Normal, epaint_default_fonts::UBUNTU_LIGHT);
    });
}
