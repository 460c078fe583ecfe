//! How a long distillation went: agreement with the teacher against hours.

use std::path::Path;

use anyhow::anyhow;
use plotters::prelude::*;

use hamiltone_training::report::pictures::{BLUE, GRID, INK, VERMILION, sans};

/// A measurement on the way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measurement {
    /// Hours of training before it.
    pub hours: f64,
    /// Mean average precision against the teacher's labels, 0 to 1.
    pub mean_average_precision: f64,
    /// Share of the same first label where the teacher is sure, 0 to 1.
    pub top_1: f64,
}

/// Draws both figures over the hours.
///
/// # Errors
/// If the picture cannot be written.
pub fn agreement(path: &Path, title: &str, measured: &[Measurement]) -> anyhow::Result<()> {
    draw(path, title, measured).map_err(|e| anyhow!("drawing {}: {e}", path.display()))
}

fn draw(
    path: &Path,
    title: &str,
    measured: &[Measurement],
) -> Result<(), Box<dyn std::error::Error>> {
    let root = SVGBackend::new(path, (760, 420)).into_drawing_area();
    root.fill(&WHITE)?;
    root.draw(&Text::new(title.to_owned(), (16, 14), sans(20)))?;
    let most =
        |of: fn(&Measurement) -> f64, least: f64| measured.iter().map(of).fold(least, f64::max);
    let hours = most(|m| m.hours, 0.01);
    let highest = most(|m| m.mean_average_precision.max(m.top_1), 0.1);
    let mut chart = ChartBuilder::on(&root)
        .margin(16)
        .margin_top(48)
        .x_label_area_size(44)
        .y_label_area_size(56)
        .build_cartesian_2d(0.0..hours * 1.03, 0.0..(highest * 1.15).min(1.0))?;
    chart
        .configure_mesh()
        .x_desc("hours of training")
        .label_style(sans(15))
        .axis_desc_style(sans(16))
        .axis_style(INK)
        .bold_line_style(GRID)
        .light_line_style(WHITE)
        .y_label_formatter(&|value| format!("{value:.2}"))
        .draw()?;
    type Value = fn(&Measurement) -> f64;
    let lines: [(&str, RGBColor, Value); 2] = [
        ("mAP against the teacher's labels", BLUE, |m| {
            m.mean_average_precision
        }),
        (
            "the teacher's first label, where it is sure",
            VERMILION,
            |m| m.top_1,
        ),
    ];
    for (name, colour, value) in lines {
        let points = measured.iter().map(|m| (m.hours, value(m)));
        let dots = if measured.len() > 12 { 0 } else { 3 };
        chart
            .draw_series(LineSeries::new(points, colour.stroke_width(2)).point_size(dots))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .margin(12)
        .legend_area_size(28)
        .label_font(sans(15))
        .background_style(WHITE)
        .border_style(GRID)
        .draw()?;
    root.present()?;
    Ok(())
}
