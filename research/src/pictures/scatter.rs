//! Points of several kinds: what a network costs, and what it can do.

use std::path::Path;

use anyhow::anyhow;
use plotters::coord::Shift;
use plotters::prelude::*;

use hamiltone_training::report::pictures::{BLUE, GRID, INK, VERMILION, sans};

/// A network.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Its name in the legend.
    pub kind: String,
    /// Thousands of parameters, over 0.
    pub x: f64,
    /// Accuracy in percent.
    pub y: f64,
}

const SIZE: (u32, u32) = (960, 560);
const LEGEND: u32 = 210;
const LINE_HEIGHT: i32 = 24;
/// Of a marker, in pixels.
const RADIUS: i32 = 6;
/// The other colours of Okabe and Ito that stand out from white.
const GREEN: RGBColor = RGBColor(0, 158, 115);
const PURPLE: RGBColor = RGBColor(204, 121, 167);
const COLOURS: [RGBColor; 5] = [BLUE, VERMILION, GREEN, PURPLE, INK];

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), Box<dyn std::error::Error>>;

/// Accuracy against parameters (on a logarithmic axis), each kind with the marker of its index in
/// `kinds`; a picture with fewer of them has the same markers. Points of no such kind are left out.
///
/// # Errors
/// If the picture cannot be written.
pub fn scatter(path: &Path, title: &str, kinds: &[String], points: &[Point]) -> anyhow::Result<()> {
    draw(path, title, kinds, points).map_err(|e| anyhow!("drawing {}: {e}", path.display()))
}

fn draw(path: &Path, title: &str, kinds: &[String], points: &[Point]) -> Drawn {
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    root.draw(&Text::new(title.to_owned(), (16, 14), sans(20)))?;
    let least = |of: fn(&Point) -> f64| points.iter().map(of).fold(f64::INFINITY, f64::min);
    let most = |of: fn(&Point) -> f64| points.iter().map(of).fold(f64::NEG_INFINITY, f64::max);
    let widths = least(|p| p.x) / 1.3..most(|p| p.x) * 1.3;
    let heights = least(|p| p.y) - 2.0..(most(|p| p.y) + 2.0).min(100.0);
    let mut chart = ChartBuilder::on(&root)
        .margin(16)
        .margin_top(48)
        .margin_right(LEGEND)
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
    let mut drawn: Vec<(i32, i32)> = Vec::new();
    let left = (SIZE.0 - LEGEND) as i32 + 20;
    let mut line = 64;
    for (marker, kind) in kinds.iter().enumerate() {
        let of_kind = points.iter().filter(|point| point.kind == *kind);
        let before = drawn.len();
        for point in of_kind {
            let at = beside(chart.backend_coord(&(point.x, point.y)), &drawn);
            drawn.push(at);
            mark(&root, at, marker)?;
        }
        if drawn.len() > before {
            mark(&root, (left, line), marker)?;
            root.draw(&Text::new(kind.clone(), (left + 14, line - 6), sans(13)))?;
            line += LINE_HEIGHT;
        }
    }
    root.present()?;
    Ok(())
}

/// The point, or, where others would hide it, as little to its right as need be.
fn beside((mut x, y): (i32, i32), drawn: &[(i32, i32)]) -> (i32, i32) {
    let hides = |x: i32, other: &(i32, i32)| {
        (other.0 - x).abs() < 2 * RADIUS && (other.1 - y).abs() < 2 * RADIUS
    };
    while drawn.iter().any(|other| hides(x, other)) {
        x += 1;
    }
    (x, y)
}

/// A marker of a kind: each colour as a disc, then as a triangle, then as a cross.
fn mark(area: &Area<'_>, at: (i32, i32), kind: usize) -> Drawn {
    let colour = COLOURS[kind % COLOURS.len()];
    match kind / COLOURS.len() % 3 {
        0 => area.draw(&Circle::new(at, RADIUS - 1, colour.filled()))?,
        1 => area.draw(&TriangleMarker::new(at, RADIUS, colour.filled()))?,
        _ => area.draw(&Cross::new(at, RADIUS - 1, colour.stroke_width(2)))?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_is_seen_and_every_kind_is_named_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("points.svg");
        let kinds = ["a kind", "another", "a kind", "a third"];
        let points = kinds.map(|kind| Point {
            kind: kind.to_owned(),
            x: 100.0,
            y: 90.0,
        });
        let known = ["a kind", "absent", "another", "a third"].map(str::to_owned);
        scatter(&path, "All at one point", &known, &points).unwrap();
        let picture = std::fs::read_to_string(path).unwrap();
        let centres: std::collections::BTreeSet<&str> = picture
            .lines()
            .filter(|line| line.starts_with("<circle"))
            .collect();
        assert_eq!(centres.len(), 4 + 3, "{centres:?}");
        assert!(!picture.contains("absent"));
        for kind in ["a kind", "another", "a third"] {
            assert_eq!(picture.matches(&format!("\n{kind}\n")).count(), 1, "{kind}");
        }
    }
}
