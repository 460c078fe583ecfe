//! Bars beside each other.

use std::path::Path;

use anyhow::anyhow;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use hamiltone_training::report::pictures::{BLUE, GRID, INK, sans};

const WIDTH: i32 = 960;
const LEFT: i32 = 290;
/// Where the legend begins, and how far apart its lines are.
const LEGEND: i32 = 52;
const LEGEND_LINE: i32 = 22;
const BAR: i32 = 17;
const GAP: i32 = 14;
/// Okabe and Ito's colours: apart for every kind of colour vision.
const COLOURS: [RGBColor; 8] = [
    BLUE,
    RGBColor(230, 159, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(213, 94, 0),
    INK,
    RGBColor(240, 228, 66),
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

/// Where the square before each name stands; a name that does not fit begins a line.
fn legend(series: &[String]) -> Vec<(i32, i32)> {
    let (mut x, mut y) = (LEFT, LEGEND);
    let position = |name: &String| {
        let width = 48 + 8 * name.chars().count() as i32;
        if x > LEFT && x + width > WIDTH {
            (x, y) = (LEFT, y + LEGEND_LINE);
        }
        x += width;
        (x - width, y)
    };
    series.iter().map(position).collect()
}

fn draw(
    path: &Path,
    title: &str,
    series: &[String],
    groups: &[(String, Vec<f64>)],
) -> Result<(), Box<dyn std::error::Error>> {
    let height = series.len() as i32 * BAR + GAP;
    let legend = legend(series);
    let top_of_bars = legend.last().map_or(LEGEND, |last| last.1) + 32;
    let bottom = top_of_bars + groups.len() as i32 * height;
    let root = SVGBackend::new(path, (WIDTH as u32, (bottom + 36) as u32)).into_drawing_area();
    root.fill(&WHITE)?;
    root.draw(&Text::new(title.to_owned(), (16, 16), sans(20)))?;
    let colour = |index: usize| COLOURS[index % COLOURS.len()];
    for (index, (name, (x, y))) in series.iter().zip(legend).enumerate() {
        let square = [(x, y), (x + 12, y + 12)];
        root.draw(&Rectangle::new(square, colour(index).filled()))?;
        root.draw(&Text::new(name.clone(), (x + 18, y - 1), sans(15)))?;
    }
    let at = |percent: f64| LEFT + ((WIDTH - LEFT - 70) as f64 * percent / 100.0) as i32;
    for percent in (0..=100).step_by(20) {
        let x = at(f64::from(percent));
        root.draw(&PathElement::new([(x, top_of_bars - 6), (x, bottom)], GRID))?;
        let style = sans(14).pos(Pos::new(HPos::Center, VPos::Top));
        root.draw(&Text::new(percent.to_string(), (x, bottom + 8), style))?;
    }
    for (index, (name, values)) in groups.iter().enumerate() {
        let top = top_of_bars + index as i32 * height;
        let middle = top + (height - GAP) / 2;
        let style = sans(15).pos(Pos::new(HPos::Right, VPos::Center));
        root.draw(&Text::new(name.clone(), (LEFT - 10, middle), style))?;
        for (bar_index, value) in values.iter().enumerate() {
            let y = top + bar_index as i32 * BAR;
            let bar = [(LEFT, y), (at(*value), y + BAR - 3)];
            root.draw(&Rectangle::new(bar, colour(bar_index).filled()))?;
            let style = sans(13).pos(Pos::new(HPos::Left, VPos::Center));
            let beside = (at(*value) + 6, y + BAR / 2 - 1);
            root.draw(&Text::new(format!("{value:.1}"), beside, style.color(&INK)))?;
        }
    }
    root.present()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_legend_stays_within_the_picture() {
        let names = [
            "general",
            "general-half",
            "general-quarter",
            "general-narrow",
            "mn04",
        ];
        let series: Vec<String> = names.map(String::from).to_vec();
        let positions = legend(&series);
        for (name, (x, _)) in series.iter().zip(&positions) {
            assert!(x + 18 + 8 * name.len() as i32 <= WIDTH, "{name} at {x}");
        }
        assert_eq!(positions[0], (LEFT, LEGEND));
        let many = [series.clone(), series].concat();
        assert!(legend(&many).last().unwrap().1 > LEGEND);
    }
}
