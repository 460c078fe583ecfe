//! Bars beside each other.

use std::path::Path;

use anyhow::anyhow;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::pictures::{BLUE, GRID, INK, sans};

const WIDTH: i32 = 960;
const LEFT: i32 = 290;
const TOP: i32 = 84;
const BAR: i32 = 17;
const GAP: i32 = 14;
/// Okabe and Ito's colours: apart for every kind of colour vision.
const COLOURS: [RGBColor; 5] = [
    BLUE,
    RGBColor(230, 159, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
];

/// Percentages as horizontal bars: for each group (its name, its values) a bar for each of
/// `series`.
///
/// # Errors
/// If the picture cannot be written.
pub fn bars(
    path: &Path,
    title: &str,
    series: &[String],
    groups: &[(String, Vec<f64>)],
) -> anyhow::Result<()> {
    draw(path, title, series, groups).map_err(|e| anyhow!("drawing {}: {e}", path.display()))
}

fn draw(
    path: &Path,
    title: &str,
    series: &[String],
    groups: &[(String, Vec<f64>)],
) -> Result<(), Box<dyn std::error::Error>> {
    let height = series.len() as i32 * BAR + GAP;
    let bottom = TOP + groups.len() as i32 * height;
    let root = SVGBackend::new(path, (WIDTH as u32, (bottom + 36) as u32)).into_drawing_area();
    root.fill(&WHITE)?;
    root.draw(&Text::new(title.to_owned(), (16, 16), sans(20)))?;
    let colour = |place: usize| COLOURS[place % COLOURS.len()];
    let mut x = LEFT;
    for (place, name) in series.iter().enumerate() {
        let square = [(x, 52), (x + 12, 64)];
        root.draw(&Rectangle::new(square, colour(place).filled()))?;
        root.draw(&Text::new(name.clone(), (x + 18, 51), sans(15)))?;
        x += 48 + 8 * name.chars().count() as i32;
    }
    let at = |percent: f64| LEFT + ((WIDTH - LEFT - 70) as f64 * percent / 100.0) as i32;
    for percent in (0..=100).step_by(20) {
        let x = at(f64::from(percent));
        root.draw(&PathElement::new([(x, TOP - 6), (x, bottom)], GRID))?;
        let style = sans(14).pos(Pos::new(HPos::Center, VPos::Top));
        root.draw(&Text::new(percent.to_string(), (x, bottom + 8), style))?;
    }
    for (place, (name, values)) in groups.iter().enumerate() {
        let top = TOP + place as i32 * height;
        let middle = top + (height - GAP) / 2;
        let style = sans(15).pos(Pos::new(HPos::Right, VPos::Center));
        root.draw(&Text::new(name.clone(), (LEFT - 10, middle), style))?;
        for (place, value) in values.iter().enumerate() {
            let y = top + place as i32 * BAR;
            let bar = [(LEFT, y), (at(*value), y + BAR - 3)];
            root.draw(&Rectangle::new(bar, colour(place).filled()))?;
            let style = sans(13).pos(Pos::new(HPos::Left, VPos::Center));
            let beside = (at(*value) + 6, y + BAR / 2 - 1);
            root.draw(&Text::new(format!("{value:.1}"), beside, style.color(&INK)))?;
        }
    }
    root.present()?;
    Ok(())
}
