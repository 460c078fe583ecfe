//! Points with names: what a network costs, and what it can do.

use std::path::Path;

use anyhow::anyhow;
use plotters::prelude::*;

use super::pictures::{BLUE, GRID, INK, sans};

/// A named point.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// What is written beside it.
    pub name: String,
    /// Thousands of parameters, over 0.
    pub x: f64,
    /// Accuracy in percent.
    pub y: f64,
}

const SIZE: (u32, u32) = (960, 560);
/// Names closer than this, in pixels, would be unreadable.
const LINE_HEIGHT: i32 = 14;

/// Accuracy against parameters (on a logarithmic axis), each point with its name.
///
/// # Errors
/// If the picture cannot be written.
pub fn scatter(path: &Path, title: &str, points: &[Point]) -> anyhow::Result<()> {
    draw(path, title, points).map_err(|e| anyhow!("drawing {}: {e}", path.display()))
}

fn draw(path: &Path, title: &str, points: &[Point]) -> Result<(), Box<dyn std::error::Error>> {
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    root.draw(&Text::new(title.to_owned(), (16, 14), sans(20)))?;
    let least = |of: fn(&Point) -> f64| points.iter().map(of).fold(f64::INFINITY, f64::min);
    let most = |of: fn(&Point) -> f64| points.iter().map(of).fold(f64::NEG_INFINITY, f64::max);
    let widths = least(|p| p.x) / 1.3..most(|p| p.x) * 2.5; // names stand to the right
    let heights = least(|p| p.y) - 2.0..(most(|p| p.y) + 2.0).min(100.0);
    let mut chart = ChartBuilder::on(&root)
        .margin(16)
        .margin_top(48)
        .x_label_area_size(44)
        .y_label_area_size(56)
        .build_cartesian_2d(widths.log_scale(), heights)?;
    chart
        .configure_mesh()
        .max_light_lines(0)
        .bold_line_style(GRID)
        .axis_style(INK)
        .label_style(sans(13))
        .x_labels(6)
        .x_label_formatter(&|thousands| format!("{thousands:.0}"))
        .y_label_formatter(&|percent| format!("{percent:.0}"))
        .x_desc("parameters, thousands")
        .y_desc("accuracy, %")
        .draw()?;
    // From the top down, names step aside for those above them.
    let mut places: Vec<(i32, i32, &Point)> = points
        .iter()
        .map(|point| {
            let (x, y) = chart.backend_coord(&(point.x, point.y));
            (x, y, point)
        })
        .collect();
    places.sort_by_key(|(x, y, _)| (*y, *x));
    let mut written: Vec<(i32, i32)> = Vec::new();
    for (x, y, point) in places {
        root.draw(&Circle::new((x, y), 4, BLUE.filled()))?;
        let mut line = y - LINE_HEIGHT / 2;
        let meets = |line: i32, other: &(i32, i32)| {
            (other.0 - x).abs() < 170 && (other.1 - line).abs() < LINE_HEIGHT
        };
        while written.iter().any(|other| meets(line, other)) {
            line += 2;
        }
        written.push((x, line));
        root.draw(&PathElement::new(vec![(x, y), (x + 9, line + 6)], GRID))?;
        root.draw(&Text::new(point.name.clone(), (x + 11, line), sans(12)))?;
    }
    root.present()?;
    Ok(())
}
