//! Reliability diagrams: stated probability against the share that was true.

use std::path::Path;

use anyhow::anyhow;
use plotters::prelude::*;

use hamiltone_training::report::pictures::{BLUE, GRID, INK, VERMILION, sans};

const SIZE: (u32, u32) = (620, 620);

/// A reliability diagram: for each line (its name, its points) what was said against the share that was true, 0 to 1;
/// on the diagonal both are the same.
///
/// # Errors
/// If the picture cannot be written.
pub fn reliability(
    path: &Path,
    title: &str,
    lines: &[(&str, Vec<(f64, f64)>)],
) -> anyhow::Result<()> {
    draw(path, title, lines).map_err(|e| anyhow!("drawing {}: {e}", path.display()))
}

fn draw(
    path: &Path,
    title: &str,
    lines: &[(&str, Vec<(f64, f64)>)],
) -> Result<(), Box<dyn std::error::Error>> {
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    root.draw(&Text::new(title.to_owned(), (16, 14), sans(18)))?;
    let mut chart = ChartBuilder::on(&root)
        .margin(16)
        .margin_top(48)
        .x_label_area_size(44)
        .y_label_area_size(56)
        .build_cartesian_2d(0.0..1.0, 0.0..1.0)?;
    chart
        .configure_mesh()
        .max_light_lines(0)
        .bold_line_style(GRID)
        .axis_style(INK)
        .label_style(sans(13))
        .x_desc("probability shown")
        .y_desc("share that was there")
        .draw()?;
    chart.draw_series(LineSeries::new([(0.0, 0.0), (1.0, 1.0)], INK))?;
    for ((name, points), colour) in lines.iter().zip([VERMILION, BLUE]) {
        let line = colour.stroke_width(2);
        chart
            .draw_series(LineSeries::new(points.iter().copied(), line))?
            .label(*name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], line));
        let discs = points
            .iter()
            .map(|&point| Circle::new(point, 4, colour.filled()));
        chart.draw_series(discs)?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .label_font(sans(14))
        .border_style(GRID)
        .background_style(WHITE)
        .draw()?;
    root.present()?;
    Ok(())
}
